"""The inbox on both databases: one row an event, whatever is delivered how often."""

from __future__ import annotations

import threading
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa

from core.errors import StoreUnavailable
from core.inbox import Acceptance, InboxStatus
from store import backlog, inbox
from store.engine import Database
from store.inbox import NewEvent
from tests.receiving_world import raw_of

NOW = datetime(2026, 3, 1, 12, 0, 0, 123456, tzinfo=UTC)


def an_event(event_id="5ed9ec04-a33f-4ef2-b452-3a2989fac3a1", **changes) -> NewEvent:
    fields = {
        "event_id": event_id,
        "event_type": "message.finalized",
        "occurred_at": NOW - timedelta(seconds=1),
        "received_at": NOW,
        "source": "webhook",
        "status": InboxStatus.PENDING,
        "reason": None,
        "priority": 1,
        "raw": b'{"data":\xff\x00}',
        "signature": "c2ln",
        "signature_timestamp": "1772366400",
        "digest": "a" * 64,
        "attempt": 1,
        "delivered_to": "https://example.com/webhooks/telnyx",
    }
    return NewEvent(**{**fields, **changes})


def accept(database, *events):
    with database.begin() as connection:
        return inbox.accept(connection, events)


def stored(database):
    with database.read() as connection:
        return {row.event_id: row for row in inbox.events(connection, limit=1000)}


def test_new_event_is_stored_whole(database):
    assert accept(database, an_event()) == [Acceptance.ACCEPTED]
    (row,) = stored(database).values()
    assert raw_of(database) == {an_event().event_id: b'{"data":\xff\x00}'}
    assert row.has_raw
    assert (row.occurred_at, row.received_at) == (NOW - timedelta(seconds=1), NOW)
    assert (row.status, row.deliveries, row.tries) == (InboxStatus.PENDING, 1, 0)
    assert (row.attempt, row.delivered_to) == (1, "https://example.com/webhooks/telnyx")
    assert row.applied_at is None


def test_new_event_is_what_a_worker_claims(database):
    accept(database, an_event("later"), an_event("urgent", priority=0))
    with database.begin() as connection:
        seqs = backlog.next_in_line(connection, now=NOW, limit=10).together
        assert [event.event_id for event in backlog.claim(connection, seqs)] == ["urgent", "later"]


def test_same_event_again_is_counted_and_changes_nothing_else(database):
    accept(database, an_event())
    again = an_event(attempt=2, raw=b"other meta", received_at=NOW + timedelta(seconds=5))
    assert accept(database, again) == [Acceptance.DUPLICATE]
    row = stored(database)[again.event_id]
    assert row.deliveries == 2
    assert (row.attempt, row.received_at) == (1, NOW)
    assert raw_of(database) == {again.event_id: b'{"data":\xff\x00}'}


def test_same_event_twice_in_one_batch_is_one_row(database):
    answers = accept(database, an_event("a"), an_event("a", attempt=2), an_event("b"), an_event("a", attempt=3))
    assert answers == [Acceptance.ACCEPTED, Acceptance.DUPLICATE, Acceptance.ACCEPTED, Acceptance.DUPLICATE]
    rows = stored(database)
    assert {event_id: row.deliveries for event_id, row in rows.items()} == {"a": 3, "b": 1}
    assert rows["a"].attempt == 1


def test_other_content_under_a_known_id_is_kept_beside_it(database):
    accept(database, an_event())
    forged = an_event(digest="b" * 64, raw=b"something else")
    assert accept(database, forged) == [Acceptance.DUPLICATE]
    assert accept(database, replace(forged, attempt=2)) == [Acceptance.DUPLICATE]
    rows = stored(database)
    assert rows.keys() == {forged.event_id, f"conflict:{'b' * 64}"}
    assert rows[forged.event_id].status is InboxStatus.PENDING
    conflict = rows[f"conflict:{'b' * 64}"]
    assert conflict.status is InboxStatus.CONFLICT
    assert raw_of(database)[conflict.event_id] == b"something else"
    assert forged.event_id in conflict.reason


def test_two_contents_under_one_new_id_in_one_batch_keep_the_first_for_applying(database):
    answers = accept(database, an_event(digest="b" * 64), an_event(digest="a" * 64))
    assert answers == [Acceptance.ACCEPTED, Acceptance.DUPLICATE]
    assert {row.status for row in stored(database).values()} == {InboxStatus.PENDING, InboxStatus.CONFLICT}


@pytest.mark.parametrize(
    ("status", "first", "again"),
    [
        (InboxStatus.INVALID, Acceptance.QUARANTINED, Acceptance.DUPLICATE),
        (InboxStatus.STALE, Acceptance.HELD, Acceptance.HELD),
    ],
)
def test_dead_letter_is_kept_and_never_claimed(database, status, first, again):
    letter = an_event("invalid:1", status=status, reason="the body is not JSON")
    assert accept(database, letter) == [first]
    assert accept(database, letter) == [again]
    assert stored(database)["invalid:1"].reason == "the body is not JSON"
    with database.begin() as connection:
        assert backlog.next_in_line(connection, now=NOW, limit=10).together == []


def test_many_events_go_in_at_once(database):
    events = [an_event(f"event-{number}", reason="x" if number % 3 else None) for number in range(200)]
    assert set(accept(database, *events)) == {Acceptance.ACCEPTED}
    assert accept(database, *events[::2]) == [Acceptance.DUPLICATE] * 100
    assert sum(row.deliveries for row in stored(database).values()) == 300


