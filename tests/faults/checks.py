"""What must hold once everything is up again and has come to rest, read from the databases themselves."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from core.errors import StoreUnavailable
from core.inbox import InboxStatus
from core.outcomes import CancellationState, LedgerState
from ledger.balance import balance
from store import tables
from store.engine import Database
from tests.faults import spooled
from tests.faults.book import Book, Entry
from tests.faults.figures import Failed, Figure, safety, told
from tests.faults.world import World

_REST_SECONDS = 180.0
_CANCELLED = "cancelled"


def everything(world: World, promised: Book) -> list[Figure]:
    """Look for what is lost, wait until the program has come to rest, and compare all it holds with the book."""
    before = durable(world, promised)
    took = come_to_rest(world)
    return [
        before,
        told("seconds until everything was done", took),
        *at_rest(world),
        *once(world),
        *forged(world, promised),
        *told_truly(world, promised),
    ]


def durable(world: World, promised: Book) -> Figure:
    """What was answered 200 is in the inbox or in the spool."""
    kept = _inbox_ids(world.database) | spooled.event_ids(world.spool)
    lost = promised.ids(Entry.ACKED) - kept
    return safety("acknowledged and lost", len(lost), at_most=0)


def come_to_rest(world: World, *, seconds: float = _REST_SECONDS) -> float:
    """Wait until nothing is pending anywhere and return how long that took. Raises Failed when it never is."""
    started_at = time.monotonic()
    left: dict[str, int] = {}
    while time.monotonic() - started_at < seconds:
        try:
            left = pending(world)
        except StoreUnavailable:
            left = {"the database is away": 1}
        if not any(left.values()):
            return time.monotonic() - started_at
        time.sleep(0.2)
    raise Failed(f"after {seconds:g} s there is still something to do: {left}")


def pending(world: World) -> dict[str, int]:
    """Count what is still to be done."""
    inbox, cancellations = tables.inbox, tables.cancellations
    with world.database.read() as connection:
        found = {
            "events": _count(connection, inbox, inbox.c.status == InboxStatus.PENDING),
            "cancellations": _count(connection, cancellations, cancellations.c.state == CancellationState.REQUESTED),
            "reviews": _count(connection, tables.reviews, tables.IS_UNFINISHED),
        }
    return found | {"spooled events": spooled.waiting(world.spool)}


def at_rest(world: World) -> list[Figure]:
    """Every event has come to an end, and none of them to a bad one."""
    with world.database.read() as connection:
        status = tables.inbox.c.status
        counted: dict[str, int] = dict(
            iter(connection.execute(sa.select(status, sa.func.count()).group_by(status)).tuples())
        )
    dead = sum(counted.get(each, 0) for each in (InboxStatus.PARKED, InboxStatus.INVALID, InboxStatus.CONFLICT))
    return [
        told("inbox", ", ".join(f"{count:,} {name}" for name, count in sorted(counted.items()))),
        safety("dead letters", dead, at_most=0),
        safety("spooled events parked", spooled.parked(world.spool), at_most=0),
    ]


def once(world: World) -> list[Figure]:
    """No event took effect twice, and no message was cancelled twice."""
    inbox, transitions, decisions = tables.inbox, tables.transitions, tables.decisions
    doubled = {
        "events stored twice": _more_than_once(inbox, inbox.c.event_id),
        "statuses recorded twice": _more_than_once(
            transitions, transitions.c.source_id, where=transitions.c.source.like("message.%")
        ),
        "opt-outs recorded twice": _more_than_once(tables.consents, tables.consents.c.event_id),
        "decisions made twice": _more_than_once(
            decisions,
            decisions.c.message_id,
            decisions.c.event_id,
            # A registration that is repeated decides again, and may name the same opt-out as its reason.
            where=decisions.c.trigger == "consent",
        ),
        "messages cancelled twice": _more_than_once(
            transitions, transitions.c.message_id, transitions.c.phone_number, where=transitions.c.status == _CANCELLED
        ),
    }
    with world.database.read() as connection:
        figures = [safety(name, len(connection.execute(query).all()), at_most=0) for name, query in doubled.items()]
    twice_there = sum(
        sum(each["status"] == _CANCELLED for each in message["history"]) > 1 for message in world.telnyx.messages()
    )
    return [*figures, safety("cancelled twice at Telnyx", twice_there, at_most=0)]


def forged(world: World, promised: Book) -> list[Figure]:
    """What nobody signed left nothing behind and was never answered with a 2xx."""
    kept = _inbox_ids(world.database) | spooled.event_ids(world.spool)
    left = promised.ids(Entry.FORGED) & kept
    return [
        told("forged requests", len(promised.ids(Entry.FORGED))),
        safety("forged and answered 2xx", len(promised.ids(Entry.FORGED_ACKED)), at_most=0),
        safety("forged and stored", len(left), at_most=0),
    ]


@dataclass(frozen=True, slots=True)
class _Sides:
    """Who is cancelled here, and who at Telnyx."""

    here: dict[str, str | None]
    there: dict[str, str]


def told_truly(world: World, promised: Book) -> list[Figure]:
    """The book, the program and Telnyx agree on every message: registered, cancelled, or still scheduled."""
    sides = _sides(world)
    cancelled_here = {of for of, ledger in sides.here.items() if ledger == LedgerState.CANCELLED}
    cancelled_there = {of for of, status in sides.there.items() if status == _CANCELLED}
    registered = promised.of[Entry.REGISTERED]
    opted_out = promised.phone_numbers(Entry.STOP_ACKED)
    may_be_out = promised.phone_numbers(Entry.STOP_TRIED)
    unwanted = {of for of, number in registered.items() if number in opted_out}
    wanted = {of for of, number in promised.of[Entry.SCHEDULED].items() if number not in may_be_out}
    breaches = sum(ledger == LedgerState.BREACH for ledger in sides.here.values())
    return [
        told("messages registered", len(registered)),
        safety("registered and lost", len(registered.keys() - sides.here.keys()), at_most=0),
        told("messages cancelled", len(cancelled_there)),
        safety("opted out and not cancelled", len(unwanted - cancelled_there), at_most=0),
        safety("cancelled without a reason", len(wanted & (cancelled_there | cancelled_here)), at_most=0),
        safety("cancelled here, not at Telnyx", len(cancelled_here - cancelled_there), at_most=0),
        safety("cancelled at Telnyx, not here", len(cancelled_there - cancelled_here), at_most=0),
        safety("breaches", breaches, at_most=0),
        _adds_up(world),
    ]


def statuses_of(database: Database, event_ids: Collection[str]) -> Counter[str]:
    """Count these events by where they stand; one that is not there is ``missing``."""
    with database.read() as connection:
        query = sa.select(tables.inbox.c.event_id, tables.inbox.c.status)
        held = dict(iter(connection.execute(query.where(tables.inbox.c.event_id.in_(event_ids))).tuples()))
    return Counter(held.get(each, "missing") for each in event_ids)


def _inbox_ids(database: Database) -> set[str]:
    with database.read() as connection:
        return set(connection.scalars(sa.select(tables.inbox.c.event_id)))


def _adds_up(world: World) -> Figure:
    """Whatever was registered stands in exactly one of the ledger's states."""
    messages = tables.messages
    with world.database.read() as connection:
        sums = balance(connection)
        registered = _count(connection, messages, messages.c.registered_at.is_not(None))
    stand = sums.pending + sums.cancelled + sums.released + sums.breach
    return safety("registered and in no state of the ledger", abs(registered - stand), at_most=0)


def _sides(world: World) -> _Sides:
    messages = tables.messages
    with world.database.read() as connection:
        query = sa.select(messages.c.id, messages.c.ledger).where(messages.c.registered_at.is_not(None))
        here = dict(iter(connection.execute(query).tuples()))
    return _Sides(here, {each["id"]: each["to"][0]["status"] for each in world.telnyx.messages()})


def _count(connection: sa.Connection, table: sa.Table, where: sa.ColumnElement[bool]) -> int:
    return connection.scalar(sa.select(sa.func.count()).select_from(table).where(where)) or 0


def _more_than_once(
    table: sa.Table, *columns: sa.ColumnElement[Any], where: sa.ColumnElement[bool] | None = None
) -> sa.Select[Any]:
    query = sa.select(*columns).select_from(table).group_by(*columns).having(sa.func.count() > 1)
    return query if where is None else query.where(where)
