"""Messages whose ids were lost: known again by what events tell, and alarmed about when somebody opts out."""

from __future__ import annotations

import itertools
import shutil
from dataclasses import replace
from datetime import timedelta

import pytest
from structlog.testing import capture_logs

from core.facts import MessageClass
from ledger import consenting, intending, meeting, unanswered
from ledger.registering import Registration
from store import intents
from store.engine import Database
from tests.books import dump, registered, stories, told
from tests.ledger.test_intending import WISH, answered, begun, kept
from tests.reports import ALICE, BOB, NOW, OURS, RULES, message_id, registration, scheduled, status, text

LATER = WISH.send_at + timedelta(seconds=20)


def sent(number=1, word="sent", *, received=timedelta(seconds=1), at=LATER, **more):
    report = status(number, word, event_id=f"event-{number}-{word}")
    details = {**report.details, **({"received_at": (NOW + received).isoformat()} if received is not None else {})}
    return replace(report, **{"occurred_at": at, "details": details, **more})


def lost(database, wish=WISH, now=NOW):
    intent_id = begun(database, wish, now=now)
    with database.begin() as connection:
        intending.unknown(
            connection, intents.find(connection, intent_id), RULES, http_status=None, reason="timeout", now=now
        )
    return intent_id


def test_event_gives_the_lost_message_away(database):
    intent_id = lost(database)
    told(database, sent(), now=LATER)
    assert (kept(database, intent_id).state, kept(database, intent_id).message_id) == ("found", message_id())
    message = stories(database)["message"]
    assert (message["ledger"], message["campaign"], message["door"]) == ("released", "spring", "passthrough")


def test_request_whose_maker_died_is_met_as_well(database):
    intent_id = begun(database)
    told(database, sent(word="delivered"), now=LATER)
    assert kept(database, intent_id).state == "found"
    assert stories(database)["message"]["ledger"] == "released"


@pytest.mark.parametrize(
    "stranger",
    [
        pytest.param(sent(from_number="+15557650999"), id="another sender"),
        pytest.param(sent(messaging_profile_id="4001a7b2-0000-4000-8000-00000000ffff"), id="another profile"),
        pytest.param(sent(received=timedelta(minutes=5)), id="received at another time"),
        pytest.param(sent(received=None, at=NOW), id="sent long before its time"),
        pytest.param(sent(at=NOW + timedelta(seconds=10)), id="received at the same time, and sent at once"),
        pytest.param(sent(received=None, at=LATER + timedelta(hours=6)), id="sent long after its time"),
        pytest.param(sent(send_at=LATER + timedelta(minutes=5)), id="scheduled for another time"),
        pytest.param(replace(sent(), details={**sent().details, "text": "Another"}), id="another text"),
        pytest.param(replace(status(to=(BOB,)), details=sent().details), id="another recipient"),
    ],
)
def test_message_of_somebody_else_is_not_taken_for_it(sqlite_database, stranger):
    intent_id = lost(sqlite_database)
    told(sqlite_database, stranger, now=LATER)
    assert (kept(sqlite_database, intent_id).state, kept(sqlite_database, intent_id).message_id) == ("unknown", None)
    assert stories(sqlite_database)["message"]["ledger"] is None


def test_text_that_telnyx_has_changed_hides_nothing(sqlite_database):
    intent_id = lost(sqlite_database)
    changed = replace(sent(), details={**sent().details, "text": "Spring - sale", "smart_encoding_applied": True})
    told(sqlite_database, changed, now=LATER)
    assert kept(sqlite_database, intent_id).state == "found"


def test_each_message_meets_the_request_that_was_made_next_to_it(sqlite_database):
    first = lost(sqlite_database)
    second = lost(sqlite_database, now=NOW + timedelta(seconds=40))
    told(sqlite_database, sent(2, received=timedelta(seconds=41)), sent(1), now=LATER)
    assert [kept(sqlite_database, each).message_id for each in (first, second)] == [message_id(1), message_id(2)]


def test_message_that_went_out_at_once_meets_the_request_for_that(database):
    waits = lost(database)
    at_once = begun(database, replace(WISH, send_at=None))
    told(database, sent(1, at=NOW + timedelta(seconds=10)), now=NOW + timedelta(seconds=10))
    assert (kept(database, waits).state, kept(database, at_once).state) == ("unknown", "found")
    assert stories(database)["message"]["ledger"] is None

    with capture_logs() as lines:
        told(database, text("STOP", minute=2), now=NOW + timedelta(minutes=2))
    assert len(alarms(lines)) == 1
    told(database, sent(2), now=LATER)
    assert kept(database, waits).message_id == message_id(2)


def test_message_that_was_answered_meets_no_other_request(sqlite_database):
    with sqlite_database.begin() as connection:
        decision = intending.judge(connection, WISH, RULES, now=NOW)[0]
        request = intending.begin(
            connection, replace(WISH, send_at=None), door="passthrough", decision=decision, now=NOW
        )
        report = replace(sent(word="queued"), source="registration", send_at=None)
        intending.answered(connection, request, report, RULES, http_status=200, now=NOW)
    second = lost(sqlite_database)
    told(sqlite_database, sent(), now=LATER)
    assert kept(sqlite_database, second).state == "unknown"


def test_events_in_any_order_leave_the_same(sqlite_template, tmp_path):
    events = (sent(), sent(word="delivered"), text("STOP", minute=30, event_id="stop"))
    left = []
    for number, order in enumerate(itertools.permutations(events)):
        path = shutil.copy(sqlite_template, tmp_path / f"{number}.db")
        database = Database(f"sqlite:///{path}")
        intent_id = lost(database)
        for each in order:
            told(database, each, now=LATER)
        left.append((dump(database)["message_recipients"], kept(database, intent_id).message_id))
        database.dispose()
    assert all(each == left[0] for each in left)


