"""Registering messages over HTTP: the bodies that are taken, and what is said of those that are not."""

from __future__ import annotations

from unittest.mock import ANY

import pytest

from store import cancellations, messages
from tests.api_calls import SEND_AT, Api, refused, telnyx_message, told
from tests.ledger.test_intending import kept
from tests.ledger.test_meeting import lost
from tests.reports import ALICE, BOB, NOW, OURS, PROFILE, message_id


def held(api: Api, number: int = 1):
    with api.database.read() as connection:
        return messages.find(connection, message_id(number))


def test_new_message_is_answered_201_with_the_decision(api):
    answer = api.post("/v1/messages", {"data": telnyx_message(), "campaign": "spring", "class": "otp"})

    assert told(answer, 201) == {
        "id": message_id(),
        "ledger": "pending",
        "send_at": SEND_AT,
        "cancel_by": "2026-05-01T14:58:30Z",
        "decision": {"verdict": "allow", "policy": None, "reason": ANY},
    }
    assert told(answer, 201)["decision"]["reason"].startswith("no policy objects; asked were hold, opt_out, ")
    row = held(api)
    assert (row.campaign_key, row.message_class, row.door) == ("spring", "otp", "api")
    assert api.rung == 1


@pytest.mark.parametrize("is_one_of_many", [True, False])
def test_message_of_a_lost_answer_is_known_again(api, is_one_of_many):
    intent_id = lost(api.database)
    found = telnyx_message(
        **{"from": {"phone_number": OURS}, "messaging_profile_id": PROFILE},
        text="Spring sale",
        received_at=NOW.isoformat(),
    )
    api.post("/v1/messages", {"messages": [found]} if is_one_of_many else found)

    assert (kept(api.database, intent_id).state, kept(api.database, intent_id).message_id) == ("found", message_id())
    assert held(api).campaign_key == "spring"


def test_known_message_is_answered_200_and_counted_once(api):
    api.post("/v1/messages", telnyx_message())
    assert told(api.post("/v1/messages", telnyx_message()), 200)["id"] == message_id()
    assert told(api.get("/v1/ledger"))["registered"] == 1


def test_known_message_keeps_what_its_sender_does_not_say_again(api):
    api.post("/v1/messages", {"data": telnyx_message(), "campaign": "spring", "class": "otp", "tags": ["vip"]})
    api.post("/v1/messages", telnyx_message())
    row = held(api)
    assert (row.campaign_key, row.message_class, row.tags) == ("spring", "otp", ["vip"])


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(telnyx_message(), id="bare"),
        pytest.param({"data": telnyx_message()}, id="as Telnyx envelopes it"),
        pytest.param({"data": {"data": telnyx_message()}}, id="Telnyx's envelope in ours"),
        pytest.param({"data": telnyx_message(), "meta": {"attempt": 1}}, id="with more in the envelope"),
        pytest.param(
            {"data": telnyx_message(), "campaign": None, "class": None, "send_at": None, "tags": None}, id="with nulls"
        ),
        pytest.param({"data": telnyx_message(send_at=None), "send_at": SEND_AT}, id="time beside the message"),
        pytest.param(
            {"data": telnyx_message(send_at=None), "send_at": "2026-05-01T17:00:00+02:00"}, id="time elsewhere"
        ),
        pytest.param({"data": telnyx_message(), "send_at": "2026-05-02T00:00:00Z"}, id="Telnyx's time goes first"),
    ],
)
def test_message_is_taken_in_every_form(quick_api, body):
    data = told(quick_api.post("/v1/messages", body), 201)
    assert (data["id"], data["send_at"]) == (message_id(), SEND_AT)


def test_message_to_somebody_who_opted_out_is_cancelled_at_once(api):
    api.post("/v1/opt-outs", {"phone_number": ALICE})
    decision = told(api.post("/v1/messages", telnyx_message()), 201)["decision"]
    assert (decision["verdict"], decision["policy"]) == ("cancel", "opt_out")
    with api.database.read() as connection:
        assert cancellations.of(connection, message_id()).state == "requested"


def test_message_that_is_no_longer_pending_shows_the_last_decision(api):
    api.post("/v1/messages", telnyx_message())
    sent = telnyx_message(to=ALICE) | {"to": [{"phone_number": ALICE, "status": "sent"}]}
    assert told(api.post("/v1/messages", sent))["ledger"] == "released"
    data = told(api.post("/v1/messages", telnyx_message()))
    assert (data["ledger"], data["decision"]["verdict"]) == ("released", "allow")


def test_message_that_was_never_decided_on_has_no_decision(api):
    cancelled = telnyx_message() | {"to": [{"phone_number": ALICE, "status": "cancelled"}]}
    data = told(api.post("/v1/messages", cancelled), 201)
    assert (data["ledger"], data["decision"]) == ("cancelled", None)


