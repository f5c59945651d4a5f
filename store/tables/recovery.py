"""What hand-over and reconciling remember."""

from __future__ import annotations

from sqlalchemy import JSON, Boolean, Column, SmallInteger, String, Table, Text, text

from store.columns import BigId, UtcDateTime, metadata

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
