"""What policies look at besides messages and consent: how messages ended, and what was signalled."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Index, Integer, String, Table, Text

from store.columns import Amount, BigId, UtcDateTime, metadata

#: One row for each recipient of a message that ended, as its merged reports tell.
outcomes = Table(
    "outcomes",
    metadata,
    Column("message_id", String(36), primary_key=True),
    Column("phone_number", String(64), primary_key=True),
    Column("from_number", String(64)),
    Column("messaging_profile_id", String(64)),
    Column("campaign_key", String(255)),
    Column("ending", String(16), nullable=False),
    Column("code", String(16)),
    Column("title", Text),
    Column("at", UtcDateTime, nullable=False),
    Column("event_id", String(255), nullable=False),
    Column("parts", Integer),
    Column("amount", Amount),
    Column("currency", String(8)),
    Column("recorded_at", UtcDateTime, nullable=False),
    sqlite_with_rowid=False,
)
Index("ix_outcomes_phone_number", outcomes.c.phone_number, outcomes.c.ending, outcomes.c.at)
Index("ix_outcomes_from_number", outcomes.c.from_number, outcomes.c.ending, outcomes.c.at)
# Holds all that is counted of a campaign.
Index("ix_outcomes_campaign", outcomes.c.campaign_key, outcomes.c.at, outcomes.c.ending, outcomes.c.code)
Index("ix_outcomes_at", outcomes.c.at, outcomes.c.ending)

signals = Table(
    "signals",
    metadata,
    Column("seq", BigId, primary_key=True, autoincrement=True),
    Column("id", String(255), nullable=False, unique=True),
    Column("kind", String(16), nullable=False),
    Column("value", String(255), nullable=False),
    Column("phone_number", String(64)),
    Column("revision", BigInteger),
    Column("at", UtcDateTime, nullable=False),
    Column("received_at", UtcDateTime, nullable=False),
)
Index("ix_signals_phone_number", signals.c.phone_number, signals.c.at)
Index("ix_signals_value", signals.c.kind, signals.c.value, signals.c.at)
# SQLite keeps no statistics, and would walk along all that speaks of nobody in particular.
BY_VALUE = "INDEXED BY ix_signals_value"

campaign_history = Table(
    "campaign_history",
    metadata,
    Column("seq", BigId, primary_key=True, autoincrement=True),
    Column("key", String(255), nullable=False),
    Column("changed_at", UtcDateTime, nullable=False),
    Column("status", String(16), nullable=False),
    Column("status_event_id", String(255)),
    Column("ends_at", UtcDateTime),
    Column("tcr_campaign_id", String(64)),
    Column("telnyx_campaign_id", String(64)),
    Column("carrier_state", String(16)),
    Column("carrier_stamp", String(512)),
    Column("carrier_event_id", String(255)),
    Column("time_zone", String(64)),
)
Index("ix_campaign_history_key", campaign_history.c.key, campaign_history.c.changed_at)
