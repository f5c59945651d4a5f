"""Opt-outs over HTTP, and what is known of a number."""

from __future__ import annotations

from datetime import timedelta

import pytest

from core.consent import ConsentScope
from core.deciding import Mode
from core.facts import MessageClass
from core.policies import opt_out
from core.policies.catalogue import rules
from ledger import absorbing
from ledger.absorbing import Heard
from store import cancellations
from tests.api_calls import Api, refused, telnyx_message, told
from tests.ledger.test_intending import begun
from tests.reports import ALICE, BOB, NOW, PROFILE, RULES, heard, message_id, text


def test_opt_out_cancels_what_is_pending(api):
    api.post("/v1/messages", {"messages": [telnyx_message(1), telnyx_message(2), telnyx_message(3, to=BOB)]})
    api.rung = 0
    answer = api.post("/v1/opt-outs", {"phone_number": ALICE, "reason": "asked by phone"})

    assert told(answer, 201) == {"phone_number": ALICE, "opted_out": True, "cancelling": 2}
    assert api.rung == 1
    with api.database.read() as connection:
        assert cancellations.of(connection, message_id(1)).policy == "opt_out"
        assert cancellations.of(connection, message_id(3)) is None
    decision = told(api.get(f"/v1/messages/{message_id(1)}/why"))["decisions"][-1]
    assert (decision["facts"]["evidence"], decision["facts"]["source"]) == ("asked by phone", "api")


def test_opt_out_may_be_repeated(api):
    api.post("/v1/messages", telnyx_message())
    body = {"phone_number": ALICE, "messaging_profile_id": None, "reason": None}
    first = told(api.post("/v1/opt-outs", body), 201)
    assert told(api.post("/v1/opt-outs", body), 201) == first
    assert told(api.get(f"/v1/recipients/{ALICE}"))["opted_out"] is True


def test_opt_out_of_a_formatted_number_holds_for_the_number(api):
    api.post("/v1/messages", telnyx_message())
    assert told(api.post("/v1/opt-outs", {"phone_number": "+1 (555) 765-0101"}), 201) == {
        "phone_number": ALICE,
        "opted_out": True,
        "cancelling": 1,
    }


def test_opt_out_under_a_shadowed_policy_cancels_nothing(sqlite_database):
    shadowed = rules(opt_out=opt_out.Settings(mode=Mode.SHADOW))
    api = Api(sqlite_database, rules=shadowed)
    api.post("/v1/messages", telnyx_message())
    assert told(api.post("/v1/opt-outs", {"phone_number": ALICE}), 201)["cancelling"] == 0
    with api.database.read() as connection:
        assert cancellations.of(connection, message_id()) is None


def test_opt_out_counts_only_what_it_cancels_itself(sqlite_database):
    exempting = rules(opt_out=opt_out.Settings(exempt=frozenset({MessageClass.TRANSACTIONAL})))
    api = Api(sqlite_database, rules=exempting)
    body = {"data": telnyx_message(), "campaign": "sale", "class": "transactional"}
    told(api.post("/v1/messages", body), 201)
    told(api.ask("PUT", "/v1/campaigns/sale", json={"status": "ended"}))
    assert told(api.post("/v1/opt-outs", {"phone_number": ALICE}), 201)["cancelling"] == 0
    with api.database.read() as connection:
        assert cancellations.of(connection, message_id()).policy == "stale_campaign"


def test_opt_out_that_a_later_word_outranks_does_not_stand(api):
    with api.database.begin() as connection:
        absorbing.absorb(connection, heard(text("START", minute=1)), RULES, now=NOW)
    api.now = NOW - timedelta(hours=1)
    api.post("/v1/messages", telnyx_message() | {"messaging_profile_id": PROFILE})
    assert told(api.post("/v1/opt-outs", {"phone_number": ALICE}), 201) == {
        "phone_number": ALICE,
        "opted_out": False,
        "cancelling": 0,
    }
    assert told(api.get(f"/v1/recipients/{ALICE}"))["opted_out"] is False


def test_opt_out_of_every_profile_stands_for_those_that_no_later_start_was_sent_to(api):
    with api.database.begin() as connection:
        absorbing.absorb(connection, heard(text("START", minute=1)), RULES, now=NOW)
    api.now = NOW - timedelta(hours=1)
    ours = telnyx_message(1) | {"messaging_profile_id": PROFILE}
    others = telnyx_message(2) | {"messaging_profile_id": "4001a7b2-0000-4000-8000-000000000002"}
    api.post("/v1/messages", {"messages": [ours, others]})

    assert told(api.post("/v1/opt-outs", {"phone_number": ALICE}), 201) == {
        "phone_number": ALICE,
        "opted_out": False,
        "cancelling": 1,
    }
    with api.database.read() as connection:
        assert cancellations.of(connection, message_id(1)) is None
        assert cancellations.of(connection, message_id(2)).policy == "opt_out"


