"""Which cancelled messages can be scheduled anew, what is asked of Telnyx for each, and never twice."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import pytest

from core import deadlines
from core.cancelling import Outcome, Settle
from core.deadlines import LAST_LOOK, WALL
from core.holds import HoldKind
from core.intents import IntentState
from core.outcomes import CancellationState, LedgerState
from core.reports import Addressee
from core.scopes import Scope
from ledger import holding, intending, meeting, passing, rescheduling, settling, story
from ledger.holding import Gate
from ledger.intending import IN_FLIGHT
from ledger.rescheduling import LATEST, SOONEST, Begun, Plan, Terms, WhyNot
from ledger.settling import Settlement
from store import cancellations, closing, intents, messages
from store.closing import Closing
from tests.books import registered, reviewed
from tests.reports import ALICE, BOB, NOW, OURS, PROFILE, RULES, message_id, registration, scheduled

SECOND, HOUR = timedelta(seconds=1), timedelta(hours=1)
KEPT = Terms()


def cancelled(database, number=1, *, ledger=LedgerState.CANCELLED, details=None, **more):
    told = {"text": "Spring sale", "type": "SMS"} if details is None else details
    registered(database, registration(number, details=told, **more))
    with database.begin() as connection:
        closing.close(connection, [Closing(message_id(number), ledger)], now=NOW)


def look(database, number=1, *, terms=KEPT, now=NOW) -> Plan:
    with database.read() as connection:
        (plan,) = rescheduling.look(connection, [message_id(number)], RULES, terms, now=now)
    return plan


def begin(database, number=1, *, terms=KEPT, now=NOW) -> Begun | Plan:
    with database.begin() as connection:
        return rescheduling.begin(connection, message_id(number), RULES, terms, now=now)


def told_unknown(database, begun, *, now=NOW):
    with database.begin() as connection:
        intending.unknown(connection, begun.intent, RULES, http_status=502, reason="Telnyx answered 502", now=now)


def intent(database, begun):
    with database.read() as connection:
        return intents.find(connection, begun.intent.id)


def said_cancelled(number):
    return replace(scheduled(number, send_at=None), addressees=(Addressee(ALICE, "cancelled"),), source_id="delete:1")


def confirmed(database, number=1):
    """Let Telnyx confirm the cancellation that is under way."""
    with database.begin() as connection:
        cancellations.claim(connection, now=NOW, limit=1, lease=SECOND, token="t")
        end = Settle(CancellationState.CONFIRMED, Outcome.CANCELLED)
        (closed,) = settling.settle(connection, [Settlement(message_id(number), "t", end)], now=NOW)
    assert closed.ledger is LedgerState.CANCELLED


def chosen(database, hold_id):
    """What a gate, and what the campaign, has had cancelled."""
    with database.read() as connection:
        return rescheduling.of_hold(connection, hold_id), rescheduling.of_campaign(connection, "spring")


def test_request_says_what_the_old_message_said(database):
    details = {
        "text": "Spring sale",
        "type": "MMS",
        "media": [{"url": "https://example.com/sale.png", "content_type": "image/png"}],
        "subject": "Sale",
        "webhook_url": "https://example.com/webhooks/telnyx",
        "parts": 1,
    }
    cancelled(database, details=details)
    begun = begin(database)
    assert isinstance(begun, Begun)
    assert begun.request == {
        "from": OURS,
        "messaging_profile_id": PROFILE,
        "to": ALICE,
        "text": "Spring sale",
        "media_urls": ["https://example.com/sale.png"],
        "subject": "Sale",
        "type": "MMS",
        "webhook_url": "https://example.com/webhooks/telnyx",
        "send_at": "2026-05-01T15:00:00Z",
    }
    row = intent(database, begun)
    assert (row.state, row.door, row.replaces) == (IntentState.OPEN, "reschedule", message_id())


@pytest.mark.parametrize(
    ("more", "why_not"),
    [
        pytest.param({"ledger": LedgerState.RELEASED}, WhyNot.NOT_CANCELLED, id="released"),
        pytest.param({"ledger": LedgerState.BREACH}, WhyNot.NOT_CANCELLED, id="breach"),
        pytest.param({"ledger": LedgerState.PENDING}, WhyNot.NOT_CANCELLED, id="pending"),
        pytest.param({"to": (ALICE, BOB)}, WhyNot.SEVERAL_RECIPIENTS, id="group"),
        pytest.param({"details": {"type": "RCS", "body": {"text": "Sale"}}}, WhyNot.KIND, id="RCS"),
        pytest.param({"details": {"type": "SMS"}}, WhyNot.TEXT_UNKNOWN, id="no text"),
        pytest.param({"details": {"text": "Sale", "media": [{"size": 1}]}}, WhyNot.TEXT_UNKNOWN, id="media lost"),
        pytest.param({"from_number": None, "messaging_profile_id": None}, WhyNot.TEXT_UNKNOWN, id="no sender"),
        pytest.param({"send_at": NOW + SOONEST - SECOND}, WhyNot.TOO_LATE, id="too soon"),
        pytest.param({"send_at": NOW + SOONEST}, None, id="soon enough"),
        pytest.param({"send_at": NOW + LATEST + SECOND}, WhyNot.TOO_LATE, id="too far"),
        pytest.param({"details": {"media": [{"url": "https://example.com/a.png"}]}}, None, id="media alone"),
        pytest.param({"from_number": None}, None, id="sender from the profile's pool"),
    ],
)
def test_message_goes_out_again_or_it_is_said_why_not(sqlite_database, more, why_not):
    cancelled(sqlite_database, **more)
    plan = look(sqlite_database)
    assert plan.why_not is why_not
    assert bool(plan.told) is (why_not is not None)
    begun = begin(sqlite_database)
    assert isinstance(begun, Plan if why_not else Begun)
    with sqlite_database.read() as connection:
        assert len(intents.of_message(connection, message_id())) == (why_not is None)


def test_another_time_serves_what_is_too_late(database):
    cancelled(database, send_at=NOW + SECOND)
    later = Terms(at=NOW + timedelta(days=2))
    assert look(database, terms=later) == Plan(message_id(), ALICE, NOW + timedelta(days=2))
    begun = begin(database, terms=later)
    assert isinstance(begun, Begun)
    assert begun.request["send_at"] == "2026-05-03T12:00:00Z"


def test_request_under_way_in_doubt_and_asked_for_again(database):
    cancelled(database)
    first = begin(database)
    again = Terms(again=True)
    at_once, later = NOW + IN_FLIGHT - SECOND, NOW + IN_FLIGHT

    assert look(database, now=at_once, terms=again).why_not is WhyNot.UNDER_WAY
    assert look(database, now=later).why_not is WhyNot.IN_DOUBT
    assert isinstance(begin(database, now=later), Plan)
    told_unknown(database, first)
    assert look(database, now=later).why_not is WhyNot.IN_DOUBT

    second = begin(database, now=later, terms=again)
    assert isinstance(second, Begun)
    assert intent(database, second).replaces == message_id()
    left = intent(database, first)
    assert (left.state, left.replaces) == (IntentState.UNKNOWN, None)
    assert "once more" in left.reason


def test_message_in_doubt_that_is_registered_by_its_id_is_done(database):
    cancelled(database)
    told_unknown(database, begin(database))
    with database.begin() as connection:
        meeting.register_named(connection, [registration(2)], RULES, door="import", now=NOW)
    for terms in (KEPT, Terms(again=True)):
        plan = look(database, now=NOW + IN_FLIGHT, terms=terms)
        assert (plan.why_not, plan.told) == (WhyNot.DONE, f"it was replaced by {message_id(2)}")


def test_declined_request_stands_in_nobodys_way(database):
    cancelled(database)
    first = begin(database)
    with database.begin() as connection:
        intending.declined(connection, first.intent, http_status=422, reason="no", now=NOW)
    assert look(database).why_not is None
    assert isinstance(begin(database), Begun)


def test_answer_links_both_messages(database):
    cancelled(database, campaign_key="spring")
    begun = begin(database)
    with database.begin() as connection:
        intending.answered(connection, begun.intent, scheduled(2), RULES, http_status=200, now=NOW)
    plan = look(database)
    assert (plan.why_not, plan.told) == (WhyNot.DONE, f"it was replaced by {message_id(2)}")
    with database.read() as connection:
        old, new = (
            story.story(connection, message_id(each), cancel_by=deadlines.cancel_by, now=NOW) for each in (1, 2)
        )
    assert (old["replaced_by"], old["replaces"]) == (message_id(2), None)
    assert (new["replaced_by"], new["replaces"]) == (None, message_id(1))
    assert (new["message"]["door"], new["message"]["campaign"]) == ("reschedule", "spring")


def test_messages_of_a_gate_are_those_that_it_ordered_to_be_cancelled(database):
    near = NOW + LAST_LOOK + WALL
    gate = Gate(HoldKind.HOLD, Scope.CAMPAIGN, "spring", "wrong price", None, "test")
    with database.begin() as connection:
        hold_id = holding.place(connection, gate, now=NOW).row.hold.id
    registered(database, registration(1, campaign_key="spring", send_at=near))
    registered(database, registration(2, campaign_key="spring"))
    registered(database, registration(3, campaign_key="news", send_at=near))
    assert chosen(database, hold_id) == ([], [])
    confirmed(database)
    assert chosen(database, hold_id) == ([message_id(1)], [message_id(1)])


def test_message_that_the_application_cancelled_after_the_panic_was_lifted_stays_cancelled(database):
    registered(
        database, registration(1, campaign_key="spring", send_at=NOW + HOUR), registration(2, campaign_key="spring")
    )
    gate = Gate(HoldKind.PANIC, Scope.CAMPAIGN, "spring", "wrong price", None, "test")
    with database.begin() as connection:
        panic = holding.place(connection, gate, now=NOW).row.hold.id
    reviewed(database)
    confirmed(database, 1)
    with database.begin() as connection:
        holding.lift(connection, panic, by="test", reason=None, now=NOW)
    reviewed(database)
    with database.begin() as connection:
        passing.cancelled(connection, said_cancelled(2), now=NOW)

    with database.read() as connection:
        assert cancellations.of(connection, message_id(2)).state == CancellationState.WITHDRAWN
        assert messages.find(connection, message_id(2)).ledger == LedgerState.CANCELLED
    assert chosen(database, panic) == ([message_id(1)], [message_id(1)])


def test_message_that_the_application_cancelled_is_offered_when_it_is_named_itself(database):
    registered(database, registration())
    with database.begin() as connection:
        passing.cancelled(connection, said_cancelled(1), now=NOW)
    assert look(database).why_not is None
    assert isinstance(begin(database), Begun)


def test_two_at_once_write_one_request(postgresql_database):
    cancelled(postgresql_database)
    gate = threading.Barrier(2)

    def go() -> Begun | Plan:
        gate.wait(5)
        return begin(postgresql_database)

    with ThreadPoolExecutor(2) as pool:
        made = [doing.result(20) for doing in [pool.submit(go), pool.submit(go)]]
    assert sorted(type(each).__name__ for each in made) == ["Begun", "Plan"]
    (other,) = [each for each in made if isinstance(each, Plan)]
    assert other.why_not is WhyNot.UNDER_WAY
