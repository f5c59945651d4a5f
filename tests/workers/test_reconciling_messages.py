"""Messages past their time whose end nobody told us."""

from __future__ import annotations

from datetime import timedelta

import pytest
import sqlalchemy as sa

from core.outcomes import LedgerState
from store import inquiries, messages, reconciliations, tables
from tests.books import registered, told
from tests.reconciling_world import World
from tests.reports import ALICE, BOB, NOW, message_id, registration, status
from tests.scripted_telnyx import HTML, NOT_FOUND, Reply, ScriptedTelnyx, message
from workers import reconciling_messages
from workers.tallying import SourceName, Tally

SENT_AT = NOW + timedelta(hours=3)
PATIENCE = timedelta(minutes=10)


@pytest.fixture
def world(database, telnyx):
    world = World(database, telnyx.url)
    registered(database, registration(1, send_at=SENT_AT))
    yield world
    world.close()


def reconciled(world, *, at=None, **how) -> Tally:
    world.at = at or world.at
    ran = world.reconciler.run(**how)
    assert ran.errors == ()
    return ran.tallies[SourceName.MESSAGES]


def says(number: int, *statuses: str) -> Reply:
    return Reply(200, {"data": message(message_id(number), *statuses)})


def asked(lists) -> int:
    lists_asked = lists.asked("messages")
    lists.queries.clear()
    return lists_asked


def standing(world, number=1) -> tuple[str, str | None]:
    with world.database.read() as connection:
        row = messages.find(connection, message_id(number))
        (recipient, *_) = messages.recipients_of(connection, [row.id])[row.id]
    return recipient.status, row.ledger


def test_a_message_is_not_asked_about_before_a_webhook_would_have_come(world, lists):
    assert reconciled(world) == Tally()
    assert reconciled(world, at=SENT_AT + PATIENCE - timedelta(seconds=1)) == Tally()
    assert asked(lists) == 0


def test_an_end_nobody_told_us_is_merged_once(world, lists):
    lists.messages[message_id()] = says(1, "delivered")

    assert reconciled(world, at=SENT_AT + PATIENCE) == Tally(reported=1, healed=1)

    assert standing(world) == ("delivered", LedgerState.RELEASED)
    assert reconciled(world, at=SENT_AT + timedelta(days=1)) == Tally()
    assert asked(lists) == 1


def test_an_end_that_was_told_meanwhile_is_not_asked_about(world, lists):
    reconciled(world)
    told(world.database, status(1, "delivered", minute=181), now=SENT_AT)

    assert reconciled(world, at=SENT_AT + PATIENCE) == Tally()
    assert asked(lists) == 0


def test_a_message_that_was_sent_and_then_nothing_is_asked_about_whatever_door_it_came_through(world, lists):
    told(world.database, status(7, "sent"))
    lists.messages[message_id(7)] = says(7, "delivery_failed")
    reconciled(world)

    assert reconciled(world, at=NOW + PATIENCE) == Tally(reported=1, healed=1)
    assert standing(world, 7) == ("delivery_failed", None)


def test_what_is_still_on_its_way_is_asked_about_ever_more_seldom(world, lists):
    lists.messages[message_id()] = says(1, "sent")
    assert reconciled(world, at=SENT_AT + PATIENCE) == Tally(reported=1, healed=1)

    asks = 1
    while world.at < SENT_AT + timedelta(days=12):
        asks += reconciled(world, at=world.at + timedelta(minutes=5 if asks < 4 else 300)).held

    assert 12 <= asks <= 20
    with world.database.read() as connection:
        assert inquiries.of(connection, [message_id()]) == []
        assert len(messages.transitions_of(connection, message_id())) == 2


@pytest.mark.parametrize("reply", [NOT_FOUND, HTML, says(2, "delivered"), Reply(403, {}), Reply(200, {"data": None})])
def test_an_answer_that_tells_nothing_of_it_is_noted_and_not_asked_for_every_time(world, lists, reply):
    lists.messages[message_id()] = reply
    assert reconciled(world, at=SENT_AT + PATIENCE) == Tally(reported=1, failed=1)

    assert reconciled(world, at=world.at + timedelta(minutes=5)) == Tally()
    assert reconciled(world, at=world.at + timedelta(minutes=5)) == Tally(reported=1, failed=1)
    assert reconciled(world, at=world.at + timedelta(minutes=15)) == Tally()

    assert asked(lists) == 2
    assert standing(world) == ("scheduled", LedgerState.PENDING)
    with world.database.read() as connection:
        (noted,) = inquiries.of(connection, [message_id()])
    assert (noted.asks, noted.outcome) == (2, f"http_{reply.status}")


def test_what_telnyx_has_forgotten_is_never_asked_about(world, lists):
    assert reconciled(world, at=SENT_AT + timedelta(days=11)) == Tally()
    assert asked(lists) == 0


def test_an_operator_may_ask_before_it_is_due_again(world, lists):
    lists.messages[message_id()] = says(1, "sent")
    reconciled(world, at=SENT_AT + PATIENCE)

    assert reconciled(world, since=SENT_AT - timedelta(hours=1)) == Tally(reported=1, held=1)
    assert reconciled(world, since=SENT_AT + timedelta(hours=1)) == Tally()


