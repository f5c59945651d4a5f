"""What messages cost: those of a day, those of the last days for each country, and the place of those that wait."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

import sqlalchemy as sa

from store.columns import Amount
from store.tables import IS_PENDING, messages, outcomes

#: Prices change seldom, so the latest messages tell them.
_LATEST = 2_000
#: The characters of a number that its country's calling code lies in.
_PREFIX = 4
#: Of so many messages at once the places are asked for.
_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class Spent:
    """What the messages of one profile cost that ended within some time."""

    messaging_profile_id: str | None
    currency: str | None
    amount: Decimal


@dataclass(frozen=True, slots=True)
class Paid:
    """What was paid of late for messages to numbers that begin alike."""

    prefix: str
    currency: str | None
    messages: int
    amount: Decimal
    parts: int
    """Of how many parts those were of which that is known."""
    amount_of_parts: Decimal
    """What those cost."""


_SINCE, _UNTIL = sa.bindparam("since", type_=outcomes.c.at.type), sa.bindparam("until", type_=outcomes.c.at.type)
_earlier = outcomes.alias("earlier")
#: What a message cost stands with each of its recipients, and counts with the first of them.
_IS_FIRST = ~(
    sa.select(sa.literal(1))
    .where(_earlier.c.message_id == outcomes.c.message_id, _earlier.c.phone_number < outcomes.c.phone_number)
    .exists()
)
_SPENT = (
    sa.select(outcomes.c.messaging_profile_id, outcomes.c.currency, sa.func.sum(outcomes.c.amount))
    .where(outcomes.c.at >= _SINCE, outcomes.c.at < _UNTIL, outcomes.c.amount.is_not(None), _IS_FIRST)
    .group_by(outcomes.c.messaging_profile_id, outcomes.c.currency)
    .with_hint(outcomes, "INDEXED BY ix_outcomes_at", "sqlite")
)
_latest = (
    sa.select(*(outcomes.c[name] for name in ("message_id", "phone_number", "parts", "amount", "currency")))
    .where(outcomes.c.at >= _SINCE)
    .order_by(outcomes.c.at.desc())
    .limit(_LATEST)
    .with_hint(outcomes, "INDEXED BY ix_outcomes_at", "sqlite")
    .subquery()
)
_share = (
    sa.select(
        sa.func.substr(_latest.c.phone_number, 1, _PREFIX).label("prefix"),
        _latest.c.currency,
        _latest.c.parts,
        sa.type_coerce(
            sa.type_coerce(_latest.c.amount, sa.BigInteger())
            // sa.func.count().over(partition_by=_latest.c.message_id),
            Amount(),
        ).label("amount"),
    )
    .where(_latest.c.amount.is_not(None))
    .subquery()
)
_PAID = sa.select(
    _share.c.prefix,
    _share.c.currency,
    sa.func.count(),
    sa.func.sum(_share.c.amount),
    sa.func.coalesce(sa.func.sum(_share.c.parts), 0),
    sa.func.coalesce(sa.func.sum(sa.case((_share.c.parts > 0, _share.c.amount))), 0),
).group_by(_share.c.prefix, _share.c.currency)


def spent(connection: sa.Connection, *, since: datetime, until: datetime) -> list[Spent]:
    """Return what the messages cost that ended from then until before then, by profile and currency.

    It reads all of them: ask for it once for many.
    """
    return [Spent(*row) for row in connection.execute(_SPENT, {"since": since, "until": until})]


def paid(connection: sa.Connection, *, since: datetime) -> list[Paid]:
    """Return what the latest messages cost, at most two thousand, if they ended since then."""
    return [Paid(*row) for row in connection.execute(_PAID, {"since": since})]


def before(
    connection: sa.Connection, seqs: Collection[int], *, since: datetime, until: datetime, profile: str | None
) -> dict[int, int]:
    """Return, for each of these pending messages, how many are to be sent before it, from ``since`` on.

    Those of one profile are counted, or of all. It walks along all that are to be sent by ``until``.
    """
    number = (sa.func.row_number().over(order_by=[messages.c.send_at, messages.c.seq]) - 1).label("before")
    placed = _between(since, until, profile, messages.c.seq, number).subquery()
    wanted = sorted(seqs)
    found: dict[int, int] = {}
    for start in range(0, len(wanted), _AT_ONCE):
        query = sa.select(placed.c.seq, placed.c.before).where(placed.c.seq.in_(wanted[start : start + _AT_ONCE]))
        found |= {row.seq: row.before for row in connection.execute(query)}
    return found


def waiting(connection: sa.Connection, *, since: datetime, until: datetime, profile: str | None) -> int:
    """Return how many pending messages are to be sent in a time, both ends included: of one profile, or all."""
    number: int = connection.execute(_between(since, until, profile, sa.func.count())).scalar_one()
    return number


def _between(since: datetime, until: datetime, profile: str | None, *columns: sa.ColumnElement[Any]) -> sa.Select[Any]:
    query = sa.select(*columns).where(IS_PENDING, messages.c.send_at >= since, messages.c.send_at <= until)
    if profile is None:
        return query.with_hint(messages, "INDEXED BY ix_messages_pending_send_at", "sqlite")
    mine = query.where(messages.c.messaging_profile_id == profile)
    return mine.with_hint(messages, "INDEXED BY ix_messages_pending_profile", "sqlite")
