"""Accepted events, and who is applying them."""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    Index,
    Integer,
    LargeBinary,
    SmallInteger,
    String,
    Table,
    Text,
    literal_column,
    text,
    true,
)

from store.columns import BigId, UtcDateTime, metadata, only

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

applying_runs = Table(
    "applying_runs",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("seqs", JSON, nullable=False),
    Column("started_at", UtcDateTime, nullable=False),
)
