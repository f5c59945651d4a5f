"""What the ledger knows of the queue and of Telnyx's answers, and what follows for one message."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest

from core import deadlines
from core.cancelling import Action, Again, Settle
from core.errors import StoreUnavailable
from core.forecasting import ASSUMED_LATENCY, Minute
from ledger import forecasting, showing
from ledger.forecasting import Outlook
from ledger.keeping import Kept
from store import attempts, cancellations, messages
from store.attempts import Answered, Begun
from store.cancellations import NewCancellation
from tests.books import registered
from tests.processes import wait_for
from tests.reports import NOW, message_id, registration


def order(database, *send_ats, first: int = 1) -> None:
    rows = [
        NewCancellation(message_id(number), "opt_out", "STOP", 0, send_at, NOW, NOW, NOW)
        for number, send_at in enumerate(send_ats, start=first)
    ]
    with database.begin() as connection:
        cancellations.request(connection, rows)


def asked(database, number: int, *, took: timedelta | None, action: Action = Action.DELETE, ago: int = 0) -> None:
    began = NOW - timedelta(seconds=ago)
    with database.begin() as connection:
        attempts.begin(connection, [Begun(f"{action}-{number}", message_id(number), action, began)])
        if took is not None:
            attempts.finish(connection, [Answered(f"{action}-{number}", began + took, 200, "", "cancelled")])


def look(database, rate: int = 20):
    with database.read() as connection:
        return forecasting.look(connection, rate=rate)


def test_idle_ledger_keeps_the_margin_only(database):
    prospect = look(database)
    send_at = NOW + timedelta(hours=1)
    assert prospect.cancel_by(send_at) == deadlines.cancel_by(send_at)
    assert prospect.pace.latency == ASSUMED_LATENCY
    told = prospect.forecast(NOW)
    assert (told.waiting, told.late, told.makes_it) == (0, 0, True)


def test_what_waits_is_counted_by_the_minute(database):
    half_past = NOW + timedelta(minutes=30)
    order(database, half_past + timedelta(seconds=59), half_past, half_past + timedelta(seconds=60, microseconds=1))
    assert look(database).queue.minutes == (
        Minute(half_past, 2),
        Minute(half_past + timedelta(minutes=1), 1),
    )


def test_what_is_settled_waits_no_more(database):
    order(database, NOW + timedelta(hours=1), NOW + timedelta(hours=1))
    end = Settle("confirmed", "cancelled")
    with database.begin() as connection:
        cancellations.hold(connection, {message_id(1): None})
        cancellations.settle(connection, {message_id(1): end}, now=NOW)
        held = cancellations.hold(connection, {message_id(2): None})
        cancellations.reschedule(connection, held, {message_id(2): Again(NOW + timedelta(minutes=9), Action.DELETE)})
    assert look(database).queue.waiting == 1


def test_a_queue_moves_the_last_moment_for_what_is_sent_later_only(database):
    noon, later = NOW + timedelta(hours=1), NOW + timedelta(hours=2)
    order(database, *[noon] * 40)
    prospect = look(database, rate=2)
    assert prospect.cancel_by(later) == deadlines.cancel_by(later) - timedelta(seconds=24)
    assert prospect.cancel_by(noon) == deadlines.cancel_by(noon) - timedelta(seconds=24)
    assert prospect.cancel_by(noon - timedelta(minutes=1)) == deadlines.cancel_by(noon - timedelta(minutes=1))


def test_only_a_pending_message_is_shown_with_what_is_ahead_of_it(sqlite_database):
    (made,) = registered(sqlite_database, registration(1))
    order(sqlite_database, *[made.message.send_at] * 40)
    prospect = look(sqlite_database, rate=2)
    idle = showing.instant(deadlines.cancel_by(made.message.send_at))
    assert showing.message(made.message, (), cancel_by=deadlines.cancel_by)["cancel_by"] == idle
    assert showing.message(made.message, (), cancel_by=prospect.cancel_by)["cancel_by"] < idle
    with sqlite_database.begin() as connection:
        connection.exec_driver_sql("UPDATE messages SET ledger = 'released'")
        released = messages.find(connection, made.message.id)
    assert showing.message(released, (), cancel_by=prospect.cancel_by)["cancel_by"] == idle


def test_latency_is_what_all_but_one_of_a_hundred_took(database):
    for number in range(100):
        asked(database, number, took=timedelta(milliseconds=100 + number))
    asked(database, 200, took=timedelta(seconds=30), action=Action.GET)
    asked(database, 201, took=None)
    assert look(database).pace.latency == timedelta(milliseconds=198)


def test_a_clock_that_was_set_is_no_latency(database):
    asked(database, 1, took=-timedelta(hours=2))
    assert look(database).pace.latency == timedelta()
    asked(database, 2, took=timedelta(hours=2))
    asked(database, 3, took=timedelta(hours=2))
    assert look(database).pace.latency == timedelta(minutes=1)


def test_only_the_newest_requests_count(sqlite_database):
    for number in range(310):
        slow = number >= 300
        asked(sqlite_database, number, took=timedelta(seconds=9 if slow else 1), ago=number)
    assert look(sqlite_database).pace.latency == timedelta(seconds=1)


def test_an_outlook_is_looked_at_once_in_a_while(sqlite_database):
    outlook = Outlook(sqlite_database, rate=20)
    before = outlook.latest()
    order(sqlite_database, NOW + timedelta(hours=1))
    assert outlook.latest() is before


class Clock:
    def __init__(self) -> None:
        self.at = 0.0

    def __call__(self) -> float:
        return self.at


@pytest.mark.parametrize(
    ("took", "kept"), [pytest.param(0.01, 3, id="quick"), pytest.param(2, 40, id="slow: a twentieth of the time")]
)
def test_what_is_kept_is_looked_for_again_the_later_the_longer_it_took(sqlite_database, took, kept):
    clock, looks = Clock(), []

    def look_(_connection):
        looks.append(clock.at)
        clock.at += took
        return len(looks)

    found = Kept(sqlite_database, look_, clock=clock, aside=lambda look: look())
    assert found.latest() == found.latest() == 1
    clock.at += kept - 0.1
    assert found.latest() == 1
    clock.at += 0.2
    assert found.latest() == 2


def test_nobody_waits_for_a_further_look(sqlite_database):
    clock, may_end, looks = Clock(), threading.Event(), []

    def look_(_connection):
        looks.append(clock.at)
        assert len(looks) == 1 or may_end.wait(10)
        return len(looks)

    found = Kept(sqlite_database, look_, clock=clock)
    assert found.latest() == 1
    clock.at += 30
    assert [found.latest() for _ in range(5)] == [1] * 5
    may_end.set()
    assert wait_for(lambda: found.latest() == 2)
    assert len(looks) == 2


def test_whoever_asks_first_after_a_rest_waits_for_a_look(sqlite_database):
    clock, looks = Clock(), []

    def look_(_connection):
        looks.append(clock.at)
        return len(looks)

    def aside(_look):
        raise AssertionError("what is hours old was returned meanwhile")

    found = Kept(sqlite_database, look_, clock=clock, aside=aside)
    assert found.latest() == 1
    clock.at += 3600
    assert [found.latest() for _ in range(5)] == [2] * 5


def test_what_was_found_counts_while_the_database_is_away(sqlite_database):
    clock, is_away = Clock(), False

    def look_(_connection):
        if is_away:
            raise StoreUnavailable
        return "found"

    found = Kept(sqlite_database, look_, clock=clock, aside=lambda look: look())
    is_away = True
    with pytest.raises(StoreUnavailable):
        found.latest()
    is_away = False
    assert found.latest() == "found"
    is_away = True
    clock.at += 100
    assert found.latest() == "found"
