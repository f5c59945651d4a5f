"""How messages ended, for each of their recipients."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import sqlalchemy as sa

from core.facts import Ending, Outcome
from store import upserting
from store.tables import outcomes

#: More failures in a row than that tell nothing new.
MOST = 50
#: How many of those that ended around some time show how all fared then.
_SAMPLE = 1_000
_AROUND = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class OutcomeRow:
    """How one message ended for one recipient, and what it came to."""

    message_id: str
    phone_number: str
    from_number: str | None
    messaging_profile_id: str | None
    campaign_key: str | None
    ending: Ending
    code: str | None
    title: str | None
    at: datetime
    event_id: str
    parts: int | None
    amount: Decimal | None
    currency: str | None
    recorded_at: datetime


@dataclass(frozen=True, slots=True)
class PastOutcome:
    """How one message ended for one recipient, and since when that was known."""

    outcome: Outcome
    recorded_at: datetime


@dataclass(frozen=True, slots=True)
class Fared:
    """How messages to and from everybody ended around some time."""

    ended: int
    failed: int


_NUMBERS: sa.BindParameter[str] = sa.bindparam("numbers", expanding=True)
_SINCE = sa.bindparam("since", type_=outcomes.c.at.type)
_UNTIL = sa.bindparam("until", type_=outcomes.c.at.type)
_FACTS = [outcomes.c[name] for name in Outcome.__slots__ if name in outcomes.c]
_delivered = outcomes.alias("delivered")
_LAST_DELIVERY = (
    sa.select(sa.func.max(_delivered.c.at))
    .where(_delivered.c.phone_number == outcomes.c.phone_number, _delivered.c.ending == Ending.DELIVERED)
    .scalar_subquery()
)
#: Made once: to make a statement takes longer than to run it.
_FAILED = (
    sa.select(*_FACTS)
    .where(
        outcomes.c.phone_number.in_(_NUMBERS),
        outcomes.c.ending == Ending.FAILED,
        outcomes.c.at > _SINCE,
        outcomes.c.at > sa.func.coalesce(_LAST_DELIVERY, _SINCE),
    )
    .order_by(outcomes.c.at, outcomes.c.event_id)
)
_EVER_FAILED = (
    sa.select(outcomes.c.phone_number)
    .where(outcomes.c.phone_number.in_(_NUMBERS), outcomes.c.ending == Ending.FAILED, outcomes.c.at > _SINCE)
    .distinct()
)
_LAST_FROM = (
    sa.select(sa.func.max(_delivered.c.at))
    .where(_delivered.c.from_number == sa.bindparam("from_number"), _delivered.c.ending == Ending.DELIVERED)
    .scalar_subquery()
)
_REFUSED = (
    sa.select(*_FACTS)
    .where(
        outcomes.c.from_number == sa.bindparam("from_number"),
        outcomes.c.ending == Ending.FAILED,
        outcomes.c.at > _SINCE,
        outcomes.c.at > sa.func.coalesce(_LAST_FROM, _SINCE),
        outcomes.c.code.in_(sa.bindparam("codes", expanding=True)),
    )
    .order_by(outcomes.c.at.desc(), outcomes.c.event_id.desc())
    .limit(MOST)
)
_ENDED_TO = (
    sa.select(*_FACTS, outcomes.c.recorded_at)
    .where(
        outcomes.c.phone_number.in_(_NUMBERS),
        outcomes.c.ending.in_([Ending.FAILED, Ending.DELIVERED]),
        outcomes.c.at > _SINCE,
    )
    .order_by(outcomes.c.at, outcomes.c.event_id)
)
_REFUSED_FROM = (
    sa.select(*_FACTS, outcomes.c.recorded_at)
    .where(
        outcomes.c.from_number == sa.bindparam("from_number"),
        outcomes.c.ending == Ending.FAILED,
        outcomes.c.at > _SINCE,
        outcomes.c.code.in_(sa.bindparam("codes", expanding=True)),
    )
    .order_by(outcomes.c.at, outcomes.c.event_id)
)
_DELIVERED_FROM = (
    sa.select(outcomes.c.at)
    .where(
        outcomes.c.from_number == sa.bindparam("from_number"),
        outcomes.c.ending == Ending.DELIVERED,
        outcomes.c.at <= sa.bindparam("known_by", type_=outcomes.c.at.type),
        outcomes.c.recorded_at <= sa.bindparam("known_by", type_=outcomes.c.at.type),
    )
    .order_by(outcomes.c.at.desc())
    .limit(1)
)
_sample = (
    sa.select(outcomes.c.ending)
    .where(outcomes.c.at > _SINCE, outcomes.c.at <= _UNTIL)
    .order_by(outcomes.c.at.desc())
    .limit(_SAMPLE)
    .subquery()
)
_FARED = sa.select(sa.func.count(), sa.func.count(sa.case((_sample.c.ending == Ending.FAILED, 1)))).select_from(_sample)


def upsert(connection: sa.Connection, rows: Sequence[OutcomeRow]) -> None:
    """Write how messages that are held under lock ended."""
    upserting.upsert(
        connection,
        outcomes,
        ["message_id", "phone_number"],
        [{name: getattr(row, name) for name in OutcomeRow.__slots__} for row in rows],
    )


def failures_to(connection: sa.Connection, phone_numbers: Collection[str], *, since: datetime) -> list[Outcome]:
    """Return what failed to these numbers since each was last delivered to, and since the time given, oldest first."""
    found: list[Outcome] = []
    for part in upserting.parts(sorted(phone_numbers)):
        found += map(_outcome, connection.execute(_FAILED, {"numbers": part, "since": since}))
    return found


def failed_to(connection: sa.Connection, phone_numbers: Collection[str], *, since: datetime) -> set[str]:
    """Return those of the numbers to which something has failed since."""
    found: set[str] = set()
    for part in upserting.parts(sorted(phone_numbers)):
        found |= set(connection.scalars(_EVER_FAILED, {"numbers": part, "since": since}))
    return found


def failures_from(
    connection: sa.Connection, from_number: str, codes: Collection[str], *, since: datetime
) -> tuple[Outcome, ...]:
    """Return what failed from one sender with one of these codes since it last had something delivered, oldest first.

    Nothing from before the time given, and no more than the latest fifty.
    """
    told = {"from_number": from_number, "codes": sorted(codes), "since": since}
    return tuple(map(_outcome, connection.execute(_REFUSED, told)))[::-1]


def ended_to(connection: sa.Connection, phone_numbers: Collection[str], *, since: datetime) -> list[PastOutcome]:
    """Return what failed to these numbers and what was delivered since then, oldest first."""
    found: list[PastOutcome] = []
    for part in upserting.parts(sorted(phone_numbers)):
        found += map(_past, connection.execute(_ENDED_TO, {"numbers": part, "since": since}))
    return found


def refused_from(
    connection: sa.Connection, from_number: str, codes: Collection[str], *, since: datetime
) -> list[PastOutcome]:
    """Return what failed from one sender with one of these codes since then, whatever was delivered, oldest first."""
    told = {"from_number": from_number, "codes": sorted(codes), "since": since}
    return [_past(row) for row in connection.execute(_REFUSED_FROM, told)]


def last_delivery_from(connection: sa.Connection, from_number: str, *, known_by: datetime) -> datetime | None:
    """Return when the last message of one sender was delivered, of those that were known to be by then; or None."""
    return connection.scalar(_DELIVERED_FROM, {"from_number": from_number, "known_by": known_by})


def fared(connection: sa.Connection, until: datetime) -> Fared:
    """Return how the latest of all messages ended in the hour up to a time."""
    ended, failed = connection.execute(_FARED, {"since": until - _AROUND, "until": until}).one()
    return Fared(ended, failed)


def _past(row: Any) -> PastOutcome:  # noqa: ANN401 - a row has no type of its own
    told = row._asdict()
    recorded_at = told.pop("recorded_at")
    return PastOutcome(Outcome(**{**told, "ending": Ending(row.ending)}), recorded_at)


def _outcome(row: Any) -> Outcome:  # noqa: ANN401 - a row has no type of its own
    return Outcome(**{**row._asdict(), "ending": Ending(row.ending)})
