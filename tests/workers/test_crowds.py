"""Crowds are looked at, and what is held of them cancelled, in time; the alarm when it cannot be."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from structlog.testing import capture_logs

from core.deadlines import LAST_LOOK, WALL, deadline, last_look
from core.forecasting import Minute
from core.holds import HoldKind
from core.leading import Lead
from core.scopes import Scope
from ledger import holding, leading, reviewing
from ledger.forecasting import Outlook
from ledger.holding import Gate
from ledger.leading import Leads
from store import cancellations, figures, messages
from store.cancellations import NewCancellation
from tests.books import registered
from tests.reports import NOW, RULES, follow, message_id, registration
from workers.alarms import LatenessAlarm
from workers.reviewing import Reviewer

SEND_AT = NOW + timedelta(hours=5)
SECOND = timedelta(seconds=1)
EARLY = last_look(SEND_AT) - timedelta(minutes=20)
CROWD = Lead(((EARLY, SEND_AT + timedelta(seconds=59)),))


class World:
    def __init__(self, database) -> None:
        self.database = database
        self.at: datetime = NOW
        self.leads = Leads()
        self.reviewer = Reviewer(database, follow, lambda: self.at, leads=lambda: self.leads)

    def review(self, at: datetime) -> None:
        self.at = at
        while self.reviewer.review():
            pass

    def looked_at(self, number: int) -> datetime | None:
        with self.database.read() as connection:
            return messages.find(connection, message_id(number)).last_look_at

    def cancelling(self, number: int) -> str | None:
        with self.database.read() as connection:
            found = cancellations.of(connection, message_id(number))
        return found.state if found else None

    def hold(self, campaign: str, *, until: datetime | None = None) -> str:
        gate = Gate(HoldKind.HOLD, Scope.CAMPAIGN, campaign, "wait", until, "test")
        with self.database.begin() as connection:
            return holding.place(connection, gate, now=self.at).row.hold.id

    def lift(self, hold_id: str) -> None:
        with self.database.begin() as connection:
            holding.lift(connection, hold_id, by="test", reason=None, now=self.at)

    def look(self, rate: int) -> Leads:
        with self.database.read() as connection:
            return leading.look(connection, rate=rate, now=self.at)


@pytest.fixture
def world(database):
    made = [registration(1, campaign_key="a", send_at=SEND_AT), registration(2, campaign_key="b", send_at=SEND_AT)]
    registered(database, *made, registration(3, campaign_key="a", send_at=SEND_AT + timedelta(hours=1)))
    return World(database)


def test_crowd_is_looked_at_when_its_lead_says_so(world):
    world.leads = Leads(crowd=CROWD)
    world.review(EARLY - SECOND)
    assert world.looked_at(1) is None

    world.review(EARLY)

    assert (world.looked_at(1), world.looked_at(2), world.looked_at(3)) == (EARLY, EARLY, None)
    assert world.cancelling(1) is None


def test_what_is_held_when_a_crowd_is_looked_at_is_cancelled(world):
    world.hold("a")
    world.leads = Leads(crowd=CROWD)
    world.review(EARLY)
    assert (world.cancelling(1), world.cancelling(2)) == ("requested", None)


def test_gate_that_opens_by_itself_before_the_usual_look_cancels_nothing(world):
    world.hold("a", until=last_look(SEND_AT))
    world.leads = Leads(crowd=CROWD)
    world.review(EARLY)
    assert (world.looked_at(1), world.cancelling(1)) == (EARLY, None)


def test_gate_set_after_an_early_look_is_found_nevertheless(world):
    world.leads = Leads(crowd=CROWD)
    world.review(EARLY)
    world.at = EARLY + SECOND
    world.hold("a")
    world.leads = Leads()
    world.review(EARLY + 2 * SECOND)
    world.review(last_look(SEND_AT))
    assert (world.cancelling(1), world.cancelling(2), world.cancelling(3)) == ("requested", None, None)


def test_many_that_are_held_are_begun_with_by_the_time_their_cancelling_takes(world):
    registered(
        world.database,
        *(registration(number, campaign_key="a", send_at=SEND_AT) for number in range(10, 310)),
    )
    held = world.hold("a")
    world.leads = world.look(rate=1)
    # Three hundred and one at most of one a second, and a few to decide on them all.
    begin = deadline(SEND_AT) - timedelta(seconds=30 + 355)
    world.review(begin - timedelta(seconds=3))
    assert world.cancelling(1) is None

    world.review(begin)

    assert [world.cancelling(number) for number in (1, 10, 309)] == ["requested"] * 3
    assert (world.cancelling(2), world.looked_at(2), world.cancelling(3)) == (None, None, None)
    world.lift(held)
    world.review(begin + SECOND)
    assert world.cancelling(309) == "withdrawn"
    assert world.looked_at(309) is None


def test_what_is_held_no_more_when_it_is_begun_with_is_looked_at_when_it_is_usual(world):
    held = world.hold("a")
    world.at = EARLY
    world.leads = Leads(held=CROWD, gates=world.look(rate=1).gates)
    world.lift(held)
    world.review(EARLY)
    assert (world.looked_at(1), world.cancelling(1)) == (None, None)

    world.review(last_look(SEND_AT))

    assert (world.looked_at(1), world.cancelling(1)) == (last_look(SEND_AT), None)


def test_few_that_are_held_are_left_until_it_is_usual(world):
    world.hold("a")
    assert world.look(rate=20) == Leads(gates=world.look(rate=20).gates)


def test_a_message_put_off_meanwhile_is_left_for_another_time(world):
    with world.database.begin() as connection:
        reviewing.look_last(connection, [message_id(3)], RULES, until=SEND_AT, now=EARLY)
    assert world.looked_at(3) is None


def test_what_awaits_its_last_look_is_counted_until_a_time(world):
    with world.database.read() as connection:
        assert figures.crowd_by_minute(connection, until=SEND_AT) == [Minute(SEND_AT, 2)]


def order(database, count: int, send_at: datetime) -> None:
    rows = [NewCancellation(message_id(n), "opt_out", "STOP", 0, send_at, NOW, NOW, NOW) for n in range(count)]
    with database.begin() as connection:
        cancellations.request(connection, rows)


def test_alarm_is_given_once_a_minute_and_when_it_is_over(sqlite_database):
    at = NOW
    order(sqlite_database, 130, NOW + WALL + timedelta(minutes=2))
    alarm = LatenessAlarm(Outlook(sqlite_database, rate=1), now=lambda: at)
    with capture_logs() as told:
        alarm()
        at += timedelta(seconds=59)
        alarm()
        at += timedelta(seconds=1)
        alarm()
        alarm._outlook = Outlook(sqlite_database, rate=100)
        alarm()
        alarm()
    events = [(each["event"], each["log_level"]) for each in told]
    late = ("cancellations_will_be_late", "error")
    assert events == [late, late, ("cancellations_will_be_in_time", "info")]
    assert (told[0]["waiting"], told[0]["late"]) == (130, 28)
    assert told[0]["first_deadline"] == (NOW + timedelta(minutes=2)).isoformat()
    assert "RESCIND_CANCEL_RATE" in told[0]["remedy"]


def test_nothing_is_said_while_all_is_in_time(sqlite_database):
    order(sqlite_database, 20, NOW + LAST_LOOK + WALL)
    with capture_logs() as told:
        LatenessAlarm(Outlook(sqlite_database, rate=20), now=lambda: NOW)()
    assert told == []
