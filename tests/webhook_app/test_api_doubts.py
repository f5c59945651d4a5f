"""Doubtful texts over HTTP: what waits, and what an operator says it meant."""

from __future__ import annotations

from datetime import timedelta

import pytest

from core.policies import opt_out
from core.policies.catalogue import rules
from core.policies.opt_out import OnPhrase
from ledger import absorbing
from store import consents
from tests.api_calls import Api, refused, telnyx_message, told
from tests.reports import ALICE, BOB, CAROL, NOW, RULES, heard, text

MEANS_NOTHING = {"means": "nothing", "reason": "they meant the shop"}
MEANS_STOP = {"means": "opt_out", "reason": "asked by phone"}


def say(api, *texts, rules=RULES):
    later = NOW + timedelta(minutes=1)
    with api.database.begin() as connection:
        absorbing.absorb(connection, heard(*texts, received_at=later), rules, now=later)


def doubt(api, words="please stop by", **more):
    say(api, text(words, **{"event_id": "maybe", **more}))


def settle(api, body, *, number=ALICE, event_id="maybe"):
    return api.post(f"/v1/recipients/{number}/doubts/{event_id}", body)


def verdicts(api, number=1):
    return [each["verdict"] for each in told(api.get(f"/v1/messages/{telnyx_message(number)['id']}/why"))["decisions"]]


def words(api):
    with api.database.read() as connection:
        return [(row.word.kind, row.word.source, row.word.evidence) for row in consents.history(connection, ALICE)]


def test_doubt_waits_with_what_it_holds(api):
    api.post("/v1/messages", {"messages": [telnyx_message(1), telnyx_message(2), telnyx_message(3, to=BOB)]})
    doubt(api)
    (shown,) = told(api.get("/v1/doubts"))
    assert (shown["phone_number"], shown["event_id"], shown["evidence"]) == (ALICE, "maybe", "please stop by")
    assert (shown["kind"], shown["tier"], shown["languages"], shown["pending"]) == ("doubt", "doubtful", ["en"], 2)
    assert told(api.get(f"/v1/recipients/{ALICE}"))["opted_out"] is False


def test_doubt_that_meant_nothing_lets_go_what_waited(api):
    api.post("/v1/messages", telnyx_message())
    doubt(api)
    api.rung = 0
    assert told(settle(api, MEANS_NOTHING)) == {
        "phone_number": ALICE,
        "event_id": "maybe",
        "means": "nothing",
        "opted_out": False,
        "cancelling": 0,
    }
    assert api.rung == 1
    assert verdicts(api) == ["allow", "hold", "allow"]
    assert told(api.get("/v1/doubts")) == []
    assert words(api) == [("doubt", "webhook", "please stop by"), ("dismissed", "api", "they meant the shop")]


def test_doubt_that_meant_an_opt_out_cancels_what_waited(api):
    api.post("/v1/messages", telnyx_message())
    doubt(api)
    api.now = NOW + timedelta(minutes=9)
    answer = told(settle(api, MEANS_STOP))
    assert (answer["means"], answer["opted_out"], answer["cancelling"]) == ("opt_out", True, 1)
    assert verdicts(api) == ["allow", "hold", "cancel"]
    assert told(api.get("/v1/doubts")) == []
    shown = told(api.get(f"/v1/recipients/{ALICE}"))["consent"][-1]
    assert (shown["effective_at"], shown["received_at"]) == ("2026-05-01T12:00:00Z", "2026-05-01T12:09:00Z")


@pytest.mark.parametrize("body", [MEANS_NOTHING, MEANS_STOP])
def test_settling_twice_is_settling_once(api, body):
    api.post("/v1/messages", telnyx_message())
    doubt(api)
    first = told(settle(api, body))
    said = words(api)
    assert told(settle(api, body)) == first
    assert told(settle(api, {**body, "reason": "another"})) == first
    assert words(api) == said


