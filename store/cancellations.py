"""Cancellations that were decided on, and who is carrying them out; their requests are in ``store.attempts``.

A row is asked for again from ``next_attempt_at`` on. Claiming one moves that
moment to the end of the lease, so that what a dead worker held comes up by
itself; the lease's token keeps a worker that slept through it from recording.
"""

from __future__ import annotations

import uuid
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from core.cancelling import Action, Again, Asked, Settle, action
from core.outcomes import CancellationState
from store import attempts, upserting
from store.attempts import Begun
from store.tables import IS_REQUESTED, cancellations

#: So many due are better taken in the order of an index than sorted.
_MANY = 1000


@dataclass(frozen=True, slots=True)
class NewCancellation:
    """A decision to cancel one scheduled message."""

    message_id: str
    policy: str
    reason: str
    priority: int
    """At equal times of sending the lower number goes first."""
    send_at: datetime
    registered_at: datetime
    requested_at: datetime
    known_at: datetime
    """When the reason reached us."""


@dataclass(frozen=True, slots=True)
class Cancellation:
    """One cancellation as held."""

    message_id: str
    policy: str
    reason: str
    priority: int
    send_at: datetime
    registered_at: datetime
    state: str
    outcome: str | None
    requested_at: datetime
    known_at: datetime
    lapsed: bool
    """The reason is gone, but Telnyx was asked already: all that is left to do is to look what came of it."""
    needs: str
    next_attempt_at: datetime
    lease_token: str | None
    attempts: int
    refusals: int
    settled_at: datetime | None


@dataclass(frozen=True, slots=True)
class Claimed:
    """A cancellation leased to a worker, with the request it is to make."""

    message_id: str
    attempt_id: str
    token: str
    policy: str
    asked: Asked


_COLUMNS = [cancellations.c[name] for name in Cancellation.__slots__]
_NEXT_DUE_AT = (
    sa.select(cancellations.c.next_attempt_at).where(IS_REQUESTED).order_by(cancellations.c.next_attempt_at).limit(1)
)
#: Of most messages that are decided on, nobody has asked for a cancellation.
_REQUESTED = sa.select(cancellations.c.message_id).where(
    cancellations.c.message_id.in_(sa.bindparam("ids", expanding=True)), IS_REQUESTED
)


def request(connection: sa.Connection, rows: Sequence[NewCancellation]) -> None:
    """Order cancellations; one that is under way goes on under its first reason, one that is confirmed stays.

    One that had lapsed is begun anew under the new reason. Whoever is asking what came of it loses the lease: by the
    answer an order would be dropped that nobody wants any more, and this one is wanted.
    """
    if not rows:
        return
    statement = upserting.insert(connection, cancellations)
    values = [
        {name: getattr(row, name) for name in NewCancellation.__slots__}
        | {"state": CancellationState.REQUESTED, "needs": Action.DELETE, "next_attempt_at": row.requested_at}
        for row in sorted(rows, key=lambda row: row.message_id)
    ]
    anew = {name: statement.excluded[name] for name in values[0] if name != "message_id"}
    afresh = {"outcome": None, "lease_token": None, "lapsed": False, "refusals": 0, "settled_at": None}
    # What was asked on behalf of an order that lapsed may have been done: that is still to be looked into.
    asked = {"attempts": sa.case((IS_REQUESTED, cancellations.c.attempts), else_=0)}
    is_over = sa.and_(
        sa.or_(sa.not_(IS_REQUESTED), cancellations.c.lapsed), cancellations.c.state != CancellationState.CONFIRMED
    )
    again = anew | afresh | asked
    connection.execute(
        statement.on_conflict_do_update(index_elements=["message_id"], set_=again, where=is_over), values
    )
    more_urgent = sa.case(
        (cancellations.c.priority > sa.bindparam("urgency"), sa.bindparam("urgency")), else_=cancellations.c.priority
    )
    connection.execute(
        sa.update(cancellations)
        .where(cancellations.c.message_id == sa.bindparam("of"), IS_REQUESTED)
        .values(send_at=sa.bindparam("due"), priority=more_urgent),
        [{"of": row["message_id"], "due": row["send_at"], "urgency": row["priority"]} for row in values],
    )


