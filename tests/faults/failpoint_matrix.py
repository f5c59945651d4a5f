"""Every failpoint, killed and raised at, on the way of an opt-out, a status and a registration: 114 runs.

For each place and fault the process that reaches it is started armed, everything is sent, the strike is seen, the
process is started again unarmed, and the sender tries again as Telnyx does; for one opt-out and one status it never
tries again. What came of each is looked at in the end, when everything has come to rest.
"""

from __future__ import annotations

import json
import time
from dataclasses import dataclass

from core.failpoints import Fault
from tests.faults import calls, checks, deliveries
from tests.faults.book import Book, Entry
from tests.faults.cast import Cast, Part
from tests.faults.events import Kind
from tests.faults.failpoints import FAULTS, KINDS, PLACES, Place
from tests.faults.figures import Figure, safety, timing, told
from tests.faults.verdicts import Verdicts
from tests.faults.world import Setting, World, running
from tests.processes import wait_for

_RUNS = 114
_SECONDS = 300.0
_STRIKE_SECONDS = 20.0
_ANSWER_SECONDS = 15.0
_TRIES = 5
#: Those who do the work; while one of them is armed the other must not take the work from it.
_WORKING = ("worker-1", "sweeper")


def run(setting: Setting) -> list[Figure]:
    """Let every failpoint strike, and look at everything afterwards."""
    started_at = time.monotonic()
    with running(setting, workers=1) as world:
        cast = Cast(world)
        unstruck = [name for place in PLACES for fault in FAULTS for name in _Batch(world, cast, place, fault).run()]
        rest = checks.come_to_rest(world)
        took = time.monotonic() - started_at
        wrong = Verdicts(world).wrong(cast.parts)
        spared = [f"{place.failpoint} {kind}" for place in PLACES for kind in KINDS if kind not in place.passes]
        return [
            safety("runs", len({(part.place, part.fault, part.kind) for part in cast.parts}), at_least=_RUNS),
            safety("failpoints that should have struck and did not", len(unstruck), at_most=0),
            *(told("  not struck", name) for name in unstruck),
            told("not on the path", ", ".join(spared)),
            safety("runs that went wrong", len(wrong), at_most=0),
            *(told("  wrong", trouble) for trouble in wrong),
            told("seconds until everything was done", rest),
            timing("seconds", took, at_most=_SECONDS),
            *checks.at_rest(world),
            *checks.once(world),
            *checks.told_truly(world, Book(cast.promised)),
        ]


@dataclass(frozen=True, slots=True)
class _Batch:
    """One place and fault, with all kinds."""

    world: World
    cast: Cast
    place: Place
    fault: Fault

    def run(self) -> list[str]:
        """Return the names of those that the failpoint should have struck and did not."""
        parts = self.cast.of(self.place, self.fault)
        unstruck = self._behind_the_door(parts) if self.place.process in _WORKING else self._at_the_door(parts)
        self._try_again([part for part in parts if part.is_retried and part.kind is not Kind.REGISTER])
        wait_for(lambda: not checks.pending(self.world)["events"], 20)
        return unstruck

    @property
    def _armed(self) -> str:
        return f"{self.place.failpoint}:{self.fault}"

    def _strikes(self) -> int:
        return self.world.fleet.strikes(self.place.process, self._armed)

    def _behind_the_door(self, parts: list[Part]) -> list[str]:
        """Send first, then let the armed process find all of it; the others stand still."""
        fleet = self.world.fleet
        fleet.take_down(*_WORKING)
        # A ring of which they took the job with them would pass for the one to come.
        self.world.redis.flush()
        for part in parts:
            self._send(part)
        fleet.bring_up(self.place.process, failpoint=self._armed, wait=False)
        has_struck = wait_for(lambda: self._strikes() > 0, _STRIKE_SECONDS)
        fleet.bring_up(*_WORKING)
        return [] if has_struck else [part.name for part in parts if part.kind in self.place.passes]

    def _at_the_door(self, parts: list[Part]) -> list[str]:
        """Send one after the other to the armed receiver, so that each is struck on its own."""
        fleet = self.world.fleet
        fleet.bring_up(self.place.process, failpoint=self._armed)
        unstruck = []
        for part in parts:
            before = self._strikes()
            self._send(part)
            if self.place.is_at_the_door and part.kind in self.place.passes and self._strikes() == before:
                unstruck.append(part.name)
        # What was accepted is handed over afterwards, all of it together.
        if not self.place.is_at_the_door and not wait_for(lambda: self._strikes() > 0, _STRIKE_SECONDS):
            unstruck = [part.name for part in parts if part.kind in self.place.passes]
        fleet.bring_up(self.place.process)
        return unstruck

    def _send(self, part: Part) -> None:
        if part.kind is Kind.REGISTER:
            self._register(part)
            return
        fleet = self.world.fleet
        port = fleet.failover_port if self.place.door == "failover" else fleet.port
        assert port is not None
        if part.kind is Kind.STOP:
            self.cast.promised[Entry.STOP_TRIED][part.errand.id] = part.errand.phone_number
        delivered = deliveries.deliver(part.errand, port, self.place.door, timeout=_ANSWER_SECONDS)
        if delivered.is_acked:
            self._note(part)

    def _try_again(self, parts: list[Part]) -> None:
        for part in parts:
            for attempt in range(2, 2 + _TRIES):
                port = self.world.fleet.port
                if deliveries.deliver(part.errand, port, attempt=attempt, timeout=_ANSWER_SECONDS).is_acked:
                    self._note(part)
                    break

    def _note(self, part: Part) -> None:
        self.cast.promised[Entry.ACKED][part.errand.id] = part.errand.phone_number
        if part.kind is Kind.STOP:
            self.cast.promised[Entry.STOP_ACKED][part.errand.id] = part.errand.phone_number

    def _register(self, part: Part) -> None:
        for _ in range(_TRIES):
            status = calls.call("POST", "/v1/messages", json.dumps({"data": part.answer}), self.world.fleet.port)
            if status in (200, 201):
                self.cast.promised[Entry.REGISTERED][part.message_id] = part.errand.phone_number
                return
            time.sleep(0.5)
