"""The ledger's sums: how many registered messages stand where, all in all, by campaign and by day."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, time
from datetime import date as Date  # noqa: N812 - named as a type
from typing import Any

import sqlalchemy as sa

from core.outcomes import BreachCause, LedgerState
from store.tables import BY_ORPHANED, IS_ORPHAN, IS_REGISTERED, IS_REQUESTED, cancellations, messages
from store.ways import Reach, within

#: Where messages stand, and the cause of a breach: a group has so many counts at most.
_STANDS = len(LedgerState) + len(BreachCause)
_STAND = (messages.c.ledger, messages.c.breach_cause)
_HINT = "INDEXED BY ix_messages_sums"

#: How many stand where: by state and cause.
Stands = Counter[tuple[str, str | None]]


@dataclass(frozen=True, slots=True)
class Narrowed:
    """What is counted: what is of one campaign, and what is to be sent on some days (UTC)."""

    campaign: str | None = None
    since: Date | None = None
    until: Date | None = None
    """The last of the days."""

    def conditions(self, table: sa.Table = messages) -> list[sa.ColumnElement[bool]]:
        """Return what is true of it: of messages, or of requests to send them."""
        found: list[sa.ColumnElement[bool]] = []
        if self.campaign is not None:
            found.append(table.c.campaign_key == self.campaign)
        if self.since is not None:
            found.append(table.c.send_at >= _begin(self.since))
        if self.until is not None:
            # Of the last day that there is, no other begins after it.
            found.append(table.c.send_at <= datetime.combine(self.until, time.max, UTC))
        return found


ALL = Narrowed()


def stands(connection: sa.Connection, narrowed: Narrowed = ALL) -> Stands:
    """Return how many messages stand where: by one query, so all are of the same moment."""
    query = (
        sa.select(*_STAND, sa.func.count())
        .where(IS_REGISTERED, *narrowed.conditions())
        .group_by(*_STAND)
        .with_hint(messages, _HINT, "sqlite")
    )
    return Counter({(ledger, cause): number for ledger, cause, number in connection.execute(query)})


def by_campaign(
    connection: sa.Connection, narrowed: Narrowed, *, limit: int, after: str | None
) -> dict[str | None, Stands]:
    """Return the sums of the next campaigns after one, by key; messages without a campaign come before all others."""
    key = messages.c.campaign_key
    found: dict[str | None, Stands] = {}
    if after is None:
        found |= _grouped(connection, narrowed, key, [key.is_(None)], limit=1)
    beyond = key > after if after is not None else key.is_not(None)
    return found | _grouped(connection, narrowed, key, [beyond], limit=limit - len(found))


def by_day(connection: sa.Connection, narrowed: Narrowed, *, limit: int, after: Date | None) -> dict[Date, Stands]:
    """Return the sums of the next days (UTC) before one, the latest first."""
    day = _day_of(connection)
    beyond = [messages.c.send_at < _begin(after)] if after is not None else []
    found = _grouped(connection, narrowed, day, beyond, limit=limit, is_descending=True)
    return {_read_day(told): counts for told, counts in found.items()}


def _grouped(
    connection: sa.Connection,
    narrowed: Narrowed,
    by: sa.ColumnElement[Any],
    beyond: Iterable[sa.ColumnElement[bool]],
    *,
    limit: int,
    is_descending: bool = False,
) -> dict[Any, Stands]:
    query = (
        sa.select(by, *_STAND, sa.func.count())
        .where(IS_REGISTERED, *narrowed.conditions(), *beyond)
        .group_by(by, *_STAND)
        .order_by(by.desc() if is_descending else by)
        .limit(limit * _STANDS)
        .with_hint(messages, _HINT, "sqlite")
    )
    found: dict[Any, Stands] = {}
    for name, ledger, cause, number in connection.execute(query):
        if name not in found and len(found) == limit:
            break
        found.setdefault(name, Counter())[ledger, cause] = number
    return found


def held(connection: sa.Connection, reaches: Collection[Reach]) -> int:
    """Return how many pending messages are within any of these."""
    if not reaches:
        return 0
    return int(connection.scalar(sa.select(sa.func.count()).select_from(within(reaches, messages.c.id))) or 0)


def cancelling(connection: sa.Connection) -> int:
    """Return how many cancellations are under way."""
    return int(connection.scalar(sa.select(sa.func.count()).select_from(cancellations).where(IS_REQUESTED)) or 0)


def orphans(connection: sa.Connection) -> int:
    """Return how many messages were sent on schedule without having come in through any door."""
    query = sa.select(sa.func.count()).select_from(messages).where(IS_ORPHAN)
    return int(connection.scalar(query.with_hint(messages, BY_ORPHANED, "sqlite")) or 0)


def _begin(day: Date) -> datetime:
    return datetime.combine(day, time(tzinfo=UTC))


def _day_of(connection: sa.Connection) -> sa.ColumnElement[Any]:
    if connection.dialect.name == "sqlite":
        # Written out and not bound: an expression with parameters cannot be grouped by.
        return sa.func.substr(messages.c.send_at, sa.literal_column("1"), sa.literal_column("10"), type_=sa.String())
    return sa.func.date_trunc(sa.literal_column("'day'"), messages.c.send_at, type_=sa.DateTime(timezone=True))


def _read_day(told: datetime | str) -> Date:
    return told.astimezone(UTC).date() if isinstance(told, datetime) else Date.fromisoformat(told)
