"""The SQL tables, for SQLite and PostgreSQL alike. Nothing outside ``store`` imports this module."""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    SmallInteger,
    String,
    Table,
    Text,
    false,
    literal_column,
    text,
    true,
)

from store import trial_writes
from store.columns import NAMING, BigId, UtcDateTime, only

metadata = MetaData(naming_convention=NAMING)

inbox = Table(
    "inbox",
    metadata,
    Column("seq", BigId, primary_key=True, autoincrement=True),
    Column("event_id", String(255), nullable=False, unique=True),
    Column("event_type", String(255), nullable=False),
    Column("occurred_at", UtcDateTime),
    Column("received_at", UtcDateTime, nullable=False),
    Column("source", String(32), nullable=False),
    Column("status", String(16), nullable=False),
    Column("reason", Text),
    Column("priority", SmallInteger, nullable=False),
    Column("raw", LargeBinary),
    Column("signature", String(255)),
    Column("signature_timestamp", String(32)),
    Column("digest", String(64), nullable=False),
    Column("attempt", Integer),
    Column("delivered_to", Text),
    Column("deliveries", Integer, nullable=False, server_default=text("1")),
    Column("tries", Integer, nullable=False, server_default=text("0")),
    Column("retry_at", UtcDateTime),
    Column("applied_at", UtcDateTime),
    Column("crashes", SmallInteger, nullable=False, server_default=text("0")),
    Column("acts", Boolean, nullable=False, server_default=true()),
    Column("replayed_at", UtcDateTime),
    Column("replayed_by", String(32)),
)
AWAITS_APPLYING = inbox.c.status == literal_column("'pending'")
IS_NOT_APPLIED = inbox.c.status != literal_column("'applied'")
Index("ix_inbox_pending", inbox.c.priority, inbox.c.seq, **only(AWAITS_APPLYING))
Index("ix_inbox_not_applied", inbox.c.status, inbox.c.seq, **only(IS_NOT_APPLIED))

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
    Column("fields", JSON, nullable=False),
)
IS_PENDING = messages.c.ledger == literal_column("'pending'")
Index("ix_messages_ledger", messages.c.ledger, **only(messages.c.ledger.is_not(None)))
Index("ix_messages_pending_send_at", messages.c.send_at, **only(IS_PENDING))
Index("ix_messages_pending_review_at", messages.c.review_at, **only(IS_PENDING))
Index("ix_messages_pending_campaign", messages.c.campaign_key, messages.c.seq, **only(IS_PENDING))
Index("ix_messages_pending_tcr", messages.c.tcr_campaign_id, messages.c.seq, **only(IS_PENDING))

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

recipients = Table(
    "recipients",
    metadata,
    Column("phone_number", String(64), primary_key=True),
    sqlite_with_rowid=False,
)

consents = Table(
    "consents",
    metadata,
    Column("seq", BigId, primary_key=True, autoincrement=True),
    Column("event_id", String(255), nullable=False, unique=True),
    Column("phone_number", String(64), nullable=False, index=True),
    Column("messaging_profile_id", String(64)),
    Column("kind", String(16), nullable=False),
    Column("occurred_at", UtcDateTime, nullable=False),
    Column("effective_at", UtcDateTime, nullable=False),
    Column("source", String(16), nullable=False),
    Column("evidence", Text),
    Column("received_at", UtcDateTime, nullable=False),
)

campaigns = Table(
    "campaigns",
    metadata,
    Column("key", String(255), primary_key=True),
    Column("status", String(16), nullable=False),
    Column("status_event_id", String(255)),
    Column("ends_at", UtcDateTime),
    Column("tcr_campaign_id", String(64), index=True),
    Column("telnyx_campaign_id", String(64), index=True),
    Column("carrier_state", String(16)),
    Column("carrier_stamp", String(512)),
    Column("carrier_event_id", String(255)),
    sqlite_with_rowid=False,
)

campaign_aliases = Table(
    "campaign_aliases",
    metadata,
    Column("telnyx_campaign_id", String(64), primary_key=True),
    Column("tcr_campaign_id", String(64), primary_key=True),
    Column("told_by", String(255), primary_key=True),
    sqlite_with_rowid=False,
)

