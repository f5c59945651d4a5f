"""Decisions, and the carrying out of those to cancel."""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    Index,
    Integer,
    SmallInteger,
    String,
    Table,
    Text,
    false,
    literal_column,
    text,
)

from store.columns import BigId, UtcDateTime, metadata, only

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
    Column("rules", String(16)),
)
IS_BY_HOLD = decisions.c.policy == literal_column("'hold'")
Index("ix_decisions_by_hold", decisions.c.event_id, decisions.c.message_id, **only(IS_BY_HOLD))

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
# SQLite asks each row again for what the index is limited to: without that in it, counting reads every row.
Index(
    "ix_cancellations_requested",
    cancellations.c.send_at,
    cancellations.c.priority,
    cancellations.c.message_id,
    cancellations.c.state,
    **only(IS_REQUESTED),
)
Index("ix_cancellations_next_attempt_at", cancellations.c.next_attempt_at, cancellations.c.state, **only(IS_REQUESTED))

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
Index("ix_cancellation_attempts_started_at", cancellation_attempts.c.started_at)
