"""After a day without the primary: all that the failover has spooled is handed over, and Telnyx's answers stay fast."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice

from schemas import envelope
from store.inbox import NewEvent
from store.spool import Spool
from tests import telnyx_signing
from tests.faults import book, checks, events, spooled
from tests.faults.book import Book, Entry
from tests.faults.events import Errand, Kind
from tests.faults.figures import Failed, Figure, timing, told
from tests.faults.loads import RunningLoad
from tests.faults.phases import Phase, together
from tests.faults.world import Setting, World, running

_AWAY = timedelta(hours=24)
_RATE, _P99_MS = 500.0, 250.0
_MEANWHILE = 50.0
_AT_ONCE = 500
#: One event in so many is a text, which must not wait behind the news of messages that arrived.
_TEXT_EVERY = 100
_FIRST_PERSON = 500_000
_LONGEST = 900.0
_ROOM = 10**10


def run(setting: Setting) -> list[Figure]:
    """Fill the spool as a day's outage does, let the failover hand over, and load the primary meanwhile."""
    count = int(setting.scaled("events", short=5_000, full=100_000))
    with running(setting) as world:
        world.fleet.take_down("failover")
        before = _fill(world, count)
        with RunningLoad(world.load("meanwhile", rate=_MEANWHILE, failover_port=None)) as load:
            time.sleep(1)
            world.fleet.bring_up("failover", wait=False)
            # From the first that is handed over: how long a process takes to start is no part of the rate.
            _seconds_until(lambda: spooled.waiting(world.spool) < count, time.time())
            began_at = time.time()
            texts_took = _seconds_until(lambda: not spooled.is_waiting(world.spool, priority=0), began_at)
            took = _seconds_until(lambda: not spooled.is_waiting(world.spool), began_at)
            seen = tuple(attempt for attempt in load.stop() if attempt.kind != Kind.FORGED and attempt.at >= began_at)
        meanwhile = Phase(
            "meanwhile", seen, load.given_up, load.late_ms, book.read(load.load.book), began_at, began_at + took
        )
        return [
            told("events spooled", count),
            timing("handed over a second", count / took, at_least=_RATE),
            told("seconds until the texts were handed over", texts_took),
            told("seconds until all was handed over", took),
            timing("primary meanwhile: p99 ms", meanwhile.latency().p99, at_most=_P99_MS),
            told("primary meanwhile: slowest ms", meanwhile.latency().most),
            told("primary meanwhile: client late ms", meanwhile.late_ms),
            timing("primary meanwhile: answers but 200", meanwhile.refused(), at_most=0),
            *checks.everything(world, together([meanwhile.book, before])),
        ]


def _fill(world: World, count: int) -> Book:
    """Put events into the spool as the failover's receiver does, and return what their sender was promised."""
    chance = random.Random(f"spooled {world.setting.seed}")
    promised: dict[Entry, dict[str, str]] = {entry: {} for entry in Entry}
    spool = Spool(world.spool, max_events=_ROOM, max_bytes=_ROOM)
    spool.open()
    errands = _errands(chance, count)
    while part := list(islice(errands, _AT_ONCE)):
        with spool.database.begin() as connection:
            spool.accept(connection, [_accepted(errand, chance) for errand in part])
        promised[Entry.ACKED] |= {errand.id: errand.phone_number for errand in part}
    spool.dispose()
    return Book(promised)


def _errands(chance: random.Random, count: int) -> Iterator[Errand]:
    for number in range(count):
        is_text = number % _TEXT_EVERY == 0
        sender = events.number_of(_FIRST_PERSON + number)
        yield events.inbound(chance, sender, stops_it=True) if is_text else events.finalized(chance)


def _accepted(errand: Errand, chance: random.Random) -> NewEvent:
    """Return an event as it was received some time during the outage."""
    received_at = datetime.now(UTC) - _AWAY * chance.random()
    raw = telnyx_signing.raw({"data": errand.body, "meta": {"attempt": 4, "delivered_to": "https://b.example.com/"}})
    headers = telnyx_signing.headers(raw, received_at)
    return NewEvent(
        **envelope.told(raw),
        received_at=received_at,
        source="failover",
        raw=raw,
        signature=headers["telnyx-signature-ed25519"],
        signature_timestamp=headers["telnyx-timestamp"],
    )


def _seconds_until(condition: Callable[[], bool], began_at: float) -> float:
    while not condition():
        if time.time() - began_at > _LONGEST:
            raise Failed(f"not all was handed over in {_LONGEST:g} s")
        time.sleep(0.1)
    return time.time() - began_at
