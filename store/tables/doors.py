"""What was asked of Telnyx through us: written down before the request leaves, so that a lost answer leaves a trace."""

from __future__ import annotations

from sqlalchemy import JSON, Column, Index, Integer, String, Table, Text, and_, literal_column

from store.columns import UtcDateTime, metadata, only

intents = Table(
    "intents",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("door", String(16), nullable=False),
    Column("path", String(255), nullable=False),
    Column("created_at", UtcDateTime, nullable=False, index=True),
    Column("phone_number", String(64)),
    Column("recipients", JSON, nullable=False),
    Column("from_number", String(64)),
    Column("messaging_profile_id", String(64)),
    Column("campaign_key", String(255)),
    Column("message_class", String(32)),
    Column("tags", JSON),
    Column("send_at", UtcDateTime),
    Column("text_digest", String(64)),
    Column("replaces", String(36)),
    Column("state", String(16), nullable=False),
    Column("policy", String(64)),
    Column("reason", Text),
    Column("verdicts", JSON),
    Column("http_status", Integer),
    Column("message_id", String(36), index=True),
    Column("settled_at", UtcDateTime),
    Column("fingerprint", String(64)),
    Column("body_digest", String(64)),
    sqlite_with_rowid=False,
)
#: Whether Telnyx holds the message is not known: the answer was lost, or whoever asked has died.
IS_IN_DOUBT = intents.c.state.in_([literal_column("'open'"), literal_column("'unknown'")])
IS_OPEN = intents.c.state == literal_column("'open'")
Index("ix_intents_open", intents.c.created_at, intents.c.id, **only(IS_OPEN))
Index("ix_intents_in_doubt", intents.c.phone_number, **only(IS_IN_DOUBT))
#: Refused by us, declined by Telnyx, or the answer was lost.
IS_WITHOUT_MESSAGE = intents.c.state.in_(
    [literal_column("'refused'"), literal_column("'declined'"), literal_column("'unknown'")]
)
Index("ix_intents_without_message", intents.c.phone_number, intents.c.created_at, **only(IS_WITHOUT_MESSAGE))
Index("ix_intents_replaces", intents.c.replaces, **only(intents.c.replaces.is_not(None)))
#: A message that was cancelled is replaced once at most.
REPLACES = and_(
    intents.c.replaces.is_not(None),
    intents.c.state != literal_column("'refused'"),
    intents.c.state != literal_column("'declined'"),
)
Index("uq_intents_replaces", intents.c.replaces, unique=True, **only(REPLACES))
