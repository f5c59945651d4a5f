from __future__ import annotations

from datetime import timedelta

import pytest

from core.inbox import InboxStatus
from store import replays
from store.replays import Selection
from tests.accepting import accept, mark_all, sample
from tests.reports import NOW

LATER = NOW + timedelta(hours=1)


def dead(database, *, received_at=NOW) -> str:
    (event_id,) = accept(database, sample("message.received.stop"), received_at=received_at)
    mark_all(database, InboxStatus.PARKED, reason="a bug")
    return event_id


@pytest.fixture
def names(database):
    """Four events of different standing, and what to call them."""
    names = {dead(database): "parked"}
    (event_id,) = accept(database, sample("message.sent"))
    mark_all(database, InboxStatus.APPLIED)
    names[event_id] = "applied"
    names[dead(database, received_at=LATER)] = "young"
    (event_id,) = accept(database, sample("message.sent"), received_at=LATER)
    return {**names, event_id: "pending"}


@pytest.mark.parametrize(
    ("selection", "expected"),
    [
        pytest.param(Selection(), ["parked", "applied", "young"], id="all but what is pending"),
        pytest.param(Selection((InboxStatus.PARKED,)), ["parked", "young"], id="by status"),
        pytest.param(Selection((InboxStatus.APPLIED, InboxStatus.STALE)), ["applied"], id="by one of two"),
        pytest.param(Selection((), "message.sent"), ["applied"], id="by type"),
        pytest.param(Selection((), None, LATER), ["young"], id="by receipt"),
        pytest.param(Selection((InboxStatus.PARKED,), "message.sent"), [], id="by all of these at once"),
    ],
)
def test_selection_is_walked_in_the_order_of_receipt(database, names, selection, expected):
    with database.read() as connection:
        last = replays.last_seq(connection)
        page = replays.page(connection, selection, after=0, until=last, limit=9)

    assert [names[row.event_id] for row in page.rows] == expected
    assert page.reached == last


def test_page_says_where_to_go_on_and_nothing_comes_twice(database):
    for _ in range(5):
        dead(database)
    seen: list[int] = []
    reached = 0
    with database.read() as connection:
        last = replays.last_seq(connection)
        while reached < last:
            page = replays.page(connection, Selection((InboxStatus.PARKED,)), after=reached, until=last, limit=2)
            seen += [row.seq for row in page.rows]
            reached = page.reached

    assert seen == sorted(set(seen))
    assert len(seen) == 5


def test_what_waits_anyway_is_not_put_back(database, names):
    with database.begin() as connection:
        every = [replays.find(connection, event_id).seq for event_id in names]
        back = replays.put_back(connection, every, acts=False, by="api", now=LATER)
        waiting = replays.find(connection, next(of for of, name in names.items() if name == "pending"))

    assert len(back) == 3
    assert waiting.seq not in back


def test_without_events_there_is_nothing_to_walk(database):
    with database.begin() as connection:
        assert replays.last_seq(connection) == 0
        assert replays.put_back(connection, [], acts=True, by="api", now=NOW) == set()