def test_recipient_is_shown_with_all_they_said(api):
    api.post("/v1/messages", telnyx_message())
    api.now = NOW + timedelta(minutes=1)
    api.post("/v1/opt-outs", {"phone_number": ALICE, "messaging_profile_id": PROFILE, "reason": "asked by phone"})
    with api.database.begin() as connection:
        start = Heard(text("START", minute=2, event_id="the-start"), NOW + timedelta(minutes=2))
        absorbing.absorb(connection, [start], RULES, now=NOW + timedelta(minutes=2))
    shown = told(api.get(f"/v1/recipients/{ALICE}"))

    assert (shown["phone_number"], shown["opted_out"], shown["pending"]) == (ALICE, False, 1)
    assert [(each["kind"], each["source"], each["evidence"]) for each in shown["consent"]] == [
        ("opt_out", "api", "asked by phone"),
        ("opt_in", "webhook", "START"),
    ]
    assert (shown["consent"][0]["messaging_profile_id"], shown["consent"][1]["event_id"]) == (PROFILE, "the-start")


def test_opt_out_of_one_profile_is_an_opt_out_whatever_the_scope(sqlite_database):
    narrow = rules(opt_out=opt_out.Settings(scope=ConsentScope.PROFILE))
    api = Api(sqlite_database, rules=narrow)
    api.post("/v1/messages", telnyx_message())
    answer = api.post("/v1/opt-outs", {"phone_number": ALICE, "messaging_profile_id": PROFILE})
    assert told(answer, 201)["cancelling"] == 0
    assert told(api.get(f"/v1/recipients/{ALICE}"))["opted_out"] is True


def test_unknown_recipient_has_said_nothing(api):
    assert told(api.get("/v1/recipients/%2B15559990000")) == {
        "phone_number": "+15559990000",
        "time_zone": None,
        "region": None,
        "opted_out": False,
        "consent": [],
        "pending": 0,
        "requests_without_message": [],
    }


def test_formatted_number_in_a_path_is_the_number(untouched_api):
    assert told(untouched_api.get("/v1/recipients/+1%20(555)%20765-0101"))["phone_number"] == ALICE


@pytest.mark.parametrize(
    "number", ["5550001", "15557650101", "STOP", "%00", "%ED%A0%80", "+", "+1555***0001", "x" * 3000]
)
def test_path_that_is_no_number_is_422(untouched_api, number):
    assert refused(untouched_api.get(f"/v1/recipients/{number}"), 422)["message"].startswith("phone_number: ")


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ([], "the body is not an object"),
        ({}, "phone_number: is missing"),
        ({"phone_number": None}, "phone_number: is null; leave it out instead"),
        ({"phone_number": 15557650101}, "phone_number: is not a text"),
        (
            {"phone_number": "5550001"},
            "phone_number: is not a phone number with its country code, such as +15551230001",
        ),
        ({"phone_number": "+" + "1" * 70}, "phone_number: is longer than 64 characters"),
        ({"phone_number": ALICE, "reason": "a\x00b"}, "reason: has a NUL or half of a surrogate pair in it"),
        ({"phone_number": ALICE, "reason": "a\udc00"}, "reason: has a NUL or half of a surrogate pair in it"),
        ({"phone_number": ALICE, "reason": "x" * 1001}, "reason: must have 1 to 1000 characters"),
        (
            {"phone_number": ALICE, "messaging_profile_id": "x" * 65},
            "messaging_profile_id: must have 1 to 64 characters",
        ),
        (
            {"phone_number": ALICE, "profile_id": "x"},
            "profile_id: is not known here; did you mean 'messaging_profile_id'?",
        ),
    ],
)
def test_opt_out_that_cannot_be_read_is_422_and_records_nothing(untouched_api, body, message):
    assert refused(untouched_api.post("/v1/opt-outs", body), 422)["message"] == message
    assert told(untouched_api.get(f"/v1/recipients/{ALICE}"))["consent"] == []
    assert untouched_api.rung == 0


def test_requests_that_were_refused_are_listed_and_explained(api):
    told(api.post("/v1/opt-outs", {"phone_number": ALICE}), 201)
    intent_id = begun(api.database)
    (request,) = told(api.get(f"/v1/recipients/{ALICE}"))["requests_without_message"]
    assert (request["id"], request["state"], request["policy"]) == (intent_id, "refused", "opt_out")
    story = told(api.get(f"/v1/messages/{intent_id}/why"))
    assert (story["message"], story["request"]) == (None, request)
    refused(api.get(f"/v1/messages/{intent_id}"), 404)
    assert told(api.get(f"/v1/recipients/{BOB}"))["requests_without_message"] == []
