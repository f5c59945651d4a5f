"""Campaigns, their names, and the reviews that a change calls for."""

from __future__ import annotations

from sqlalchemy import Column, String, Table

from store.columns import UtcDateTime, metadata

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
    Column("time_zone", String(64)),
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