def standing(connection: sa.Connection, message_ids: Collection[str]) -> set[str]:
    """Return of which of these messages a cancellation is pursued, or confirmed; one that lapsed is not pursued."""
    found: set[str] = set()
    pursued = sa.and_(IS_REQUESTED, cancellations.c.lapsed.is_(sa.false()))
    stands = sa.or_(pursued, cancellations.c.state == CancellationState.CONFIRMED)
    for part in upserting.parts(sorted(message_ids)):
        of_these = sa.select(cancellations.c.message_id).where(cancellations.c.message_id.in_(part))
        found |= set(connection.scalars(of_these.where(stands)))
    return found


def withdraw(connection: sa.Connection, message_ids: Collection[str], *, now: datetime) -> list[str]:
    """Take back cancellations for which nothing was asked of Telnyx yet; return whose those were.

    Where something was asked, it may have been done. Such a one lapses: nothing
    more is asked but how the message stands.
    """
    withdrawn: list[str] = []
    asked_for: list[str] = []
    for part in upserting.parts(sorted(message_ids)):
        asked_for += connection.scalars(_REQUESTED, {"ids": part})
    for part in upserting.parts(sorted(asked_for)):
        under_way = sa.update(cancellations).where(cancellations.c.message_id.in_(part), IS_REQUESTED)
        withdrawn += connection.scalars(
            under_way.where(cancellations.c.attempts == 0)
            .values(state=CancellationState.WITHDRAWN, settled_at=now)
            .returning(cancellations.c.message_id)
        )
        in_doubt = under_way.where(cancellations.c.attempts > 0)
        connection.execute(in_doubt.values(lapsed=True))
        connection.execute(in_doubt.where(cancellations.c.lease_token.is_(None)).values(next_attempt_at=now))
    return sorted(withdrawn)


def claim(connection: sa.Connection, *, now: datetime, limit: int, lease: timedelta, token: str) -> list[Claimed]:
    """Lease the next cancellations that are due: earliest time of sending first, then by priority.

    Each comes with an attempt that is written down before its request leaves.
    What another worker is claiming at the moment is passed over.
    """
    query = (
        sa.select(*_COLUMNS)
        .where(IS_REQUESTED, cancellations.c.next_attempt_at <= now)
        .order_by(cancellations.c.send_at, cancellations.c.priority, cancellations.c.message_id)
        .limit(limit)
        .with_for_update(skip_locked=True)
        .with_hint(cancellations, _sqlite_plan(connection, now), "sqlite")
    )
    rows = [Cancellation(*row) for row in connection.execute(query)]
    if not rows:
        return []
    claimed = [_claimed(row, now=now, token=token) for row in rows]
    connection.execute(
        sa.update(cancellations)
        .where(cancellations.c.message_id.in_([row.message_id for row in rows]))
        .values(lease_token=token, next_attempt_at=now + lease, attempts=cancellations.c.attempts + 1)
    )
    attempts.begin(
        connection,
        [Begun(each.attempt_id, each.message_id, each.asked.action, started_at=now) for each in claimed],
    )
    return claimed


def _sqlite_plan(connection: sa.Connection, now: datetime) -> str:
    """Return which index SQLite is to use, which keeps no statistics to find out by itself.

    Few that are due are sorted; of many, the first are found in their order.
    """
    few = connection.dialect.name == "sqlite" and due_count(connection, now=now, limit=_MANY) < _MANY
    return "INDEXED BY " + ("ix_cancellations_next_attempt_at" if few else "ix_cancellations_requested")


def _claimed(row: Cancellation, *, now: datetime, token: str) -> Claimed:
    asked = Asked(
        action=Action.GET
        if row.lapsed
        else action(Action(row.needs), attempts=row.attempts, send_at=row.send_at, now=now),
        send_at=row.send_at,
        registered_at=row.registered_at,
        attempts=row.attempts + 1,
        refusals=row.refusals,
        lapsed=row.lapsed,
    )
    return Claimed(row.message_id, str(uuid.uuid4()), token, row.policy, asked)


