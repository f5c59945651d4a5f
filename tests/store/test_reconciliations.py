from __future__ import annotations

import threading
from datetime import timedelta

import pytest

from store import reconciliations
from store.reconciliations import DEAD
from tests.reports import NOW

EVERY = timedelta(minutes=5)


def claimed(database, *, at=NOW, every=None):
    with database.begin() as connection:
        return reconciliations.claim(connection, now=at, every=every)


def finished(database, run, *, at=NOW, reached=None, error=None):
    with database.begin() as connection:
        reconciliations.finish(
            connection, run, now=at, since=NOW, counts={"opt_outs": {"healed": 1}}, reached=reached or {}, error=error
        )


def reached(database):
    with database.read() as connection:
        return reconciliations.reached(connection)


def last(database):
    with database.read() as connection:
        return reconciliations.last(connection)


def test_nothing_has_been_reached_before_the_first(database):
    assert (last(database), reached(database)) == (None, {})


def test_one_runs_at_a_time(database):
    first = claimed(database)

    assert claimed(database) is None
    finished(database, first)
    assert claimed(database) not in {None, first}


def test_many_that_claim_at_once_are_one(postgresql_database, sqlite_database):
    for database in (postgresql_database, sqlite_database):
        barrier, got = threading.Barrier(6), []

        def claim(database=database, barrier=barrier, got=got) -> None:
            barrier.wait()
            got.append(claimed(database, every=EVERY))

        threads = [threading.Thread(target=claim) for _ in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len([run for run in got if run is not None]) == 1


def test_the_next_begins_when_it_is_due(database):
    finished(database, claimed(database))

    assert claimed(database, at=NOW + EVERY - timedelta(seconds=1), every=EVERY) is None
    assert claimed(database, at=NOW + EVERY, every=EVERY) is not None


def test_a_run_that_shows_no_life_gives_way(database):
    dead = claimed(database)
    assert claimed(database, at=NOW + DEAD) is None

    after = NOW + DEAD + timedelta(seconds=1)
    new = claimed(database, at=after)

    assert new is not None
    with database.begin() as connection:
        assert not reconciliations.show_alive(connection, dead, now=after)
    finished(database, dead, reached={"opt_outs": "too late"})
    assert reached(database) == {}
    assert claimed(database, at=after) is None


def test_a_run_that_shows_life_goes_on(database):
    run = claimed(database)
    with database.begin() as connection:
        assert reconciliations.show_alive(connection, run, now=NOW + DEAD)

    assert claimed(database, at=NOW + DEAD + timedelta(seconds=1)) is None


def test_how_far_it_came_outlives_runs_that_came_to_nothing(database):
    finished(database, claimed(database), reached={"opt_outs": "x", "messages": 7})
    run = claimed(database)
    with database.begin() as connection:
        reconciliations.give_up(connection, run, now=NOW, error="ended by KeyboardInterrupt")

    assert reached(database) == {"opt_outs": "x", "messages": 7}
    assert (last(database).error, last(database).counts) == ("ended by KeyboardInterrupt", None)


def test_old_runs_are_forgotten_but_not_how_far_they_came(database):
    for _ in range(3):
        finished(database, claimed(database), reached={"messages": 7})

    claimed(database, at=NOW + timedelta(days=400))

    assert reached(database) == {"messages": 7}
    with database.read() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM reconciliations").scalar() == 2


@pytest.mark.parametrize("error", [None, "Telnyx did not answer"])
def test_a_run_is_shown_as_it_ended(database, error):
    run = claimed(database)
    finished(database, run, at=NOW + EVERY, error=error)

    found = last(database)

    assert (found.seq, found.started_at, found.finished_at, found.since) == (run, NOW, NOW + EVERY, NOW)
    assert (found.counts, found.error) == ({"opt_outs": {"healed": 1}}, error)
