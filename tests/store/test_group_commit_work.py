"""Several events at once, other work, failures on purpose, and troubles that can be put right."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
import sqlalchemy as sa

from core.errors import StoreUnavailable
from core.failpoints import Failpoint, Fault, Plan
from core.inbox import Acceptance
from store import failpoints, inbox
from store.engine import Database
from store.group_commit import GroupCommit
from store.inbox import NewEvent
from tests.spooling import event

LONG = timedelta(seconds=60)


@pytest.fixture
def commit(database) -> GroupCommit:
    return GroupCommit(database, deadline=LONG)


@pytest.fixture
def disarmed() -> Iterator[None]:
    yield
    failpoints.arm(None)


def stored(database: Database) -> set[str]:
    with database.read() as connection:
        return {row.event_id for row in inbox.events(connection, limit=1000)}


def test_several_events_are_answered_in_order_and_all_stored(database, commit):
    commit.put(event(2))
    events = [event(1), event(2), event(3), event(1)]
    assert commit.put_all(events) == [
        *(Acceptance.ACCEPTED, Acceptance.DUPLICATE, Acceptance.ACCEPTED, Acceptance.DUPLICATE),
    ]
    assert stored(database) == {"event-1", "event-2", "event-3"}


def test_hundred_events_are_one_ticket(database, commit):
    assert commit.put_all([event(number) for number in range(100)]) == [Acceptance.ACCEPTED] * 100
    assert len(stored(database)) == 100


def test_no_events_are_no_answers(commit):
    assert commit.put_all([]) == []


def test_many_tickets_of_several_events_get_their_own_answers(database, commit):
    commit.put_all([event(number) for number in range(0, 60, 2)])

    def put(first: int) -> list[Acceptance]:
        return commit.put_all([event(first), event(first + 1)])

    with ThreadPoolExecutor(10) as pool:
        answers = list(pool.map(put, range(0, 60, 2)))
    assert answers == [[Acceptance.DUPLICATE, Acceptance.ACCEPTED]] * 30
    assert len(stored(database)) == 60


def test_work_is_committed_and_returns_its_result(database, commit):
    def work(connection: sa.Connection) -> str:
        connection.exec_driver_sql("INSERT INTO campaigns (key, status) VALUES ('a', 'active')")
        return threading.current_thread().name

    assert commit.run(work) == "group-commit"
    with database.read() as connection:
        assert connection.exec_driver_sql("SELECT key FROM campaigns").scalar() == "a"


def test_work_that_fails_fails_alone(database, commit):
    def work(_: sa.Connection) -> None:
        raise ZeroDivisionError

    with pytest.raises(StoreUnavailable, match="ZeroDivisionError"):
        commit.run(work)
    assert commit.put(event(1)) is Acceptance.ACCEPTED


@pytest.mark.usefixtures("disarmed")
@pytest.mark.parametrize(("failpoint", "is_stored"), [(Failpoint.I1, False), (Failpoint.I2, True)])
def test_failure_around_the_commit_is_no_acceptance_and_passes(database, commit, failpoint, is_stored):
    failpoints.arm(Plan(failpoint, Fault.RAISE))
    with pytest.raises(StoreUnavailable):
        commit.put(event(1))
    assert (stored(database) == {"event-1"}) is is_stored
    commit.check()
    failpoints.arm(None)
    assert commit.put(event(1)) is (Acceptance.DUPLICATE if is_stored else Acceptance.ACCEPTED)


class Bounded:
    """A store that has no place for some."""

    WRITING = Failpoint.P1
    COMMITTED = Failpoint.P2

    def accept(self, _connection: sa.Connection, events: list[NewEvent]) -> list[Acceptance | StoreUnavailable]:
        return [StoreUnavailable("full") if "9" in each.event_id else Acceptance.ACCEPTED for each in events]

    def require_writable(self, _connection: sa.Connection) -> None:
        raise StoreUnavailable("full")


def test_store_without_room_refuses_some_and_takes_the_others(sqlite_database):
    commit = GroupCommit(sqlite_database, Bounded(), deadline=LONG)

    def put(number: int) -> str:
        try:
            return commit.put(event(number))
        except StoreUnavailable as refusal:
            return str(refusal)

    with ThreadPoolExecutor(10) as pool:
        answers = list(pool.map(put, range(10)))
    assert answers == [Acceptance.ACCEPTED] * 9 + ["full"]
    with pytest.raises(StoreUnavailable, match="full"):
        commit.check()


def test_trouble_that_was_put_right_is_not_told(tmp_path, sqlite_template):
    path = tmp_path / "rescind.db"
    troubles = []

    def mend(error: StoreUnavailable) -> bool:
        troubles.append(str(error))
        path.write_bytes(sqlite_template.read_bytes())
        return True

    commit = GroupCommit(Database(f"sqlite:///{path}"), mend=mend, deadline=LONG)
    path.touch()
    assert commit.put(event(1)) is Acceptance.ACCEPTED
    assert len(troubles) == 1