def hold(connection: sa.Connection, tokens: Mapping[str, str | None]) -> dict[str, Cancellation]:
    """Lock and return those of the cancellations that are under way under the token given; None is any."""
    held: dict[str, Cancellation] = {}
    for part in upserting.parts(sorted(tokens)):
        query = (
            sa.select(*_COLUMNS)
            .where(cancellations.c.message_id.in_(part), IS_REQUESTED)
            .order_by(cancellations.c.message_id)
            .with_for_update()
        )
        rows = [Cancellation(*row) for row in connection.execute(query)]
        held |= {row.message_id: row for row in rows if tokens[row.message_id] in (None, row.lease_token)}
    return held


def reschedule(connection: sa.Connection, held: Mapping[str, Cancellation], nexts: Mapping[str, Again]) -> None:
    """Give back leases on cancellations held under lock, saying when each is to be asked for again."""
    due = sorted(held.keys() & nexts.keys())
    if due:
        connection.execute(
            sa.update(cancellations)
            .where(cancellations.c.message_id == sa.bindparam("of"))
            .values(
                needs=sa.bindparam("then"),
                next_attempt_at=sa.bindparam("at"),
                refusals=cancellations.c.refusals + sa.bindparam("refused", type_=sa.Integer),
                lease_token=None,
            ),
            [{"of": of, "then": nexts[of].needs, "at": nexts[of].at, "refused": int(nexts[of].refused)} for of in due],
        )


def settle(connection: sa.Connection, ends: Mapping[str, Settle], *, now: datetime) -> None:
    """Write how cancellations held under lock have ended."""
    if ends:
        connection.execute(
            sa.update(cancellations)
            .where(cancellations.c.message_id == sa.bindparam("of"))
            .values(
                state=sa.bindparam("ended"),
                outcome=sa.bindparam("how"),
                settled_at=sa.bindparam("at"),
                lease_token=None,
            ),
            [{"of": of, "ended": ends[of].state, "how": ends[of].outcome, "at": now} for of in sorted(ends)],
        )


def hasten(connection: sa.Connection, *, now: datetime) -> None:
    """Make everything that waits for a retry due now: Telnyx is back, and the earliest deadline goes first."""
    waiting = (
        sa.select(cancellations.c.message_id)
        .where(IS_REQUESTED, cancellations.c.next_attempt_at > now, cancellations.c.lease_token.is_(None))
        .with_for_update(skip_locked=True)
    )
    connection.execute(
        sa.update(cancellations).where(cancellations.c.message_id.in_(waiting)).values(next_attempt_at=now)
    )


def due_count(connection: sa.Connection, *, now: datetime, limit: int) -> int:
    """Return how many cancellations are to be asked for now, counting no further than ``limit``."""
    return int(connection.scalar(_due_count(now, limit)) or 0)


def due(connection: sa.Connection, *, now: datetime, limit: int) -> tuple[int, datetime | None]:
    """Return ``due_count`` and ``next_due_at``, by one query: it is asked again and again."""
    count, next_at = connection.execute(
        sa.select(_due_count(now, limit).scalar_subquery(), _NEXT_DUE_AT.scalar_subquery())
    ).one()
    return int(count), next_at


def next_due_at(connection: sa.Connection) -> datetime | None:
    """Return when the next cancellation is to be asked for, which may be past; None when none is under way."""
    return connection.scalar(_NEXT_DUE_AT)


def _due_count(now: datetime, limit: int) -> sa.Select[*tuple[Any, ...]]:
    found = sa.select(sa.literal(1)).where(IS_REQUESTED, cancellations.c.next_attempt_at <= now).limit(limit)
    return sa.select(sa.func.count()).select_from(found.subquery())


def of(connection: sa.Connection, message_id: str) -> Cancellation | None:
    """Return the cancellation of one message, or None."""
    row = connection.execute(sa.select(*_COLUMNS).where(cancellations.c.message_id == message_id)).first()
    return Cancellation(*row) if row else None
