"""Committing together when more comes than can be committed: some are sent away, so that the others are in time."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa

from core.errors import StoreUnavailable
from core.failpoints import Failpoint
from core.inbox import Acceptance
from store import inbox
from store.group_commit import GroupCommit
from store.inbox import NewEvent
from tests.processes import wait_for

#: More than fit into what the slow store below commits within the deadline.
MANY = 400


class SlowStore:
    """The inbox behind a disk that takes its time, and waits for leave to go on."""

    WRITING, COMMITTED = Failpoint.I1, Failpoint.I2

    def __init__(self, *, seconds: float) -> None:
        self.seconds = seconds
        self.may_go_on = threading.Event()
        self.stored: set[str] = set()

    def accept(self, connection: sa.Connection, events: Sequence[NewEvent]) -> list[Acceptance]:
        time.sleep(self.seconds)
        self.may_go_on.wait(10)
        accepted = inbox.accept(connection, events)
        self.stored |= {event.event_id for event in events}
        return accepted

    def require_writable(self, connection: sa.Connection) -> None:
        inbox.require_writable(connection)


def an_event(number: int) -> NewEvent:
    return NewEvent(
        event_id=f"event-{number}",
        event_type="message.sent",
        received_at=datetime(2026, 3, 1, 12, 0, tzinfo=UTC),
        source="webhook",
        raw=b"{}",
        signature="c2ln",
        signature_timestamp="1772366400",
        digest="a" * 64,
    )


def test_more_than_can_be_committed_in_time_is_refused_before_it_waits(sqlite_database):
    store = SlowStore(seconds=1.5)
    commit = GroupCommit(sqlite_database, store, deadline=timedelta(seconds=5))
    store.may_go_on.set()
    commit.put(an_event(-1))
    store.may_go_on.clear()
    refusals: dict[str, str] = {}
    accepted: set[str] = set()

    def put(number: int) -> None:
        event = an_event(number)
        try:
            commit.put(event)
            accepted.add(event.event_id)
        except StoreUnavailable as error:
            refusals[event.event_id] = str(error)

    with ThreadPoolExecutor(MANY) as pool:
        for number in range(MANY):
            pool.submit(put, number)
        store.may_go_on.set()

    sent_away = {event_id for event_id, reason in refusals.items() if "more waits than can be committed" in reason}
    assert sent_away
    assert not sent_away & store.stored
    assert accepted
    assert accepted <= store.stored
    assert accepted | refusals.keys() == {f"event-{number}" for number in range(MANY)}


def test_slow_commit_alone_sends_nobody_away(sqlite_database):
    store = SlowStore(seconds=0.2)
    store.may_go_on.set()
    commit = GroupCommit(sqlite_database, store, deadline=timedelta(seconds=0.15))

    for number in range(2):
        with pytest.raises(StoreUnavailable, match="did not commit in time"):
            commit.put(an_event(number))
        assert wait_for(lambda number=number: f"event-{number}" in store.stored and commit._busy_since is None)

    assert store.stored == {"event-0", "event-1"}
