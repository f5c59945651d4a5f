"""Requests to send: judged before there is a message, and followed until it is known what came of them."""

from __future__ import annotations

import itertools
from dataclasses import replace
from datetime import timedelta
from functools import partial

import pytest

from core.deciding import Act
from core.errors import RequestInvalid
from core.facts import MessageClass
from core.fingerprints import fingerprint
from core.intents import IntentState, text_digest, yielding_to
from ledger import intending
from ledger.intending import Wish
from store import intents
from tests.books import opted_out, stories
from tests.reports import ALICE, BOB, NOW, OURS, PROFILE, RULES, message_id, scheduled

WISH = Wish(
    path="messages",
    recipients=(ALICE,),
    from_number=OURS,
    messaging_profile_id=PROFILE,
    campaign_key="spring",
    message_class=MessageClass.OTP,
    tags=("a",),
    send_at=NOW + timedelta(hours=3),
    text_digest=text_digest("Spring sale"),
    fingerprint=fingerprint("Spring sale"),
)


def judged(database, wish=WISH, now=NOW):
    with database.begin() as connection:
        return intending.judge(connection, wish, RULES, now=now)[0]


def begun(database, wish=WISH, door="passthrough", now=NOW):
    decision = judged(database, wish, now)
    with database.begin() as connection:
        return intending.begin(connection, wish, door=door, decision=decision, now=now).id


def answered(database, intent_id, report=None):
    with database.begin() as connection:
        return intending.answered(
            connection, intents.find(connection, intent_id), report or scheduled(), RULES, http_status=200, now=NOW
        )


def kept(database, intent_id):
    with database.read() as connection:
        return intents.find(connection, intent_id)


def test_request_is_kept_as_it_was_made(database):
    row = kept(database, begun(database))
    assert (row.state, row.door, row.path, row.phone_number) == ("open", "passthrough", "messages", ALICE)
    assert intending.wish_of(row) == WISH
    assert {verdict["policy"] for verdict in row.verdicts} >= {"opt_out", "stale_campaign"}
    assert (row.reason, row.settled_at, row.http_status) == (None, None, None)


def test_refused_request_is_kept_with_its_reason(database):
    opted_out(database)
    assert judged(database).verdict is Act.CANCEL
    row = kept(database, begun(database))
    assert (row.state, row.policy, row.settled_at) == ("refused", "opt_out", NOW)
    assert "opted out" in row.reason
    assert judged(database, replace(WISH, recipients=(BOB,))).verdict is Act.ALLOW


def test_answer_registers_the_message_with_what_its_sender_said_of_it(database):
    registered = answered(database, begun(database, door="reschedule"))
    row = registered.message
    assert (row.ledger, row.door, row.campaign_key, row.message_class, row.tags) == (
        "pending",
        "reschedule",
        "spring",
        "otp",
        ["a"],
    )
    assert stories(database)["decisions"][0]["verdict"] == "allow"


def test_time_of_the_request_serves_where_the_answer_has_none(database):
    registered = answered(database, begun(database), scheduled(send_at=None) and replace(scheduled(), send_at=None))
    assert registered.message.send_at == WISH.send_at


def test_message_without_a_time_is_merged_and_not_registered(database):
    intent_id = begun(database, replace(WISH, send_at=None))
    assert answered(database, intent_id, replace(scheduled(), send_at=None)) is None
    message = stories(database)["message"]
    assert (message["ledger"], message["registered_at"], message["door"]) == (None, None, "passthrough")
    assert kept(database, intent_id).state == IntentState.ANSWERED


def test_same_message_is_replaced_once(database):
    wish = replace(WISH, replaces=message_id(9))
    first = begun(database, wish)
    with pytest.raises(RequestInvalid):
        begun(database, wish)
    declined(database, first)
    second = begun(database, wish)
    with pytest.raises(RequestInvalid):
        begun(database, wish)
    answered(database, second)
    with pytest.raises(RequestInvalid):
        begun(database, wish)
    with database.read() as connection:
        assert {row.id for row in intents.of_message(connection, message_id(9))} == {first, second}
        assert [row.id for row in intents.of_message(connection, message_id())] == [second]


def declined(database, intent_id, reason="no"):
    with database.begin() as connection:
        intending.declined(connection, intents.find(connection, intent_id), http_status=422, reason=reason, now=NOW)


def tell(database, intent_id, state):
    with database.begin() as connection:
        match state:
            case IntentState.ANSWERED:
                intending.answered(
                    connection, intents.find(connection, intent_id), scheduled(), RULES, http_status=200, now=NOW
                )
            case IntentState.FOUND:
                intents.settle(connection, intent_id, IntentState.FOUND, now=NOW, message_id=message_id(7))
            case _:
                intending.unknown(
                    connection, intents.find(connection, intent_id), RULES, http_status=None, reason="timeout", now=NOW
                )


def test_what_is_told_in_any_order_comes_to_the_same(sqlite_database):
    ends = (IntentState.UNKNOWN, IntentState.FOUND, IntentState.ANSWERED)
    for order in itertools.permutations(ends):
        intent_id = begun(sqlite_database)
        for state in order:
            tell(sqlite_database, intent_id, state)
        row = kept(sqlite_database, intent_id)
        assert (row.state, row.message_id) == (IntentState.ANSWERED, message_id())
    for order in itertools.permutations(ends[:2]):
        intent_id = begun(sqlite_database)
        for state in order:
            tell(sqlite_database, intent_id, state)
        assert kept(sqlite_database, intent_id).state == IntentState.FOUND


@pytest.mark.parametrize("comes_late", [True, False])
def test_refusal_by_telnyx_ends_the_doubt_whenever_it_is_told(database, comes_late):
    intent_id = begun(database, replace(WISH, replaces=message_id(9)))
    told = [partial(tell, state=IntentState.UNKNOWN), partial(declined, reason="Telnyx answered 422")]
    for each in told if comes_late else reversed(told):
        each(database, intent_id)
    row = kept(database, intent_id)
    assert (row.state, row.http_status, row.reason) == (IntentState.DECLINED, 422, "Telnyx answered 422")
    with database.read() as connection:
        assert intents.in_doubt_to(connection, {ALICE}) == []
        assert intents.replacing(connection, {message_id(9)}) == {}


@pytest.mark.parametrize("end", [IntentState.REFUSED, IntentState.DECLINED])
def test_end_is_an_end(end):
    assert all(end not in yielding_to(told) for told in IntentState)
