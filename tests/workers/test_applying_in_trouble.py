"""Applying when something breaks in the middle: nothing is lost, nothing happens twice, nobody is blamed wrongly."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest
import sqlalchemy as sa

from core.deciding import Act, Mode, Rule, Rules, Verdict
from core.errors import StoreUnavailable
from core.failpoints import plan
from ledger.registering import register
from store import backlog, failpoints, inbox, runs, tables
from store.engine import Database
from store.failpoints import Planned
from tests.accepting import accept, sample
from tests.reports import ALICE, BOB, NOW, RULES, follow, registration
from workers import jobs
from workers.applying import ABANDONED_AFTER, TRIES, Applier

SOON = NOW + ABANDONED_AFTER
PEOPLE = (ALICE, BOB)


@pytest.fixture
def stops(database) -> list[str]:
    """Alice and Bob say STOP, and a message is scheduled for each."""
    listed = [registration(number, to=(person,)) for number, person in enumerate(PEOPLE, start=1)]
    with database.begin() as connection:
        register(connection, listed, RULES, door="api", now=NOW)
    texts = [sample("message.received.text", text="STOP", **{"from": {"phone_number": person}}) for person in PEOPLE]
    return accept(database, *texts)


@pytest.fixture
def failing_at() -> Iterator[object]:
    yield lambda name: failpoints.arm(plan(f"{name}:raise"))
    failpoints.arm(None)


def applier(database: Database, at: datetime = NOW) -> Applier:
    return Applier(database, follow, lambda: at)


def rows(database: Database, events: list[str]) -> list[tuple[str, int, int]]:
    with database.read() as connection:
        found = [inbox.find(connection, event_id) for event_id in events]
    return [(row.status.value, row.tries, row.crashes) for row in found]


def count(database: Database, table: sa.Table, **of: object) -> int:
    query = sa.select(sa.func.count()).select_from(table).filter_by(**of)
    with database.read() as connection:
        return connection.scalar(query)


def died(database: Database, *events: str, at: datetime = NOW) -> None:
    """Leave on record what a process that died was applying."""
    with database.begin() as connection:
        seqs = list(connection.scalars(sa.select(tables.inbox.c.seq).where(tables.inbox.c.event_id.in_(events))))
        runs.begin(connection, seqs, now=at)


@pytest.mark.parametrize("failpoint", ["C2", "S1", "S2"])
def test_exception_that_nobody_expects_loses_and_doubles_nothing(database, stops, failing_at, failpoint):
    failing_at(failpoint)
    applier(database).apply()
    failpoints.arm(None)
    while applier(database, NOW + timedelta(hours=1)).apply():
        pass

    assert [status for status, _, _ in rows(database, stops)] == ["applied"] * 2
    assert count(database, tables.consents) == 2
    assert count(database, tables.decisions, trigger="consent") == 2
    assert count(database, tables.cancellations) == 2
    assert {crashes for _, _, crashes in rows(database, stops)} == {0}


def test_exception_after_the_commit_is_never_held_against_the_event(database, stops, failing_at):
    failing_at("S2")
    for _ in range(TRIES + 1):
        applier(database, NOW + timedelta(hours=1)).apply()

    assert rows(database, stops) == [("applied", 0, 0)] * 2


def test_job_that_fails_before_it_looks_leaves_everything_to_the_next(sqlite_url, sqlite_database, monkeypatch):
    accept(sqlite_database, sample("message.sent"))
    monkeypatch.setenv("DATABASE_URL", sqlite_url)
    monkeypatch.setenv("TELNYX_API_KEY", "KEY0")
    monkeypatch.setenv("FAILPOINT", "C1:raise")
    monkeypatch.delenv("REDIS_URL", raising=False)
    jobs.runtime.cache_clear()
    try:
        with pytest.raises(Planned):
            jobs.drain()
        assert count(sqlite_database, tables.inbox, status="pending") == 1
        failpoints.arm(None)
        jobs.drain()
    finally:
        failpoints.arm(None)
        jobs.runtime().close()
        jobs.runtime.cache_clear()
    assert count(sqlite_database, tables.inbox, status="applied") == 1


def test_what_somebody_has_only_just_begun_is_left_to_them(database, stops):
    died(database, *stops)

    assert applier(database, SOON - timedelta(milliseconds=1)).apply() == 0
    assert rows(database, stops) == [("pending", 0, 0)] * 2


def test_events_of_a_run_whose_process_died_are_taken_alone_and_cleared(database, stops):
    died(database, *stops)
    mine = applier(database, SOON)

    assert [mine.apply() for _ in range(3)] == [1, 1, 0]
    assert rows(database, stops) == [("applied", 0, 0)] * 2
    assert count(database, tables.applying_runs) == 0


def test_dying_with_others_makes_suspect_once_and_never_parks(database, stops):
    for _ in range(5):
        died(database, *stops)
    with database.begin() as connection:
        for run in runs.on_record(connection):
            assert runs.blame(connection, run, at_most=3, reason="it died", now=NOW) == []

    assert rows(database, stops) == [("pending", 0, 1)] * 2


def test_dying_alone_three_times_parks(database, stops):
    deadly = stops[0]
    for _ in range(3):
        died(database, deadly)
    mine = applier(database, SOON)
    while mine.apply():
        pass

    assert rows(database, stops) == [("parked", 0, 3), ("applied", 0, 0)]
    with database.read() as connection:
        assert inbox.find(connection, deadly).reason == "the process died 3 times while applying it"
    assert count(database, tables.consents, event_id=deadly) == 0


def test_suspect_is_taken_beside_a_batch_and_holds_up_nobody(database, stops):
    died(database, stops[0])
    applier(database, SOON).apply()
    others = accept(database, *(sample("message.sent") for _ in range(5)))

    applier(database, SOON).apply()

    assert [status for status, _, _ in rows(database, [*stops, *others])] == ["applied"] * 7


def test_losing_the_database_in_the_middle_is_nobodys_fault(database, stops):
    lost = [True] * 4

    def away(facts):
        if lost and lost.pop():
            raise StoreUnavailable
        return Verdict(Act.ALLOW, "trouble", "fine")

    clock = [NOW]
    troubled = Rules((*RULES, Rule("trouble", Mode.ENFORCE, away)))
    mine = Applier(database, lambda: troubled, lambda: clock[0])
    for _ in range(4):
        with pytest.raises(StoreUnavailable):
            mine.apply()
        clock[0] += timedelta(hours=1)
    assert rows(database, stops) == [("pending", 0, 0)] * 2
    assert count(database, tables.applying_runs) == 1

    assert mine.apply() == 2
    assert rows(database, stops) == [("applied", 0, 0)] * 2
    assert count(database, tables.applying_runs) == 0


def test_run_that_others_took_for_abandoned_does_nothing(database, stops):
    """A process that was stopped for long, between its record and its transaction."""
    mine = applier(database)
    with database.begin() as connection:
        run = runs.begin(connection, backlog.next_in_line(connection, now=NOW, limit=9).together, now=NOW)
    others = applier(database, SOON)
    while others.apply():
        pass
    decided = count(database, tables.decisions)

    mine._apply(run)
    assert count(database, tables.decisions) == decided
    assert rows(database, stops) == [("applied", 0, 0)] * 2


def test_run_that_is_being_carried_out_is_never_taken_for_abandoned(postgresql_database, postgresql_database_url):
    (event_id,) = accept(postgresql_database, sample("message.sent"))
    entered, leave = threading.Event(), threading.Event()
    busy = Applier(Database(postgresql_database_url), follow, lambda: NOW)
    with busy.database.begin() as connection:
        run = runs.begin(connection, backlog.next_in_line(connection, now=NOW, limit=9).together, now=NOW)

    def hold() -> None:
        with busy.database.begin() as connection:
            assert runs.end(connection, run)
            backlog.claim(connection, run.seqs)
            entered.set()
            leave.wait(10)

    thread = threading.Thread(target=hold)
    thread.start()
    assert entered.wait(10)
    try:
        assert applier(postgresql_database, NOW + timedelta(hours=1)).apply() == 0
        assert rows(postgresql_database, [event_id]) == [("pending", 0, 0)]
    finally:
        leave.set()
        thread.join()
        busy.database.dispose()
