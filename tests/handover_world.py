"""A spool, a primary over a socket, and the rounds between the two."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

from schemas.secret import Secret
from store.spool import Spool, SpoolRow
from tests.fake_primary import FakePrimary
from tests.handing import SECRET
from tests.waiting import NOW, spool_in
from webhook_app.handover_client import Primary
from webhook_app.handover_rounds import Round, Rounds


class World:
    """A spool, a primary over a socket, and the time they live in."""

    def __init__(self, spool: Spool, primary: FakePrimary, client: Primary) -> None:
        self.now = NOW
        self.spool = spool
        self.primary = primary
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
    with (
        spool_in(folder) as spool,
        FakePrimary() as primary,
        Primary(primary.url, Secret(SECRET), clock=lambda: NOW, patience=timedelta(seconds=0.4)) as client,
    ):
        yield World(spool, primary, client)
