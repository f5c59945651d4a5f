"""Holds and panics: what they reach, what is looked at again because of them, and nothing slipping past them."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from core.deadlines import LAST_LOOK, WALL
from core.errors import NotFound
from core.holds import HoldKind, HoldState
from core.scopes import Scope
from ledger import campaigning, holding, registering, reviewing
from ledger.campaigning import CampaignChange
from ledger.holding import Gate
from store import cancellations, messages
from tests.books import registered, stories, told
from tests.reports import ALICE, BOB, NOW, OURS, PROFILE, RULES, message_id, registration, status

SECOND = timedelta(seconds=1)
PAST_LAST_LOOK = NOW + LAST_LOOK + WALL - SECOND


def place(database, kind=HoldKind.HOLD, scope=Scope.ALL, value="", *, until=None, reason="wrong price", now=NOW):
    gate = Gate(kind, scope, value, reason, until, by="test")
    with database.begin() as connection:
        return holding.place(connection, gate, now=now)


def lift(database, hold_id, *, now=NOW):
    with database.begin() as connection:
        return holding.lift(connection, hold_id, by="test", reason="price mended", now=now)


def reviewed(database, *, now=NOW, limit=10):
    """Carry out every review, and return how many messages were decided on."""
    decided = 0
    while True:
        with database.begin() as connection:
            batch = reviewing.review(connection, RULES, now=now, limit=limit)
        if batch is None:
            return decided
        decided += batch


def state(database, number=1):
    with database.read() as connection:
        row = cancellations.of(connection, message_id(number))
    return row.state if row else None


def shown(database, hold_id, *, now=NOW):
    with database.read() as connection:
        return holding.shown(connection, holding.find(connection, hold_id), now=now)


def test_panic_cancels_everything_in_its_scope_and_nothing_else(database):
    registered(database, *(registration(number, campaign_key="spring") for number in range(1, 26)))
    registered(database, registration(26, campaign_key="news"))

    placed = place(database, HoldKind.PANIC, Scope.CAMPAIGN, "spring")

    assert placed.is_new
    assert reviewed(database) == 25
    assert {state(database, number) for number in range(1, 26)} == {"requested"}
    assert state(database, 26) is None
    decision = stories(database, 1)["decisions"][-1]
    assert decision["reason"] == "campaign spring was stopped in panic: wrong price"
    assert decision["event_id"] == f"hold:{placed.row.hold.id}"


def test_message_registered_after_the_panic_is_cancelled_too(database):
    place(database, HoldKind.PANIC, Scope.SENDER, OURS)
    registered(database, registration())
    assert state(database) == "requested"


@pytest.mark.parametrize(
    ("scope", "value"),
    [
        (Scope.ALL, ""),
        (Scope.CAMPAIGN, "spring"),
        (Scope.CAMPAIGN, "CSPRING"),
        (Scope.CAMPAIGN, "4b300178-131c-4902-954e-72d90ba1620a"),
        (Scope.SENDER, OURS),
        (Scope.RECIPIENT, ALICE),
        (Scope.PROFILE, PROFILE),
    ],
)
def test_scope_reaches_the_same_when_counted_walked_and_met_by_a_newcomer(database, scope, value):
    tied = CampaignChange(tcr_campaign_id="CSPRING", telnyx_campaign_id="4b300178-131c-4902-954e-72d90ba1620a")
    with database.begin() as connection:
        campaigning.change(connection, "spring", tied, cause="api:1", now=NOW)
    reviewed(database)
    registered(database, registration(1, campaign_key="spring"))
    with database.read() as connection:
        counted = holding.reached(connection, scope, value, now=NOW)

    place(database, HoldKind.PANIC, scope, value)
    reviewed(database)
    registered(database, registration(2, campaign_key="spring"))

    assert (counted.pending, counted.recallable) == (1, 1)
    assert (state(database, 1), state(database, 2)) == ("requested", "requested")


@pytest.mark.parametrize(
    ("scope", "value"),
    [
        (Scope.CAMPAIGN, "news"),
        (Scope.SENDER, "+15557650901"),
        (Scope.RECIPIENT, BOB),
        (Scope.PROFILE, "4001a7b2-0000-4000-8000-000000000002"),
    ],
)
def test_other_scope_reaches_nothing(database, scope, value):
    registered(database, registration(1, campaign_key="spring"))
    with database.read() as connection:
        assert holding.reached(connection, scope, value, now=NOW).pending == 0
    place(database, HoldKind.PANIC, scope, value)
    assert reviewed(database) == 0
    registered(database, registration(2, campaign_key="spring"))
    assert (state(database, 1), state(database, 2)) == (None, None)


def test_hold_cancels_nothing_before_the_last_look(database):
    registered(database, registration())
    place(database)
    assert reviewed(database) == 0
    assert state(database) is None
    assert [each["trigger"] for each in stories(database)["decisions"]] == ["registration"]


def test_hold_set_after_the_last_look_still_stops_the_message(database):
    registered(database, registration(1, send_at=PAST_LAST_LOOK), registration(2))
    with database.read() as connection:
        assert messages.find(connection, message_id()).last_look_at == NOW

    place(database, now=NOW + SECOND)

    assert reviewed(database, now=NOW + SECOND) == 1
    assert (state(database, 1), state(database, 2)) == ("requested", None)
    with database.read() as connection:
        assert cancellations.of(connection, message_id()).known_at == NOW + SECOND


@pytest.mark.parametrize("is_held", [True, False])
def test_message_that_left_long_before_its_time_is_looked_at_before_it_is_let_go(database, is_held):
    registered(database, registration())
    if is_held:
        place(database)
        reviewed(database)
    told(database, status(minute=30), now=NOW + timedelta(minutes=30))

    message = stories(database)["message"]
    assert (message["ledger"], message["breach_cause"]) == (("breach", "left_early") if is_held else ("released", None))
    with database.read() as connection:
        assert messages.find(connection, message_id()).last_look_at == NOW + timedelta(minutes=30)


def test_hold_lifted_after_the_last_look_lets_go_what_nobody_was_asked_for(database):
    registered(database, registration(1, send_at=PAST_LAST_LOOK))
    hold_id = place(database).row.hold.id
    reviewed(database)
    assert state(database) == "requested"
    lift(database, hold_id)
    reviewed(database)
    assert state(database) == "withdrawn"


def test_lifted_panic_takes_back_what_nobody_was_asked_for(database):
    registered(database, registration())
    hold_id = place(database, HoldKind.PANIC).row.hold.id
    reviewed(database)
    lift(database, hold_id)
    reviewed(database)
    assert state(database) == "withdrawn"
    registered(database, registration(2))
    assert state(database, 2) is None


def test_panic_that_expired_lets_new_messages_in(database):
    place(database, HoldKind.PANIC, until=NOW + SECOND)
    registered(database, registration(), now=NOW + SECOND)
    assert state(database) is None


def test_same_word_again_is_the_same_gate_until_the_later_time(database):
    first = place(database, until=NOW + 60 * SECOND)
    again = place(database, until=NOW + 90 * SECOND)
    sooner = place(database, until=NOW + 30 * SECOND)
    other = place(database, until=NOW + 30 * SECOND, reason="wrong link")

    assert (again.row.hold.id, again.is_new, sooner.row.hold.id) == (first.row.hold.id, False, first.row.hold.id)
    assert sooner.row.hold.expires_at == NOW + 90 * SECOND
    assert other.is_new
    assert place(database, until=None).row.hold.expires_at is None


def test_lifting_is_recorded_once(database):
    hold_id = place(database).row.hold.id
    lifted = lift(database, hold_id, now=NOW + SECOND)
    assert lifted == lift(database, hold_id, now=NOW + 2 * SECOND)
    assert (lifted.lifted_at, lifted.lifted_by, lifted.lift_reason) == (NOW + SECOND, "test", "price mended")
    assert lifted.state(NOW) is HoldState.LIFTED
    with pytest.raises(NotFound):
        lift(database, "no such hold")


def test_shown_hold_counts_what_it_holds_while_it_stands(database):
    registered(database, registration(1), registration(2))
    hold_id = place(database, until=NOW + SECOND).row.hold.id
    assert (shown(database, hold_id)["state"], shown(database, hold_id)["pending"]) == ("standing", 2)
    later = shown(database, hold_id, now=NOW + SECOND)
    assert (later["state"], later["pending"], later["expires_at"]) == ("expired", 0, "2026-05-01T12:00:01Z")


def test_message_inside_the_minute_is_counted_apart(database):
    registered(database, registration(1, send_at=NOW + WALL), registration(2, send_at=NOW + WALL + SECOND))
    with database.read() as connection:
        counted = holding.reached(connection, Scope.ALL, "", now=NOW)
    assert (counted.pending, counted.recallable) == (2, 1)


def test_review_ordered_during_a_long_one_does_not_wait_for_its_end(database):
    registered(database, *(registration(number, campaign_key="spring") for number in range(1, 26)))
    registered(database, registration(30, campaign_key="news"))
    with database.begin() as connection:
        campaigning.change(connection, "spring", CampaignChange(status="ended"), cause="api:1", now=NOW)
        assert reviewing.review(connection, RULES, now=NOW, limit=10) == 10
    place(database, HoldKind.PANIC, Scope.CAMPAIGN, "news")
    with database.begin() as connection:
        assert reviewing.review(connection, RULES, now=NOW, limit=10) == 1
    assert state(database, 30) == "requested"
    assert reviewed(database) == 15


@pytest.mark.parametrize("first", ["registration", "panic"])
def test_registration_and_panic_at_once_never_pass_each_other_unseen(postgresql_database, first):
    """One transaction is held open after it has looked; the other must wait for its end."""
    looked, let_go, second_is_done = threading.Event(), threading.Event(), threading.Event()

    def enroll(connection):
        registering.register(connection, [registration()], RULES, door="api", now=NOW)

    def panic(connection):
        holding.place(connection, Gate(HoldKind.PANIC, Scope.ALL, "", "wrong price", None, "test"), now=NOW)

    def slow(act):
        with postgresql_database.begin() as connection:
            act(connection)
            looked.set()
            let_go.wait(5)

    def quick(act):
        looked.wait(5)
        with postgresql_database.begin() as connection:
            act(connection)
        second_is_done.set()

    one, other = (enroll, panic) if first == "registration" else (panic, enroll)
    with ThreadPoolExecutor(2) as pool:
        doing = [pool.submit(slow, one), pool.submit(quick, other)]
        assert not second_is_done.wait(0.3)
        let_go.set()
        for done in doing:
            done.result(20)
    reviewed(postgresql_database)
    assert state(postgresql_database) == "requested"


def test_registrations_do_not_wait_for_each_other(postgresql_database):
    with (
        postgresql_database.begin() as one,
        postgresql_database.begin() as other,
    ):
        registering.register(one, [registration(1, to=(ALICE,))], RULES, door="api", now=NOW)
        registering.register(other, [registration(2, to=(BOB,))], RULES, door="api", now=NOW)