def test_no_events_are_nothing_to_do(database):
    assert accept(database) == []


def test_failed_transaction_stores_nothing(database):
    with suppress(ZeroDivisionError), database.begin() as connection:
        inbox.accept(connection, [an_event()])
        _ = 1 / 0
    assert stored(database) == {}


def test_text_that_the_database_refuses_raises_and_leaves_nothing(database):
    with pytest.raises(UnicodeError):
        accept(database, an_event("good"), an_event("bad", reason="\ud800"))
    assert stored(database) == {}


def test_second_of_two_deliveries_at_once_waits_for_the_first(database_url, database):
    """Nobody is told "duplicate" of an event that is not committed yet."""
    other = Database(database_url)
    answers = []
    delivery = threading.Thread(target=lambda: answers.extend(accept(other, an_event())))
    with database.begin() as connection:
        inbox.accept(connection, [an_event()])
        delivery.start()
        delivery.join(0.3)
        assert answers == []
    delivery.join(5)
    other.dispose()
    assert answers == [Acceptance.DUPLICATE]
    assert stored(database)[an_event().event_id].deliveries == 2


def test_second_of_two_deliveries_at_once_is_stored_when_the_first_fails(database_url, database):
    other = Database(database_url)
    answers = []
    delivery = threading.Thread(target=lambda: answers.extend(accept(other, an_event())))
    with suppress(ZeroDivisionError), database.begin() as connection:
        inbox.accept(connection, [an_event()])
        delivery.start()
        delivery.join(0.3)
        _ = 1 / 0
    delivery.join(5)
    other.dispose()
    assert answers == [Acceptance.ACCEPTED]


def test_worker_that_holds_a_row_does_not_keep_a_duplicate_waiting(postgresql_database_url):
    database, other = Database(postgresql_database_url), Database(postgresql_database_url)
    accept(database, an_event())
    with database.begin() as connection:
        assert backlog.claim(connection, backlog.next_in_line(connection, now=NOW, limit=1).together)
        assert accept(other, an_event()) == [Acceptance.DUPLICATE]
    database.dispose()
    other.dispose()


def test_events_are_listed_newest_first_in_pages(database):
    accept(database, *[an_event(f"event-{number}") for number in range(5)])
    with database.read() as connection:
        page = inbox.events(connection, limit=2)
        rest = inbox.events(connection, limit=10, after=page[-1].seq)
    assert [row.event_id for row in page + rest] == [f"event-{number}" for number in range(4, -1, -1)]


def test_events_are_filtered_by_status_and_type(database):
    accept(
        database,
        an_event("a", event_type="message.sent"),
        an_event("b"),
        an_event("c", status=InboxStatus.INVALID, reason="unreadable"),
    )
    with database.read() as connection:
        dead = inbox.events(connection, statuses=[InboxStatus.INVALID, InboxStatus.STALE], limit=9)
        sent = inbox.events(connection, event_type="message.sent", limit=9)
    assert [row.event_id for row in dead] == ["c"]
    assert [row.event_id for row in sent] == ["a"]


def test_dead_letters_are_found_without_a_walk_over_what_was_applied(sqlite_database):
    statements = []
    sa.event.listen(
        sqlite_database.engine,
        "before_cursor_execute",
        lambda _c, _cursor, statement, parameters, *_: statements.append((statement, parameters)),
    )
    with sqlite_database.read() as connection:
        inbox.events(connection, statuses=[InboxStatus.INVALID, InboxStatus.STALE], limit=9)
        statement, parameters = statements[-1]
        plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters).all()
    assert "USING INDEX ix_inbox_not_applied (status=?)" in str(plan)
    assert "SCAN inbox" not in str(plan)


def test_pruning_forgets_bytes_of_what_is_done_and_never_the_id(database):
    accept(
        database,
        *[an_event(name) for name in ("applied", "pending", "young")],
        an_event("bad", status=InboxStatus.INVALID),
    )
    with database.begin() as connection:
        for row in inbox.events(connection, limit=9):
            if row.event_id in {"applied", "young"}:
                backlog.mark(connection, [row.seq], InboxStatus.APPLIED, now=NOW)
    accept(database, an_event("later", received_at=NOW + timedelta(days=9)))
    with database.begin() as connection:
        tomorrow = NOW + timedelta(days=1)
        pruned, last = inbox.prune(connection, older_than=tomorrow, after=0, limit=1)
        assert pruned == 1
        assert inbox.prune(connection, older_than=tomorrow, after=last, limit=9)[0] == 1
        assert inbox.prune(connection, older_than=tomorrow, after=0, limit=9) == (0, 0)
    rows = stored(database)
    assert {name for name, row in rows.items() if not row.has_raw} == {"applied", "young"}
    assert accept(database, an_event("applied")) == [Acceptance.DUPLICATE]


def test_writable_database_is_said_to_be(database):
    with database.begin() as connection:
        inbox.require_writable(connection)


def test_database_without_tables_is_not_writable(tmp_path):
    empty = Database(f"sqlite:///{tmp_path / 'empty.db'}")
    with pytest.raises(StoreUnavailable), empty.begin() as connection:
        inbox.require_writable(connection)
    empty.dispose()
