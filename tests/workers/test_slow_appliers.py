"""A worker that lives, and only waits for its turn, may be taken for dead: nobody is blamed for that in the end."""

from __future__ import annotations

from datetime import timedelta

import pytest

from store import inbox
from store.engine import Database
from store.runs import Run
from tests.accepting import accept, sample
from tests.reports import NOW, follow
from workers.applying import ABANDONED_AFTER, CRASHES, Applier

AFTERWARDS = NOW + ABANDONED_AFTER * (2 * CRASHES)


class Slow(Applier):
    """Is kept waiting between its two transactions, long enough for another to look for the abandoned."""

    __slots__ = ()

    def _apply(self, run: Run) -> int:
        if len(run.seqs) == 1 and self.now() < AFTERWARDS:
            Applier(self.database, follow, lambda: run.started_at + ABANDONED_AFTER, batch=0)._begin()
        return super()._apply(run)


def standing(database: Database, event_id: str) -> tuple[str, int]:
    with database.read() as connection:
        row = inbox.find(connection, event_id)
    return row.status.value, row.crashes


@pytest.mark.parametrize("times", [1, CRASHES, 2 * CRASHES])
def test_event_of_a_slow_worker_is_applied_in_the_end(database, times):
    (stop,) = accept(database, sample("message.received.text", text="STOP"))

    for number in range(times):
        at = NOW + ABANDONED_AFTER * number
        Slow(database, follow, lambda at=at: at).apply()
        assert standing(database, stop) == ("pending", 0)
    Applier(database, follow, lambda: AFTERWARDS).apply()

    assert standing(database, stop) == ("applied", 0)


def test_events_of_a_run_that_was_broken_off_are_cleared_too(database):
    (stop,) = accept(database, sample("message.received.text", text="STOP"))
    slow = Applier(database, follow, lambda: NOW)
    run, _ = slow._begin()
    assert run is not None
    slow._broken_off.append(run)
    Applier(database, follow, lambda: NOW + timedelta(hours=1), batch=0)._begin()
    assert standing(database, stop) == ("pending", 1)

    with slow._writing():
        pass

    assert standing(database, stop) == ("pending", 0)
