"""Place and lift holds: the gates that an operator sets, and what is looked at again because of them.

A gate is set and what is behind it is ordered to be looked through in one
transaction, which waits for all that are letting messages in at the moment.
So each message either was committed before, and is walked over, or met the gate.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from core.deadlines import LAST_LOOK, WALL, last_look
from core.errors import NotFound
from core.holds import Hold, HoldKind, HoldState
from core.outcomes import LedgerState
from core.scopes import Scope
from ledger import campaigning
from ledger.gathering import facts
from ledger.showing import instant
from store import due, holds, reach, reviews
from store.holds import HoldRow
from store.messages import MessageRow
from store.reach import Reached
from store.ways import Reach


@dataclass(frozen=True, slots=True)
class Gate:
    """What an operator wants to hold."""

    kind: HoldKind
    scope: Scope
    value: str
    """Which campaign, sender, recipient or profile; empty when all are meant."""
    reason: str
    expires_at: datetime | None
    """None is never."""
    by: str


@dataclass(frozen=True, slots=True)
class Placed:
    """A hold as it stands now."""

    row: HoldRow
    is_new: bool
    """False when one that says the same stood already: then it stands until the later of both times."""


def place(connection: sa.Connection, gate: Gate, *, now: datetime) -> Placed:
    """Set a gate, and order what it holds to be looked at: in panic everything, else what had its last look."""
    holds.change(connection)
    held = holds.same(connection, kind=gate.kind, scope=gate.scope, value=gate.value, reason=gate.reason, now=now)
    if held is None:
        hold = Hold(
            id=str(uuid.uuid4()),
            kind=gate.kind,
            scope=gate.scope,
            value=gate.value,
            reason=gate.reason,
            placed_at=now,
            placed_by=gate.by,
            expires_at=gate.expires_at,
        )
        holds.add(connection, hold)
    else:
        hold = replace(held.hold, expires_at=_later(held.hold.expires_at, gate.expires_at))
        holds.put_off(connection, hold.id, expires_at=hold.expires_at)
    _look_again(connection, hold, cause=hold.cause, now=now)
    return Placed(find(connection, hold.id), is_new=held is None)


def lift(connection: sa.Connection, hold_id: str, *, by: str, reason: str | None, now: datetime) -> HoldRow:
    """Lift a hold; lifting it once more changes nothing. Raises NotFound.

    What it has ordered to be cancelled, and nobody has asked Telnyx for yet, is taken back.
    """
    # The first of all locks, here as in ``place``: two that take them in another order wait for each other for ever.
    holds.change(connection)
    row = find(connection, hold_id)
    if holds.lift(connection, hold_id, by=by, reason=reason, now=now) and row.state(now) is HoldState.STANDING:
        _look_again(connection, row.hold, cause=f"{row.hold.cause}:lifted", now=now)
    return find(connection, hold_id)


def find(connection: sa.Connection, hold_id: str) -> HoldRow:
    """Return one hold; raises NotFound."""
    row = holds.find(connection, hold_id)
    if row is None:
        raise NotFound(f"no hold or panic {hold_id!r} is known; `rescind hold list --all` lists them")
    return row


def reach_of(connection: sa.Connection, scope: Scope, value: str) -> Reach:
    """Return what a scope reaches; for a campaign, all that is filed under any of its names."""
    if scope is not Scope.CAMPAIGN:
        return Reach(scope, value)
    keys, tcr_campaign_ids = campaigning.affected_by(connection, value)
    return Reach(scope, value, frozenset(keys), frozenset(tcr_campaign_ids))


def reached(connection: sa.Connection, scope: Scope, value: str, *, now: datetime) -> Reached:
    """Count the pending messages of a scope."""
    return reach.count(connection, reach_of(connection, scope, value), send_after=now + WALL)


def shown(connection: sa.Connection, row: HoldRow, *, now: datetime) -> dict[str, Any]:
    """Show a hold, with how many pending messages it holds at the moment."""
    hold, state = row.hold, row.state(now)
    stands = state is HoldState.STANDING
    return {
        "id": hold.id,
        "kind": hold.kind,
        "scope": hold.scope,
        "value": hold.value or None,
        "reason": hold.reason,
        "state": state,
        "pending": reached(connection, hold.scope, hold.value, now=now).pending if stands else 0,
        "placed_at": instant(hold.placed_at),
        "placed_by": hold.placed_by,
        "expires_at": instant(hold.expires_at),
        "lifted_at": instant(row.lifted_at),
        "lifted_by": row.lifted_by,
        "lift_reason": row.lift_reason,
    }


def over(connection: sa.Connection, row: MessageRow, *, now: datetime) -> list[dict[str, Any]]:
    """Show the gates that stand over a pending message at the moment, whenever it was decided on."""
    if row.ledger != LedgerState.PENDING or row.send_at is None:
        return []
    known = facts.gather(connection, [row], {}, now=now)[row.id]
    return [
        {
            "id": hold.id,
            "kind": hold.kind,
            "scope": hold.scope,
            "value": hold.value or None,
            "reason": hold.reason,
            "placed_at": instant(hold.placed_at),
            "expires_at": instant(hold.expires_at),
            "cancels_at": instant(last_look(row.send_at)) if hold.kind is HoldKind.HOLD else None,
        }
        for hold in known.holds
    ]


def _look_again(connection: sa.Connection, hold: Hold, *, cause: str, now: datetime) -> None:
    """Order messages to be decided on again; those that are merely held will be looked at before they go anyway.

    Of a crowd some may have had their last look earlier than usual, and some while this waited for its turn.
    """
    until = None
    if hold.kind is HoldKind.HOLD:
        usual = now + LAST_LOOK + WALL
        until = max(usual, due.latest_looked_at(connection) or usual)
    reviews.request(connection, hold.scope, hold.value, event_id=cause, known_at=now, until_send_at=until)


def _later(one: datetime | None, other: datetime | None) -> datetime | None:
    return None if one is None or other is None else max(one, other)