def test_a_group_is_asked_about_until_the_last_of_it_has_ended(world, lists):
    registered(world.database, registration(2, to=(ALICE, BOB), send_at=SENT_AT))
    told(world.database, status(2, "delivered", minute=181), now=SENT_AT)
    lists.messages[message_id(2)] = says(2, "delivered", "sent")
    lists.messages[message_id(1)] = says(1, "delivered")

    assert reconciled(world, at=SENT_AT + PATIENCE).healed == 2
    assert asked(lists) == 2
    lists.messages[message_id(2)] = says(2, "delivered", "delivered")

    assert reconciled(world, at=world.at + PATIENCE) == Tally(reported=1, healed=1)
    assert reconciled(world, at=world.at + timedelta(days=1)) == Tally()


def test_many_ended_messages_are_passed_over_at_no_request(world, lists):
    many = [registration(number, send_at=SENT_AT) for number in range(100, 1400)]
    registered(world.database, *many)
    reconciled(world)
    told(world.database, *(status(number, "delivered", minute=181) for number in range(100, 1400)), now=SENT_AT)
    lists.messages[message_id()] = says(1, "delivered")

    assert reconciled(world, at=SENT_AT + PATIENCE) == Tally(reported=1, healed=1)

    assert asked(lists) == 1
    with world.database.read() as connection:
        assert inquiries.due(connection, now=SENT_AT + timedelta(days=9), limit=10) == []


def test_a_run_that_somebody_waits_for_asks_about_all_and_a_scheduled_one_leaves_some(world, lists, monkeypatch):
    monkeypatch.setattr(reconciling_messages, "_ASKED_ON_SCHEDULE", 30)
    registered(world.database, *(registration(number, send_at=SENT_AT) for number in range(100, 139)))
    lists.messages = {message_id(number): says(number, "sent") for number in (1, *range(100, 139))}
    world.at = SENT_AT + PATIENCE
    progress = []
    world.reconciler.tell = lambda tallies: progress.append((list(tallies)[-1], tallies[list(tallies)[-1]].reported))

    scheduled = world.reconciler.run_if_due(timedelta(minutes=5))

    assert scheduled.tallies[SourceName.MESSAGES] == Tally(reported=30, healed=30)
    assert reconciled(world, since=NOW, is_dry=True) == Tally(reported=40, held=30, healed=10)
    progress.clear()
    assert reconciled(world, since=NOW) == Tally(reported=40, held=30, healed=10)
    assert progress[0] == (SourceName.FAILED_DELIVERIES, 0)
    assert {(SourceName.MESSAGES, number) for number in range(40)} <= set(progress)


def test_a_run_with_since_goes_on_behind_a_thousand_that_have_ended(world, lists):
    many = range(100, 1200)
    registered(world.database, *(registration(number, send_at=SENT_AT) for number in many))
    registered(world.database, registration(2000, send_at=SENT_AT + timedelta(seconds=1)))
    lists.messages[message_id(2000)] = says(2000, "delivered")
    reconciled(world)
    told(world.database, *(status(number, "delivered", minute=181) for number in (1, *many)), now=SENT_AT)

    assert reconciled(world, at=SENT_AT + timedelta(hours=1), since=SENT_AT) == Tally(reported=1, healed=1)
    assert asked(lists) == 1


def test_a_long_look_through_the_messages_shows_that_it_is_alive(sqlite_database, lists):
    silences = []

    def clock():
        """Return a time that is 20 s after the last one."""
        with sqlite_database.read() as connection:
            run = connection.execute(sa.select(tables.reconciliations).order_by(sa.desc("seq"))).first()
        if run is not None and run.running:
            silences.append(world.at - run.alive_at)
        world.at += timedelta(seconds=20)
        return world.at

    telnyx = ScriptedTelnyx(lists)
    world = World(sqlite_database, telnyx.url, now=clock)
    registered(sqlite_database, *(registration(number, send_at=SENT_AT) for number in range(2100)))

    assert world.reconciler.run().errors == ()
    assert silences
    assert max(silences) < reconciliations.DEAD / 2
    world.close()
    telnyx.stop()


def test_a_large_old_database_is_not_looked_through_for_what_telnyx_has_forgotten(world, lists):
    registered(world.database, *(registration(number, send_at=SENT_AT) for number in range(100, 2200)))
    told(world.database, *(status(number, "sent") for number in range(3000, 3100)))
    world.at = NOW + timedelta(days=21)
    registered(world.database, registration(4000, send_at=world.at), now=world.at)
    lists.messages[message_id(4000)] = says(4000, "delivered")
    looks = []
    sa.event.listen(world.database.engine, "before_cursor_execute", lambda *told: looks.append(told[2]))

    reconciled(world)

    assert len([sql for sql in looks if "messages.direction" in sql]) == 2
    with world.database.read() as connection:
        assert [row.message_id for row in inquiries.due(connection, now=world.at + PATIENCE, limit=9)] == [
            message_id(4000)
        ]
    assert reconciled(world, at=world.at + PATIENCE) == Tally(reported=1, healed=1)
