"""The recipients, and what they said."""

from __future__ import annotations

from sqlalchemy import Column, Index, String, Table, Text

from store.columns import BigId, UtcDateTime, metadata

recipients = Table(
    "recipients",
    metadata,
    Column("phone_number", String(64), primary_key=True),
    Column("time_zone", String(64)),
    Column("region", String(2)),
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
    Column("tier", String(16)),
    Column("language", String(16)),
    Column("campaign_key", String(255)),
)
Index("ix_consents_campaign", consents.c.campaign_key, consents.c.effective_at)
Index("ix_consents_tier", consents.c.tier, consents.c.seq)
