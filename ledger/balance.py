"""The ledger's sums: every registered message is pending, cancelled, released or a breach."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date as Date  # noqa: N812 - named as a type
from datetime import datetime
from typing import Any, TypeVar

import sqlalchemy as sa

from core.holds import HoldKind
from core.outcomes import LedgerState
from ledger import forecasting, holding, unanswered
from ledger.forecasting import Prospect
from store import holds, sums
from store.sums import ALL, Narrowed, Stands

_Name = TypeVar("_Name", str | None, Date)


@dataclass(frozen=True, slots=True)
class Balance:
    """How many messages were registered, and where they stand; the four add up to the first."""

    registered: int
    pending: int
    cancelled: int
    released: int
    breach: int
    breach_causes: dict[str, int]


@dataclass(frozen=True, slots=True)
class Beside:
    """What stands beside the sums, and is no part of them."""

    in_doubt: int
    """Requests to send of which nobody knows whether Telnyx has made a message that is still to be sent."""
    orphans: int
    """Messages that were sent on schedule without having come in through any door."""
    held: int
    """Pending messages that an operator holds."""
    cancelling: int
    """Pending messages whose cancellation is under way."""


def balance(connection: sa.Connection, narrowed: Narrowed = ALL) -> Balance:
    """Return the sums, from one query: all are of the same moment."""
    return _balance(sums.stands(connection, narrowed))


def by_campaign(
    connection: sa.Connection, narrowed: Narrowed, *, limit: int, after: str | None = None
) -> list[tuple[str | None, Balance]]:
    """Return the sums of campaigns, by key; None is the name of those messages that belong to none."""
    return _balances(sums.by_campaign(connection, narrowed, limit=limit, after=after))


def by_day(
    connection: sa.Connection, narrowed: Narrowed, *, limit: int, after: Date | None = None
) -> list[tuple[Date, Balance]]:
    """Return the sums of the days (UTC) on which messages are to be sent, the latest first."""
    return _balances(sums.by_day(connection, narrowed, limit=limit, after=after))


def beside(connection: sa.Connection, *, now: datetime) -> Beside:
    """Return what stands beside the sums."""
    gates = {(hold.scope, hold.value) for hold in holds.standing(connection, now=now) if hold.kind is HoldKind.HOLD}
    reaches = [holding.reach_of(connection, scope, value) for scope, value in gates]
    return Beside(
        in_doubt=unanswered.count(connection, now=now),
        orphans=sums.orphans(connection),
        held=sums.held(connection, reaches),
        cancelling=sums.cancelling(connection),
    )


def shown(connection: sa.Connection, prospect: Prospect, *, now: datetime) -> dict[str, Any]:
    """Show the whole ledger: the sums, what stands beside them, and whether what waits will be in time."""
    return {
        **asdict(balance(connection)),
        **asdict(beside(connection, now=now)),
        "forecast": forecasting.shown(prospect.forecast(now)),
    }


def shown_of(connection: sa.Connection, narrowed: Narrowed, *, now: datetime) -> dict[str, Any]:
    """Show the sums of some, with the requests in doubt that are among them if their messages exist."""
    return {
        **asdict(balance(connection, narrowed)),
        "in_doubt": unanswered.count(connection, narrowed, now=now),
    }


def _balances(found: Mapping[_Name, Stands]) -> list[tuple[_Name, Balance]]:
    return [(name, _balance(stands)) for name, stands in found.items()]


def _balance(stands: Stands) -> Balance:
    by_state: Counter[str] = Counter()
    for (ledger, _), number in stands.items():
        by_state[ledger] += number
    return Balance(
        registered=by_state.total(),
        pending=by_state[LedgerState.PENDING],
        cancelled=by_state[LedgerState.CANCELLED],
        released=by_state[LedgerState.RELEASED],
        breach=by_state[LedgerState.BREACH],
        breach_causes={cause: number for (_, cause), number in stands.items() if cause is not None},
    )
