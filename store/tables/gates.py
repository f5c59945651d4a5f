"""Holds: what an operator stops, how far, why, and until when."""

from __future__ import annotations

from sqlalchemy import Column, Index, String, Table, Text

from store.columns import BigId, UtcDateTime, metadata, only

holds = Table(
    "holds",
    metadata,
    Column("seq", BigId, primary_key=True, autoincrement=True),
    Column("id", String(36), nullable=False, unique=True),
    Column("kind", String(16), nullable=False),
    Column("scope", String(16), nullable=False),
    Column("value", String(255), nullable=False),
    Column("reason", Text, nullable=False),
    Column("placed_at", UtcDateTime, nullable=False),
    Column("placed_by", String(64), nullable=False),
    Column("expires_at", UtcDateTime),
    Column("lifted_at", UtcDateTime),
    Column("lifted_by", String(64)),
    Column("lift_reason", Text),
)
IS_NOT_LIFTED = holds.c.lifted_at.is_(None)
Index("ix_holds_standing", holds.c.scope, holds.c.value, **only(IS_NOT_LIFTED))