def alarms(lines):
    return [line for line in lines if line["event"] == "unknown_id_cannot_be_cancelled"]


def test_opt_out_of_somebody_with_a_lost_message_is_alarmed_about_and_counted(database):
    intent_id = lost(database)
    with capture_logs() as lines:
        told(database, text("STOP", minute=2), now=NOW + timedelta(minutes=2))
    (alarm,) = alarms(lines)
    assert (alarm["intents"], alarm["log_level"]) == ([intent_id], "error")
    assert ALICE not in str(alarm)
    with database.read() as connection:
        assert unanswered.count(connection, now=NOW) == 1


def test_opt_out_that_came_by_api_is_alarmed_about_too(sqlite_database):
    lost(sqlite_database)
    later = NOW + timedelta(minutes=2)
    with capture_logs() as lines, sqlite_database.begin() as connection:
        consenting.opt_out(connection, ALICE, RULES, cause="api:1", messaging_profile_id=None, reason=None, now=later)
    assert len(alarms(lines)) == 1


@pytest.mark.parametrize(
    ("words", "sender", "minute", "wish"),
    [
        pytest.param("START", ALICE, 2, WISH, id="an opt-in"),
        pytest.param("STOP", BOB, 2, WISH, id="somebody else"),
        pytest.param("STOP", ALICE, 0, WISH, id="the answer is on its way"),
        pytest.param("STOP", ALICE, 2, replace(WISH, send_at=None), id="it has gone out"),
        pytest.param("STOP", ALICE, 200, WISH, id="its time has passed"),
    ],
)
def test_nothing_else_raises_that_alarm(sqlite_database, words, sender, minute, wish):
    begun(sqlite_database, wish)
    with capture_logs() as lines:
        told(sqlite_database, text(words, sender=sender, minute=minute), now=NOW + timedelta(minutes=minute))
    assert alarms(lines) == []


def test_opt_out_in_time_makes_the_lost_message_a_breach_and_one_that_came_after_does_not(sqlite_database):
    lost(sqlite_database)
    told(sqlite_database, text("STOP", minute=2), now=NOW + timedelta(minutes=2))
    told(sqlite_database, sent(1), now=LATER)
    assert stories(sqlite_database)["message"]["breach_cause"] == "registered_too_late"

    lost(sqlite_database, replace(WISH, recipients=(BOB,)))
    told(sqlite_database, text("STOP", sender=BOB, minute=185), now=LATER + timedelta(minutes=5))
    after = replace(sent(2), addressees=status(2, to=(BOB,)).addressees)
    told(sqlite_database, after, now=LATER + timedelta(minutes=6))
    assert stories(sqlite_database, 2)["message"]["ledger"] == "released"


def test_sender_of_a_pool_may_be_any(sqlite_database):
    intent_id = lost(sqlite_database, replace(WISH, from_number=None))
    told(sqlite_database, sent(from_number=OURS), now=LATER)
    assert kept(sqlite_database, intent_id).state == "found"


def named(database, *registrations, now=NOW + timedelta(minutes=1)):
    with database.begin() as connection:
        return meeting.register_named(connection, registrations, RULES, door="import", now=now)


def test_message_that_somebody_names_closes_its_request_and_can_be_cancelled(database):
    intent_id = lost(database)
    (new,) = named(database, registration())
    assert (kept(database, intent_id).state, kept(database, intent_id).message_id) == ("found", message_id())
    row = new.message
    assert (row.door, row.campaign_key, row.message_class, row.tags) == ("import", "spring", "otp", ["a"])

    with capture_logs() as lines:
        told(database, text("STOP", minute=2), now=NOW + timedelta(minutes=2))
    assert alarms(lines) == []
    assert stories(database)["cancellation"]["state"] == "requested"


def test_what_is_said_of_a_named_message_goes_before_what_its_request_said(database):
    lost(database)
    said = Registration(scheduled(), "news", MessageClass.TRANSACTIONAL, ())
    (new,) = named(database, said)
    row = new.message
    assert (row.campaign_key, row.message_class, row.tags) == ("news", "transactional", [])


def test_messages_that_are_named_together_meet_a_request_each(sqlite_database):
    ids = [lost(sqlite_database), lost(sqlite_database, now=NOW + timedelta(seconds=40))]
    later = {"text": "Spring sale", "received_at": (NOW + timedelta(seconds=41)).isoformat()}
    named(sqlite_database, registration(2, details=later), registration(1), registration(3))
    assert [kept(sqlite_database, each).message_id for each in ids] == [message_id(1), message_id(2)]
    assert stories(sqlite_database, 3)["message"]["campaign"] is None


def test_named_message_that_is_no_news_meets_nothing(sqlite_database):
    registered(sqlite_database, registration(1, campaign_key="news"))
    intent_id = lost(sqlite_database)
    named(sqlite_database, registration(1))
    named(sqlite_database, registration(2, details={"text": "Another", "received_at": NOW.isoformat()}))
    assert kept(sqlite_database, intent_id).state == "unknown"
    assert [stories(sqlite_database, number)["message"]["campaign"] for number in (1, 2)] == ["news", None]


def test_answer_that_comes_after_its_message_was_named_stands(sqlite_database):
    intent_id = begun(sqlite_database)
    named(sqlite_database, registration(2))
    answered(sqlite_database, intent_id)
    assert (kept(sqlite_database, intent_id).state, kept(sqlite_database, intent_id).message_id) == (
        "answered",
        message_id(1),
    )
