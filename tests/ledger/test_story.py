"""What is told of requests that led to no message that is known, and of those that did."""

from __future__ import annotations

from dataclasses import replace

import pytest

from core import deadlines
from core.deadlines import last_look
from core.errors import NotFound
from core.holds import HoldKind
from core.scopes import Scope
from ledger import consenting, holding, intending, showing, story
from ledger.holding import Gate
from store import intents
from tests.books import opted_out, registered, told
from tests.ledger.test_intending import WISH, answered, begun
from tests.ledger.test_meeting import LATER, lost, sent
from tests.reports import ALICE, BOB, NOW, message_id, registration


def asked(database, of):
    with database.read() as connection:
        return story.story(connection, of, cancel_by=deadlines.cancel_by, now=NOW)


def listed(database, number=ALICE):
    with database.read() as connection:
        return consenting.shown(connection, number)["requests_without_message"]


def lines(told_of):
    return [(entry["kind"], entry["text"]) for entry in told_of["timeline"]]


def test_refused_request_is_told_with_what_refused_it(database):
    opted_out(database)
    intent_id = begun(database)
    told_of = asked(database, intent_id)
    request = told_of["request"]
    assert (told_of["message"], told_of["decisions"], told_of["cancellation"]) == (None, [], None)
    assert (request["id"], request["state"], request["policy"]) == (intent_id, "refused", "opt_out")
    assert (request["door"], request["recipients"], request["http_status"]) == ("passthrough", [ALICE], None)
    assert "opted out" in request["reason"]
    said = lines(told_of)
    assert (
        "request",
        f"asked through passthrough (messages) for a message to {ALICE}, to be sent at 2026-05-01T15:00:00Z",
    ) in said
    assert ("decision", f"opt_out: cancel: {request['reason']}") in said
    assert ("consent", f"{ALICE} opt_out by api: by phone") in said
    assert ("request", f"refused, and never sent to Telnyx: {request['reason']}") in said
    assert listed(database) == [request]


def test_declined_request_is_told_with_what_telnyx_answered(sqlite_database):
    intent_id = begun(sqlite_database, replace(WISH, send_at=None, replaces=message_id(9)))
    with sqlite_database.begin() as connection:
        intending.declined(
            connection, intents.find(connection, intent_id), http_status=422, reason="Telnyx answered 422", now=NOW
        )
    told_of = asked(sqlite_database, intent_id)
    assert (told_of["request"]["http_status"], told_of["replaces"]) == (422, message_id(9))
    said = lines(told_of)
    assert ("request", "came to nothing: Telnyx answered 422") in said
    assert said[0][1].endswith(f"to be sent at once, in place of {message_id(9)}")


def test_request_whose_answer_was_lost_is_told_until_its_message_is_found(database):
    intent_id = lost(database)
    told_of = asked(database, intent_id)
    assert ("request", "in doubt, Telnyx may hold the message: timeout") in lines(told_of)
    assert [each["id"] for each in listed(database)] == [intent_id]

    told(database, sent(), now=LATER)
    assert listed(database) == []
    found = asked(database, intent_id)
    assert (found["message"]["id"], found["request"]["state"]) == (message_id(), "found")
    assert found == asked(database, message_id())


def test_request_that_was_answered_is_told_by_its_message(sqlite_database):
    intent_id = begun(sqlite_database)
    assert lines(asked(sqlite_database, intent_id))[0][0] == "request"
    answered(sqlite_database, intent_id)
    told_of = asked(sqlite_database, intent_id)
    assert (told_of["message"]["id"], told_of["request"]["id"]) == (message_id(), intent_id)
    assert listed(sqlite_database) == []


def test_newest_requests_to_a_number_are_listed_first_and_no_others(sqlite_database):
    first, second = lost(sqlite_database), lost(sqlite_database, now=LATER)
    lost(sqlite_database, replace(WISH, recipients=(BOB,)))
    begun(sqlite_database)
    assert [each["id"] for each in listed(sqlite_database)] == [second, first]


def test_story_of_nothing_that_is_known_is_an_error(sqlite_database):
    with pytest.raises(NotFound):
        asked(sqlite_database, message_id(9))


def test_hold_that_was_placed_after_the_decision_stands_in_the_story(database):
    registered(database, registration(1), registration(2, to=(BOB,)))
    with database.begin() as connection:
        gate = Gate(HoldKind.HOLD, Scope.RECIPIENT, ALICE, "wrong price", None, "test")
        hold = holding.place(connection, gate, now=NOW).row.hold

    (shown,) = asked(database, message_id(1))["held_by"]

    assert (shown["id"], shown["kind"], shown["reason"]) == (hold.id, "hold", "wrong price")
    assert shown["cancels_at"] == showing.instant(last_look(registration(1).report.send_at))
    assert asked(database, message_id(2))["held_by"] == []
    with database.begin() as connection:
        holding.lift(connection, hold.id, by="test", reason=None, now=NOW)
    assert asked(database, message_id(1))["held_by"] == []
