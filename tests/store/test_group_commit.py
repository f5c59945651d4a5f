"""Committing together: nothing is answered before it is stored, and nobody waits for a database that hangs."""

from __future__ import annotations

import os
import signal
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa

from core.errors import StoreUnavailable
from core.inbox import Acceptance
from store import group_commit, inbox
from store.engine import Database
from store.group_commit import GroupCommit
from store.inbox import NewEvent
from tests.processes import wait_for

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
#: Of those whose database hangs; it is told before the database's own patience ends, after one second at the earliest.
DEADLINE = timedelta(seconds=0.3)
#: Of those who get an answer.
LONG = timedelta(seconds=30)
AT_THE_DEADLINE, AT_ONCE = "did not commit in time", "the database hangs"


def an_event(event_id: str, **changes: object) -> NewEvent:
    fields = {
        "event_id": event_id,
        "event_type": "message.sent",
        "received_at": NOW,
        "source": "webhook",
        "raw": b"{}",
        "signature": "c2ln",
        "signature_timestamp": "1772366400",
        "digest": "a" * 64,
    }
    return NewEvent(**{**fields, **changes})


def stored(database: Database) -> set[str]:
    with database.read() as connection:
        return {row.event_id for row in inbox.events(connection, limit=1000)}


def put_all(commit: GroupCommit, events: list[NewEvent]) -> list[Future[Acceptance]]:
    """Put events at once, each from a thread of its own, and return without waiting."""
    pool = ThreadPoolExecutor(len(events))
    answers = [pool.submit(commit.put, event) for event in events]
    pool.shutdown(wait=False)
    return answers


def refused(commit: GroupCommit, event_id: str) -> str:
    """Return why the event is not taken, which tells as well whether it was waited for."""
    with pytest.raises(StoreUnavailable) as refusal:
        commit.put(an_event(event_id))
    return str(refusal.value)


def accepts(commit: GroupCommit, event_id: str) -> bool:
    try:
        commit.put(an_event(event_id))
    except StoreUnavailable:
        return False
    return True


def is_ready(commit: GroupCommit) -> bool:
    try:
        commit.check()
    except StoreUnavailable:
        return False
    return True


@pytest.fixture
def commit(database) -> GroupCommit:
    return GroupCommit(database, deadline=DEADLINE)


@pytest.fixture
def blocked(database) -> Iterator[Callable[[], None]]:
    """Keep everybody from writing to the inbox; calling it lets them."""
    other = Database(database.url.render_as_string(hide_password=False))
    held, release, free = threading.Event(), threading.Event(), threading.Event()

    def hold() -> None:
        with other.begin() as connection:
            if not other.is_sqlite:
                connection.exec_driver_sql("LOCK TABLE inbox IN ACCESS EXCLUSIVE MODE")
            held.set()
            release.wait(60)
        free.set()

    thread = threading.Thread(target=hold)

    def unblock() -> None:
        release.set()
        free.wait(30)

    thread.start()
    held.wait(30)
    yield unblock
    release.set()
    thread.join()
    other.dispose()


def test_event_is_committed_when_it_is_answered(database):
    commit = GroupCommit(database, deadline=LONG)
    assert commit.put(an_event("a")) is Acceptance.ACCEPTED
    assert stored(database) == {"a"}
    assert commit.put(an_event("a")) is Acceptance.DUPLICATE


def test_nothing_is_answered_before_it_is_committed(database, blocked):
    commit = GroupCommit(database, deadline=LONG)
    (answer,) = put_all(commit, [an_event("a")])
    time.sleep(0.3)
    assert not answer.done()
    blocked()
    assert answer.result(30) is Acceptance.ACCEPTED
    assert stored(database) == {"a"}


def test_what_waits_together_is_committed_together(database):
    commit = GroupCommit(database, deadline=LONG)
    commits = []
    sa.event.listen(database.engine, "commit", lambda _: commits.append(1))
    other = Database(database.url.render_as_string(hide_password=False))
    with other.begin() as connection:
        if not other.is_sqlite:
            connection.exec_driver_sql("LOCK TABLE inbox IN ACCESS EXCLUSIVE MODE")
        answers = put_all(commit, [an_event("event-0")])
        assert wait_for(lambda: commit._busy_since is not None)
        answers += put_all(commit, [an_event(f"event-{number}") for number in range(1, 20)])
        assert wait_for(lambda: commit._waiting.qsize() == 19)
    assert {answer.result(30) for answer in answers} == {Acceptance.ACCEPTED}
    other.dispose()
    assert len(stored(database)) == 20
    assert len(commits) == 2


def test_event_that_the_database_cannot_take_fails_alone(database, blocked):
    commit = GroupCommit(database, deadline=LONG)
    events = [an_event("first"), an_event("bad", reason="\ud800"), an_event("good"), an_event("fine")]
    answers = put_all(commit, events)
    time.sleep(0.3)
    blocked()
    for event, answer in zip(events, answers, strict=True):
        if event.event_id == "bad":
            with pytest.raises(StoreUnavailable):
                answer.result(30)
        else:
            assert answer.result(30) is Acceptance.ACCEPTED
    assert stored(database) == {"first", "good", "fine"}
    assert commit.put(an_event("next")) is Acceptance.ACCEPTED