def test_settling_otherwise_is_refused_and_changes_nothing(api):
    doubt(api)
    told(settle(api, MEANS_NOTHING))
    said = words(api)
    error = refused(settle(api, MEANS_STOP), 422)
    assert error["message"].startswith("it is settled already, as dismissed (they meant the shop)")
    assert words(api) == said


def test_opt_in_since_then_outranks_what_the_text_meant(api):
    api.post("/v1/messages", telnyx_message())
    doubt(api)
    say(api, text("START", minute=1))
    answer = told(settle(api, MEANS_STOP))
    assert (answer["opted_out"], answer["cancelling"]) == (False, 0)


def test_phrase_that_was_misread_can_be_settled_too(api):
    api.post("/v1/messages", telnyx_message())
    doubt(api, "please stop texting me")
    assert told(api.get("/v1/doubts")) == []
    (shown,) = told(api.get("/v1/doubts?tier=phrase"))
    assert (shown["event_id"], shown["kind"]) == ("maybe", "opt_out")
    assert told(settle(api, MEANS_NOTHING))["opted_out"] is False
    assert verdicts(api) == ["allow", "cancel", "allow"]
    assert told(api.get("/v1/doubts?tier=phrase")) == []


def test_phrase_is_held_and_settled_where_phrases_hold(sqlite_database):
    holding = rules(opt_out=opt_out.Settings(phrases=OnPhrase.HOLD))
    api = Api(sqlite_database, rules=holding)
    api.post("/v1/messages", telnyx_message())
    say(api, text("please stop texting me", event_id="maybe"), rules=holding)
    assert verdicts(api)[-1] == "hold"
    assert told(settle(api, MEANS_STOP))["cancelling"] == 1


def test_keyword_cannot_be_settled(api):
    doubt(api, "STOP")
    assert "only they can take it back" in refused(settle(api, MEANS_NOTHING), 422)["message"]
    assert words(api) == [("opt_out", "webhook", "STOP")]


@pytest.mark.parametrize(("number", "event_id"), [(BOB, "maybe"), (ALICE, "another"), (ALICE, "a/b%00")])
def test_what_was_never_said_cannot_be_settled(api, number, event_id):
    doubt(api)
    refused(settle(api, MEANS_NOTHING, number=number, event_id=event_id), 404)
    assert words(api) == [("doubt", "webhook", "please stop by")]


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"means": "nothing"}, "reason: is missing"),
        ({"reason": "x"}, "means: is missing"),
        ({"means": "maybe", "reason": "x"}, "means: is not one of: opt_out, nothing"),
        ({"means": "nothing", "reason": "x" * 1001}, "reason: must have 1 to 1000 characters"),
    ],
)
def test_settlement_that_cannot_be_read_is_422(untouched_api, body, message):
    assert refused(settle(untouched_api, body), 422)["message"] == message


@pytest.mark.parametrize(
    ("query", "message"),
    [("tier=keyword", "tier: is not one of: doubtful, phrase"), ("limit=0", "limit: must be between 1 and 500")],
)
def test_listing_that_cannot_be_read_is_422(untouched_api, query, message):
    assert refused(untouched_api.get(f"/v1/doubts?{query}"), 422)["message"] == message


def test_doubts_are_listed_newest_first_a_page_at_a_time_without_those_that_have_ended(api):
    for number in range(5):
        say(api, text("please stop by", sender=f"+1555765020{number}", event_id=f"maybe-{number}"))
    say(api, text("START", sender="+15557650203", minute=1), text("STOP", sender="+15557650201", minute=1))
    listed, after = [], ""
    for _ in range(3):
        page = api.get(f"/v1/doubts?limit=1{after}").get_json()
        listed += [each["event_id"] for each in page["data"]]
        after = f"&after={page['next']}"
    assert listed == ["maybe-4", "maybe-2", "maybe-0"]
    assert page["next"] is None


def test_sign_and_silence(api):
    say(api, text("\N{OCTAGONAL SIGN}", sender=CAROL), text("hello", sender=BOB))
    assert [each["phone_number"] for each in told(api.get("/v1/doubts"))] == [CAROL]
