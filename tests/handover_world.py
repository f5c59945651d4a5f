"""A spool, a primary over a socket, and the rounds between the two."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Self

from schemas.handover import Handed
from schemas.secret import Secret
from store.spool import Spool, SpoolRow
from tests.fake_primary import FakePrimary
from tests.handing import SECRET
from tests.waiting import NOW, spool_in
from webhook_app.handover_client import Answered, Away, Primary, Rejected
from webhook_app.handover_rounds import Round, Rounds


class Client:
    """Asks a primary, with patience unless a test says that this question gets no answer."""

    def __init__(self, url: str) -> None:
        self.gets_no_answer: Callable[[Sequence[Handed]], bool] = lambda _: False
        self._patient = Primary(url, Secret(SECRET), clock=lambda: NOW)
        self._hasty = Primary(url, Secret(SECRET), clock=lambda: NOW, patience=timedelta(seconds=0.2))
        self._open = ExitStack()

    def __enter__(self) -> Self:
        self._open.enter_context(self._patient)
        self._open.enter_context(self._hasty)
        return self

    def __exit__(self, *_: object) -> None:
        self._open.close()

    def take(self, batch: Sequence[Handed]) -> Answered | Rejected | Away:
        return (self._hasty if self.gets_no_answer(batch) else self._patient).take(batch)


class World:
    """A spool, a primary over a socket, and the time they live in."""

    def __init__(self, spool: Spool, primary: FakePrimary, client: Client) -> None:
        self.now = NOW
        self.spool = spool
        self.primary = primary
        self.client = client
        self.rounds = Rounds(spool=spool, primary=client, clock=lambda: self.now)

    def later(self, rounds: int = 1, *, by: timedelta = timedelta(minutes=1)) -> Round:
        """Let time pass before each of some rounds, and return what came of all."""
        done = Round()
        for _ in range(rounds):
            self.now += by
            done += self.rounds.one()
        return done

    def states(self) -> dict[int, str]:
        return {row.id: row.state for row in self.spool.listing(limit=1000)}

    def row(self, row_id: int) -> SpoolRow:
        return next(row for row in self.spool.listing(limit=1000) if row.id == row_id)


@contextmanager
def world_in(folder: Path) -> Iterator[World]:
    with spool_in(folder) as spool, FakePrimary() as primary, Client(primary.url) as client:
        yield World(spool, primary, client)