def test_database_that_does_not_answer_is_told_at_the_deadline(database, commit, blocked):
    began = time.monotonic()
    assert AT_THE_DEADLINE in refused(commit, "a")
    assert time.monotonic() - began >= DEADLINE.total_seconds()
    blocked()
    # What was told as failed may have been stored all the same; then the next delivery is a duplicate.
    assert wait_for(lambda: stored(database) == {"a"})
    assert GroupCommit(database, deadline=LONG).put(an_event("a")) is Acceptance.DUPLICATE
    assert wait_for(lambda: accepts(commit, "a"))


def test_nobody_waits_any_more_for_a_database_that_hangs(commit, blocked):
    assert wait_for(lambda: refused(commit, "a") == AT_ONCE)
    for number in range(20):
        assert refused(commit, f"late-{number}") == AT_ONCE
    blocked()
    assert wait_for(lambda: accepts(commit, "b"))


def test_many_that_wait_are_all_told_in_time(commit, blocked):
    for answer in put_all(commit, [an_event(f"event-{number}") for number in range(30)]):
        with pytest.raises(StoreUnavailable, match=f"{AT_THE_DEADLINE}|{AT_ONCE}"):
            answer.result(30)


def test_readiness_tells_what_a_commit_would(database, commit, blocked):
    with pytest.raises(StoreUnavailable):
        commit.check()
    blocked()
    assert wait_for(lambda: accepts(commit, "a"))
    assert wait_for(lambda: is_ready(commit))
    assert stored(database) == {"a"}


def test_database_without_tables_is_not_ready(tmp_path):
    commit = GroupCommit(Database(f"sqlite:///{tmp_path}/empty.db"))
    with pytest.raises(StoreUnavailable):
        commit.check()
    assert not accepts(commit, "a")


def test_database_that_keeps_failing_slowly_keeps_only_one_waiting(sqlite_url):
    """SQLite's own lock, taken by a program that does not queue: every attempt takes its whole timeout to fail."""
    commit = GroupCommit(Database(sqlite_url), deadline=LONG)
    rival = sqlite3.connect(sqlite_url.removeprefix("sqlite:///"), isolation_level=None)
    rival.execute("BEGIN IMMEDIATE")
    assert "database is locked" in refused(commit, "a")
    (probe,) = put_all(commit, [an_event("probe")])
    assert wait_for(lambda: refused(commit, "b") == "the database keeps failing")
    with pytest.raises(StoreUnavailable, match="database is locked"):
        probe.result(30)
    rival.execute("ROLLBACK")
    rival.close()
    assert wait_for(lambda: accepts(commit, "c"))
    assert all(answer.result(30) for answer in put_all(commit, [an_event(f"d{number}") for number in range(8)]))


def test_server_that_is_not_there_is_told_at_once():
    commit = GroupCommit(Database("postgresql://nobody@127.0.0.1:1/none"), deadline=LONG)
    assert "cannot be used now" in refused(commit, "a")


def test_connection_that_died_meanwhile_is_replaced_unnoticed(postgresql_database_url):
    database = Database(postgresql_database_url)
    commit = GroupCommit(database, deadline=LONG)
    commit.put(an_event("a"))
    with database.read() as connection:
        connection.execute(
            sa.text(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
        )
    assert commit.put(an_event("b")) is Acceptance.ACCEPTED
    assert stored(database) == {"a", "b"}
    database.dispose()


def test_server_process_that_hangs_is_left_behind(postgresql_database_url, monkeypatch):
    if "TEST_POSTGRES_URL" in os.environ:
        pytest.skip("the server is not ours to stop")
    monkeypatch.setattr(group_commit, "_HUNG", timedelta(seconds=1))
    database = Database(postgresql_database_url)
    commit = GroupCommit(database, deadline=DEADLINE)
    assert wait_for(lambda: accepts(commit, "a"))
    with database.read() as connection:
        query = "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
        (backend,) = connection.execute(sa.text(query)).scalars()
    os.kill(backend, signal.SIGSTOP)
    try:
        assert AT_THE_DEADLINE in refused(commit, "b")
        assert wait_for(lambda: refused(commit, "c") == AT_ONCE)
        # The process stays stopped: the connection to it is given up after a while, and another made.
        assert wait_for(lambda: accepts(commit, "d"))
    finally:
        os.kill(backend, signal.SIGCONT)
    assert {"a", "b", "d"} <= stored(database)
    database.dispose()


def test_server_process_that_wakes_up_again_is_used_again(postgresql_database_url):
    if "TEST_POSTGRES_URL" in os.environ:
        pytest.skip("the server is not ours to stop")
    database = Database(postgresql_database_url)
    commit = GroupCommit(database, deadline=DEADLINE)
    assert wait_for(lambda: accepts(commit, "a"))
    with database.read() as connection:
        query = "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
        (backend,) = connection.execute(sa.text(query)).scalars()
    os.kill(backend, signal.SIGSTOP)
    refused(commit, "b")
    os.kill(backend, signal.SIGCONT)
    assert wait_for(lambda: accepts(commit, "c"))
    assert stored(database) == {"a", "b", "c"}
    database.dispose()
