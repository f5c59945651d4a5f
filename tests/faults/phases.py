"""One stretch of load under one fault, and what the client saw of it."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from tests.faults import loads
from tests.faults.book import Book, read
from tests.faults.events import Kind
from tests.faults.loads import Attempt, Latency, RunningLoad
from tests.faults.world import World

#: Each stretch has people of its own.
_PEOPLE = 100_000


@dataclass(frozen=True, slots=True)
class Phase:
    """What one stretch came to; forged requests, which are to be refused, are left out."""

    name: str
    attempts: tuple[Attempt, ...]
    given_up: int
    late_ms: float
    """How late the client itself got its turn, at the 99th percentile."""
    book: Book
    began_at: float
    """When the fault began, in Unix seconds."""
    healed_at: float

    def to(self, where: str) -> list[Attempt]:
        return [attempt for attempt in self.attempts if attempt.where == where]

    def latency(self, where: str = "primary") -> Latency:
        return loads.latency(self.to(where))

    def refused(self, where: str = "primary") -> int:
        """Count the attempts that were not answered 200."""
        return sum(attempt.status != 200 for attempt in self.to(where))

    def unanswered(self) -> int:
        """Count the attempts on which no whole answer came in time."""
        return sum(attempt.status == 0 for attempt in self.attempts)

    def slowest(self) -> float:
        return max((attempt.ms for attempt in self.attempts), default=0.0)

    def back_after(self) -> float:
        """Return how many seconds after the end of the fault the primary last failed."""
        failed = [attempt.at + attempt.ms / 1000 for attempt in self.to("primary") if attempt.status != 200]
        return max(0.0, max(failed, default=0.0) - self.healed_at)


class Phases:
    """Runs stretches one after the other on one world, with the same load each."""

    def __init__(self, world: World, *, rate: float, seconds: float) -> None:
        self._world = world
        self._rate = rate
        self._seconds = seconds
        self.run: list[Phase] = []

    def under(
        self,
        name: str,
        begin: Callable[[], None] = lambda: None,
        heal: Callable[[], None] = lambda: None,
        *,
        during: Callable[[], None] | None = None,
        before: float = 0.5,
        after: float = 0.5,
        rate: float | None = None,
    ) -> Phase:
        """Load, break something, mend it, and end the load; ``during`` is called again and again while it is broken.

        ``before`` and ``after`` are seconds of load around the fault.
        """
        number = len(self.run)
        load = self._world.load(
            f"load-{number}",
            seed=self._world.setting.seed * 100 + number,
            first_person=number * _PEOPLE,
            rate=rate or self._rate,
        )
        with RunningLoad(load) as running:
            time.sleep(before)
            began_at = time.time()
            begin()
            while time.time() < began_at + self._seconds:
                if during is not None:
                    during()
                time.sleep(0.02)
            heal()
            healed_at = time.time()
            time.sleep(after)
            seen = tuple(attempt for attempt in running.stop() if attempt.kind != Kind.FORGED)
            given_up, late_ms = running.given_up, running.late_ms
        phase = Phase(name, seen, given_up, late_ms, read(load.book), began_at, healed_at)
        self.run.append(phase)
        return phase

    def warm_up(self) -> None:
        """Load for a moment that nobody measures: imports, first connections."""
        load = self._world.load("warm-up", seed=self._world.setting.seed, rate=50.0, statuses_only=True, seconds=2.0)
        with RunningLoad(load) as running:
            running.wait()

    def promised(self) -> Book:
        """Return the books of all stretches as one."""
        return together([phase.book for phase in self.run])


def together(books: Sequence[Book]) -> Book:
    """Return several books as one."""
    return Book(
        {entry: {of: number for each in books for of, number in each.of[entry].items()} for entry in books[0].of}
    )