def test_many_are_registered_whatever_some_are_like(api):
    inbound = telnyx_message(8, direction="inbound")
    listed = [
        {"data": telnyx_message(1), "campaign": "spring"},
        {"data": {"id": "40385F64-5717-4562-B3FC-2C963F66AFA6"}},
        telnyx_message(2, to=BOB),
        "no object",
        telnyx_message(3, send_at=None),
        telnyx_message(1),
        inbound,
        {"data": telnyx_message(4), "send_at": "2026-05-02T00:00:00"},
    ]
    answer = api.post("/v1/messages", {"messages": listed})

    assert [each["id"] for each in told(answer)] == [message_id(1), message_id(2), message_id(1)]
    errors = answer.get_json()["errors"]
    assert {each["code"] for each in errors} == {"request_invalid"}
    assert [(each["index"], each["message"].split(";")[0]) for each in errors] == [
        (1, "messages[1].data.id: is not a UUID in lower case with dashes"),
        (3, "messages[3]: is not an object"),
        (4, f"messages[4]: message {message_id(3)} has no send_at"),
        (6, "messages[6].direction: an inbound message is not one that could be cancelled"),
        (7, "messages[7].send_at: has no zone"),
    ]
    assert told(api.get("/v1/ledger"))["registered"] == 2
    assert held(api, 3) is None
    assert held(api, 4) is None


def test_many_are_registered_in_parts(api):
    listed = [telnyx_message(number, to=f"+1555765{number:04d}") for number in range(1, 251)]
    data = told(api.post("/v1/messages", {"messages": listed}))
    assert [each["id"] for each in data] == [each["id"] for each in listed]
    assert told(api.get("/v1/ledger"))["pending"] == 250


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ([], "the body is not an object"),
        ({}, "id: is missing"),
        ({"data": []}, "data: is not an object"),
        ({"data": telnyx_message() | {"to": []}}, "data.to: is empty"),
        ({"data": telnyx_message() | {"id": "x"}}, "data.id: is not a UUID in lower case with dashes"),
        ({"data": telnyx_message(), "campaing": "spring"}, "campaing: is not known here; did you mean 'campaign'?"),
        ({"data": telnyx_message(), "campaign": ""}, "campaign: must have 1 to 255 characters"),
        ({"data": telnyx_message(), "campaign": "x" * 256}, "campaign: must have 1 to 255 characters"),
        ({"data": telnyx_message(), "campaign": "spring "}, "campaign: begins or ends with a blank"),
        ({"data": telnyx_message(), "campaign": "a\x00b"}, "campaign: has characters in it that cannot be printed"),
        ({"data": telnyx_message(), "campaign": "a\ud800b"}, "campaign: has characters in it that cannot be printed"),
        ({"data": telnyx_message(), "campaign": 7}, "campaign: is not a text"),
        (
            {"data": telnyx_message(), "class": "promo"},
            "class: is not one of: marketing, transactional, otp, compliance",
        ),
        (
            {"data": telnyx_message(), "class": ["otp"]},
            "class: is not one of: marketing, transactional, otp, compliance",
        ),
        ({"data": telnyx_message(), "tags": "vip"}, "tags: is not a list"),
        ({"data": telnyx_message(), "tags": ["vip", "a\nb"]}, "tags[1]: has characters in it that cannot be printed"),
        ({"data": telnyx_message(), "tags": ["x"] * 51}, "tags: has more than 50 entries"),
        ({"data": telnyx_message(), "send_at": 1777647600}, "send_at: is not a time such as 2026-02-15T14:30:00Z"),
        (telnyx_message(campaign="spring"), 'campaign: belongs beside the message: {"data": <message>, "campaign": …}'),
        ({"messages": {}}, "messages: is not a list"),
        ({"messages": []}, "messages: has 0 entries; send 1 to 1,000 at a time"),
        ({"messages": [{}] * 1001}, "messages: has 1,001 entries; send 1 to 1,000 at a time"),
        ({"messages": [], "campaign": "a"}, "campaign: belongs into each entry of 'messages', not beside it"),
    ],
)
def test_body_that_cannot_be_read_is_422_and_says_where(untouched_api, body, message):
    assert refused(untouched_api.post("/v1/messages", body), 422) == {"code": "request_invalid", "message": message}
    assert told(untouched_api.get("/v1/ledger"))["registered"] == 0
    assert untouched_api.rung == 0


def test_message_without_a_time_is_422_and_says_where_to_give_it(untouched_api):
    error = refused(untouched_api.post("/v1/messages", telnyx_message(send_at=None)), 422)
    assert "give it beside 'data'" in error["message"]
    assert held(untouched_api) is None