campaign_reviews = Table(
    "campaign_reviews",
    metadata,
    Column("seq", BigId, primary_key=True, autoincrement=True),
    Column("campaign_key", String(255), nullable=False),
    Column("event_id", String(255)),
    Column("requested_at", UtcDateTime, nullable=False),
    Column("after_seq", BigInteger, nullable=False, server_default=text("0")),
    Column("done_at", UtcDateTime),
    Column("acts", Boolean, nullable=False, server_default=true()),
)
IS_UNFINISHED = campaign_reviews.c.done_at.is_(None)
Index("ix_campaign_reviews_due", campaign_reviews.c.seq, **only(IS_UNFINISHED))

rules_followed = Table(
    "rules_followed",
    metadata,
    Column("fingerprint", String(64), primary_key=True),
    Column("followed_at", UtcDateTime, nullable=False),
    sqlite_with_rowid=False,
)

decisions = Table(
    "decisions",
    metadata,
    Column("seq", BigId, primary_key=True, autoincrement=True),
    Column("message_id", String(36), nullable=False, index=True),
    Column("decided_at", UtcDateTime, nullable=False),
    Column("trigger", String(32), nullable=False),
    Column("verdict", String(16), nullable=False),
    Column("policy", String(64)),
    Column("mode", String(16), nullable=False),
    Column("reason", Text, nullable=False),
    Column("facts", JSON, nullable=False),
    Column("verdicts", JSON, nullable=False),
    Column("event_id", String(255)),
)

cancellations = Table(
    "cancellations",
    metadata,
    Column("message_id", String(36), primary_key=True),
    Column("policy", String(64), nullable=False),
    Column("reason", Text, nullable=False),
    Column("priority", SmallInteger, nullable=False),
    Column("send_at", UtcDateTime, nullable=False),
    Column("registered_at", UtcDateTime, nullable=False),
    Column("state", String(16), nullable=False),
    Column("outcome", String(64)),
    Column("requested_at", UtcDateTime, nullable=False),
    Column("known_at", UtcDateTime, nullable=False),
    Column("lapsed", Boolean, nullable=False, server_default=false()),
    Column("needs", String(8), nullable=False),
    Column("next_attempt_at", UtcDateTime, nullable=False),
    Column("lease_token", String(36)),
    Column("attempts", Integer, nullable=False, server_default=text("0")),
    Column("refusals", Integer, nullable=False, server_default=text("0")),
    Column("settled_at", UtcDateTime),
    sqlite_with_rowid=False,
)
IS_REQUESTED = cancellations.c.state == literal_column("'requested'")
Index(
    "ix_cancellations_requested",
    cancellations.c.send_at,
    cancellations.c.priority,
    cancellations.c.message_id,
    **only(IS_REQUESTED),
)
Index("ix_cancellations_next_attempt_at", cancellations.c.next_attempt_at, **only(IS_REQUESTED))

cancellation_attempts = Table(
    "cancellation_attempts",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("message_id", String(36), nullable=False, index=True),
    Column("action", String(16), nullable=False),
    Column("started_at", UtcDateTime, nullable=False),
    Column("finished_at", UtcDateTime),
    Column("http_status", Integer),
    Column("answer", Text),
    Column("outcome", String(64)),
)

applying_runs = Table(
    "applying_runs",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("seqs", JSON, nullable=False),
    Column("started_at", UtcDateTime, nullable=False),
)

handover_nonces = Table(
    "handover_nonces",
    metadata,
    Column("nonce", String(64), primary_key=True),
    Column("used_at", UtcDateTime, nullable=False, index=True),
)

reconciliations = Table(
    "reconciliations",
    metadata,
    Column("seq", BigId, primary_key=True, autoincrement=True),
    Column("running", Boolean, unique=True),  # true or NULL: so there is one at a time
    Column("started_at", UtcDateTime, nullable=False),
    Column("alive_at", UtcDateTime, nullable=False),
    Column("finished_at", UtcDateTime),
    Column("since", UtcDateTime),
    Column("counts", JSON),
    Column("reached", JSON),
    Column("error", Text),
)

inquiries = Table(
    "inquiries",
    metadata,
    Column("message_id", String(36), primary_key=True),
    Column("due_at", UtcDateTime, nullable=False),
    Column("next_at", UtcDateTime, nullable=False, index=True),
    Column("asks", SmallInteger, nullable=False, server_default=text("0")),
    Column("outcome", String(64)),
)

write_trials = trial_writes.table(metadata)
