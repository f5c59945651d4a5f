"""Messages, their recipients, and every status they went through."""

from __future__ import annotations

from sqlalchemy import JSON, Column, Index, String, Table, and_, literal_column

from store.columns import BigId, UtcDateTime, metadata, only

messages = Table(
    "messages",
    metadata,
    Column("seq", BigId, primary_key=True, autoincrement=True),
    Column("id", String(36), nullable=False, unique=True),
    Column("direction", String(16), nullable=False),
    Column("from_number", String(64)),
    Column("messaging_profile_id", String(64)),
    Column("campaign_key", String(255)),
    Column("tcr_campaign_id", String(64)),
    Column("message_class", String(32)),
    Column("tags", JSON),
    Column("send_at", UtcDateTime),
    Column("scheduled_at", UtcDateTime),
    Column("registered_at", UtcDateTime),
    Column("door", String(16)),
    Column("ledger", String(16)),
    Column("breach_cause", String(32)),
    Column("closed_at", UtcDateTime),
    Column("review_at", UtcDateTime),
    Column("last_look_at", UtcDateTime),
    Column("orphaned_at", UtcDateTime),
    Column("fields", JSON, nullable=False),
    Column("fingerprint", String(64)),
)
IS_PENDING = messages.c.ledger == literal_column("'pending'")
Index("ix_messages_ledger", messages.c.ledger, **only(messages.c.ledger.is_not(None)))
Index("ix_messages_pending_send_at", messages.c.send_at, messages.c.seq, **only(IS_PENDING))
Index("ix_messages_pending_review_at", messages.c.review_at, **only(IS_PENDING))
Index("ix_messages_pending_campaign", messages.c.campaign_key, messages.c.send_at, messages.c.seq, **only(IS_PENDING))
Index("ix_messages_pending_tcr", messages.c.tcr_campaign_id, messages.c.send_at, messages.c.seq, **only(IS_PENDING))
Index("ix_messages_pending_sender", messages.c.from_number, messages.c.send_at, messages.c.seq, **only(IS_PENDING))
Index(
    "ix_messages_pending_profile",
    messages.c.messaging_profile_id,
    messages.c.send_at,
    messages.c.seq,
    **only(IS_PENDING),
)
#: Holds all that the ledger's sums are made of, so that counting a million reads no message.
IS_REGISTERED = messages.c.ledger.is_not(None)
Index(
    "ix_messages_sums",
    messages.c.campaign_key,
    messages.c.send_at,
    messages.c.ledger,
    messages.c.breach_cause,
    **only(IS_REGISTERED),
)
AWAITS_LAST_LOOK = and_(IS_PENDING, messages.c.last_look_at.is_(None))
Index(
    "ix_messages_awaiting_last_look",
    messages.c.send_at,
    messages.c.ledger,
    messages.c.last_look_at,
    **only(AWAITS_LAST_LOOK),
)
HAD_LAST_LOOK = and_(IS_PENDING, messages.c.last_look_at.is_not(None))
Index("ix_messages_had_last_look", messages.c.send_at, **only(HAD_LAST_LOOK))
IS_CANCELLED = messages.c.ledger == literal_column("'cancelled'")
Index(
    "ix_messages_cancelled_tcr",
    messages.c.tcr_campaign_id,
    **only(and_(IS_CANCELLED, messages.c.tcr_campaign_id.is_not(None))),
)
IS_INBOUND = messages.c.direction == literal_column("'inbound'")
Index("ix_messages_inbound", messages.c.from_number, messages.c.seq, **only(IS_INBOUND))
IS_ORPHAN = messages.c.orphaned_at.is_not(None)
Index("ix_messages_orphaned", messages.c.seq, messages.c.orphaned_at, **only(IS_ORPHAN))

# SQLite keeps no statistics, and is told the index where it would walk along all that is pending.
BY_ORPHANED = "INDEXED BY ix_messages_orphaned"
#: By the name that SQLite itself gives to what keeps an id unique.
BY_ID = "INDEXED BY sqlite_autoindex_messages_1"

message_recipients = Table(
    "message_recipients",
    metadata,
    Column("message_id", String(36), primary_key=True),
    Column("phone_number", String(64), primary_key=True),
    Column("status", String(64), nullable=False),
    Column("stamp", String(512), nullable=False),
    Column("fields", JSON, nullable=False),
    sqlite_with_rowid=False,
)
Index("ix_message_recipients_phone_number", message_recipients.c.phone_number)

transitions = Table(
    "transitions",
    metadata,
    Column("message_id", String(36), primary_key=True),
    Column("phone_number", String(64), primary_key=True),
    Column("source_id", String(255), primary_key=True),
    Column("source", String(64), nullable=False),
    Column("status", String(64), nullable=False),
    Column("stamp", String(512), nullable=False),
    Column("occurred_at", UtcDateTime, nullable=False),
    Column("recorded_at", UtcDateTime, nullable=False),
    sqlite_with_rowid=False,
)
