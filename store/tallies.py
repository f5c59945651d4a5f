"""How many messages of some campaigns ended, and how, and how many of their recipients left, by the minute."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from core.consent import ConsentKind
from core.facts import Ending
from store import figures, upserting
from store.tables import consents, outcomes

_NAMES: sa.BindParameter[str] = sa.bindparam("names", expanding=True)


@dataclass(frozen=True, slots=True)
class Counted:
    """What is known of one campaign's messages in one minute, for each recipient of each."""

    campaign_key: str
    at: datetime
    ended: int = 0
    failed: int = 0
    spam: int = 0
    opted_out: int = 0


def ended(
    connection: sa.Connection, campaign_keys: Collection[str], *, spam: Collection[str], since: datetime
) -> Iterator[Counted]:
    """Yield what ended of these campaigns since then; ``spam`` are the codes that count as such."""
    minute = figures.minute_of(connection, outcomes.c.at)
    failed = outcomes.c.ending == sa.literal_column(f"'{Ending.FAILED}'")
    query = (
        sa.select(
            outcomes.c.campaign_key,
            minute,
            sa.func.count(),
            sa.func.count().filter(failed),
            sa.func.count().filter(outcomes.c.code.in_(spam)),
        )
        .where(outcomes.c.campaign_key.in_(_NAMES), outcomes.c.at >= since)
        .group_by(outcomes.c.campaign_key, minute)
    )
    for key, began, *counts in _each(connection, query, campaign_keys):
        yield Counted(key, began, *counts)


def opted_out(connection: sa.Connection, campaign_keys: Collection[str], *, since: datetime) -> Iterator[Counted]:
    """Yield who left these campaigns since then; each recipient once, at the first of their words."""
    first = (
        sa.select(consents.c.campaign_key, sa.func.min(consents.c.effective_at).label("at"))
        .where(
            consents.c.campaign_key.in_(_NAMES),
            consents.c.kind == sa.literal_column(f"'{ConsentKind.OPT_OUT}'"),
            consents.c.effective_at >= since,
        )
        .group_by(consents.c.campaign_key, consents.c.phone_number)
        .subquery()
    )
    minute = figures.minute_of(connection, first.c.at)
    query = sa.select(first.c.campaign_key, minute, sa.func.count()).group_by(first.c.campaign_key, minute)
    for key, began, number in _each(connection, query, campaign_keys):
        yield Counted(key, began, opted_out=number)


def lately_ended(connection: sa.Connection, *, since: datetime) -> list[str]:
    """Return the campaigns of which something has ended since then."""
    query = (
        sa.select(outcomes.c.campaign_key)
        .where(outcomes.c.at >= since, outcomes.c.campaign_key.is_not(None))
        .distinct()
        .with_hint(outcomes, "INDEXED BY ix_outcomes_at", "sqlite")
    )
    return sorted(key for key in connection.scalars(query) if key)


def _each(
    connection: sa.Connection, query: sa.Select[Any], campaign_keys: Collection[str]
) -> Iterator[tuple[Any, ...]]:
    for part in upserting.parts(sorted(campaign_keys)):
        for key, minute, *counts in connection.execute(query, {"names": part}):
            yield key, figures.read_minute(minute), *counts
