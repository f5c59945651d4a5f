"""The SQL tables, for SQLite and PostgreSQL alike. Nothing outside ``store`` imports them."""

from __future__ import annotations

from store import trial_writes
from store.columns import metadata
from store.tables.campaigns import campaign_aliases, campaigns
from store.tables.cancelling import IS_BY_HOLD, IS_REQUESTED, cancellation_attempts, cancellations, decisions
from store.tables.consent import consents, recipients
from store.tables.doors import IS_IN_DOUBT, IS_OPEN, IS_WITHOUT_MESSAGE, REPLACES, intents
from store.tables.events import AWAITS_APPLYING, IS_NOT_APPLIED, applying_runs, inbox
from store.tables.gates import IS_NOT_LIFTED, holds
from store.tables.known import BY_VALUE, campaign_history, outcomes, signals
from store.tables.messages import (
    AWAITS_LAST_LOOK,
    BY_ID,
    BY_ORPHANED,
    HAD_LAST_LOOK,
    IS_CANCELLED,
    IS_INBOUND,
    IS_ORPHAN,
    IS_PENDING,
    IS_REGISTERED,
    message_recipients,
    messages,
    transitions,
)
from store.tables.proof import chain_links, rulebooks
from store.tables.recovery import handover_nonces, inquiries, reconciliations
from store.tables.reviews import IS_UNFINISHED, reviews, rules_followed

write_trials = trial_writes.table(metadata)

__all__ = [
    "AWAITS_APPLYING",
    "AWAITS_LAST_LOOK",
    "BY_ID",
    "BY_ORPHANED",
    "BY_VALUE",
    "HAD_LAST_LOOK",
    "IS_BY_HOLD",
    "IS_CANCELLED",
    "IS_INBOUND",
    "IS_IN_DOUBT",
    "IS_NOT_APPLIED",
    "IS_NOT_LIFTED",
    "IS_OPEN",
    "IS_ORPHAN",
    "IS_PENDING",
    "IS_REGISTERED",
    "IS_REQUESTED",
    "IS_UNFINISHED",
    "IS_WITHOUT_MESSAGE",
    "REPLACES",
    "applying_runs",
    "campaign_aliases",
    "campaign_history",
    "campaigns",
    "cancellation_attempts",
    "cancellations",
    "chain_links",
    "consents",
    "decisions",
    "handover_nonces",
    "holds",
    "inbox",
    "inquiries",
    "intents",
    "message_recipients",
    "messages",
    "metadata",
    "outcomes",
    "recipients",
    "reconciliations",
    "reviews",
    "rulebooks",
    "rules_followed",
    "signals",
    "transitions",
    "write_trials",
]
