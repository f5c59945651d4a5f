"""State is a join: the events of a history, in another order and some of them twice, come out as the same rows."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING, Any

from core.reports import NoticeReport
from ledger.absorbing import Heard, absorb
from schemas import envelope, reading
from store import tables
from store.engine import Database
from tests.simulation.looking import look, rows
from tests.simulation.processes import RULES

if TYPE_CHECKING:
    from tests.simulation.world import World

_AT_ONCE = 4
#: By these ways nothing but events tells of a message.
_TOLD_BY_EVENTS = {"registration", "message.sent", "message.finalized", "message.received"}


def comes_out_the_same(world: World) -> None:
    eyes = world.stores.of["eyes"]
    applied = [row for row in rows(eyes, tables.inbox) if row["status"] == "applied" and row["raw"]]
    heard = [_heard(row) for row in applied]
    heard = [each for each in heard if not isinstance(each.report, NoticeReport)]
    chance = Random(len(heard))
    twice = heard + chance.sample(heard, len(heard) // 2)
    chance.shuffle(twice)
    with world.stores.empty() as other:
        for start in range(0, len(twice), _AT_ONCE):
            with other.begin() as connection:
                absorb(connection, twice[start : start + _AT_ONCE], RULES, now=world.clock.ours())
        assert _words(other) == _words(eyes)
        told, others = _told(world), look(other).heights
        for place, height in look(eyes).heights.items():
            if told[place[0]] <= _TOLD_BY_EVENTS and place in others:
                assert others[place] == height, place


def _heard(row: dict[str, Any]) -> Heard:
    report = reading.report(envelope.read(row["raw"]), received_at=row["received_at"])
    return Heard(report, row["received_at"], source=row["source"])


def _words(database: Database) -> list[tuple[Any, ...]]:
    """What events told of consent."""
    found = rows(database, tables.consents)
    named = ("event_id", "phone_number", "kind", "effective_at", "messaging_profile_id", "source")
    said = [
        tuple(row[name] for name in named) for row in found if not row["event_id"].startswith(("opt-out:", "telnyx_"))
    ]
    return sorted(said)


def _told(world: World) -> dict[str, set[str]]:
    told: dict[str, set[str]] = {}
    for row in rows(world.stores.of["eyes"], tables.transitions):
        told.setdefault(row["message_id"], set()).add(row["source"])
    return told
