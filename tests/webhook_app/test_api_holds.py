"""Holds over HTTP: setting a gate, what it reports, and lifting it."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from core.holds import HoldKind
from core.scopes import Scope
from ledger import holding
from ledger.holding import Gate
from tests.api_calls import refused, telnyx_message, told
from tests.reports import ALICE, NOW, OURS, PROFILE

HOLD = {"scope": "campaign", "value": "spring", "reason": "wrong price"}


def test_hold_is_placed_and_counts_what_it_holds(api):
    api.post("/v1/messages", {"data": telnyx_message(1), "campaign": "spring"})
    api.post("/v1/messages", {"data": telnyx_message(2), "campaign": "news"})
    api.rung = 0
    shown = told(api.post("/v1/holds", HOLD), 201)
    hold_id = shown.pop("id")
    assert shown == {
        "kind": "hold",
        "scope": "campaign",
        "value": "spring",
        "reason": "wrong price",
        "state": "standing",
        "pending": 1,
        "placed_at": "2026-05-01T12:00:00Z",
        "placed_by": "api",
        "expires_at": "2026-05-02T12:00:00Z",
        "lifted_at": None,
        "lifted_by": None,
        "lift_reason": None,
    }
    assert api.rung == 1
    assert told(api.get(f"/v1/holds/{hold_id}")) == {"id": hold_id, **shown}


def test_message_registered_behind_a_hold_is_pending_and_says_so(api):
    told(api.post("/v1/holds", HOLD), 201)
    registered = told(api.post("/v1/messages", {"data": telnyx_message(), "campaign": "spring"}), 201)
    assert (registered["ledger"], registered["decision"]["verdict"]) == ("pending", "hold")
    assert registered["decision"]["reason"] == "campaign spring is held: wrong price"


def test_repeated_request_places_no_second_hold(api):
    first = told(api.post("/v1/holds", HOLD), 201)
    assert told(api.post("/v1/holds", HOLD))["id"] == first["id"]
    assert len(told(api.get("/v1/holds"))) == 1


@pytest.mark.parametrize(
    ("until", "expires_at"),
    [
        ({"expires_in": 7200}, "2026-05-01T14:00:00Z"),
        ({"expires_at": "2026-05-03T00:00:00+02:00"}, "2026-05-02T22:00:00Z"),
        ({"expires_at": None}, None),
    ],
)
def test_hold_stands_until_the_time_given(quick_api, until, expires_at):
    assert told(quick_api.post("/v1/holds", HOLD | until), 201)["expires_at"] == expires_at


@pytest.mark.parametrize(
    ("scope", "value", "held"),
    [
        ("all", None, None),
        ("sender", "+1 (555) 765-0900", OURS),
        ("sender", "PIZZA", "PIZZA"),
        ("recipient", "+1 555 765 0101", ALICE),
        ("profile", PROFILE.upper(), PROFILE),
    ],
)
def test_value_is_held_as_messages_bear_it(quick_api, scope, value, held):
    body = {"scope": scope, "value": value, "reason": "wrong price"}
    assert told(quick_api.post("/v1/holds", body), 201)["value"] == held


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"scope": "town"}, "scope: is not one of: all, campaign, sender, recipient, profile"),
        ({"scope": None}, "scope: is null; leave it out instead"),
        ({"value": None}, "value: is missing; say which campaign is meant"),
        ({"scope": "all"}, "value: is given, but scope 'all' has none; leave it out, or name the scope it is of"),
        (
            {"scope": "recipient", "value": "spring"},
            "value: is not a phone number with its country code, such as +15551230001",
        ),
        ({"value": " spring"}, "value: begins or ends with a blank"),
        ({"reason": "  "}, "reason: is blank"),
        ({"reason": ""}, "reason: must have 1 to 1000 characters"),
        ({"expires_in": 0}, "expires_in: must be between 1 and 7776000"),
        ({"expires_in": 2.5}, "expires_in: is not a whole number of seconds"),
        ({"expires_at": "2026-05-01T12:00:00Z"}, "expires_at: has passed already"),
        (
            {"expires_at": "2026-08-01T12:00:00Z"},
            "expires_at: is more than 90 days ahead; give null for a hold that never expires",
        ),
        (
            {"expires_at": None, "expires_in": 60},
            "expires_in: stands beside expires_at; give one of the two",
        ),
        ({"until": "2026-05-02"}, "until: is not known here"),
    ],
)
def test_hold_that_makes_no_sense_is_refused_and_none_is_set(untouched_api, change, message):
    error = refused(untouched_api.post("/v1/holds", HOLD | change), 422)
    assert error == {"code": "request_invalid", "message": message}
    assert told(untouched_api.get("/v1/holds")) == []
    assert untouched_api.rung == 0


@pytest.mark.parametrize("missing", ["scope", "reason"])
def test_hold_without_what_it_needs_is_refused(untouched_api, missing):
    body = {name: value for name, value in HOLD.items() if name != missing}
    assert refused(untouched_api.post("/v1/holds", body), 422)["message"] == f"{missing}: is missing"
    assert told(untouched_api.get("/v1/holds")) == []


def test_lifted_hold_stays_on_record_and_holds_nothing(api):
    api.post("/v1/messages", {"data": telnyx_message(1), "campaign": "spring"})
    hold_id = told(api.post("/v1/holds", HOLD), 201)["id"]
    api.now = NOW + timedelta(minutes=5)
    api.rung = 0
    lifted = told(api.ask("DELETE", f"/v1/holds/{hold_id}?reason=price%20mended"))
    assert (lifted["state"], lifted["pending"], lifted["lift_reason"]) == ("lifted", 0, "price mended")
    assert (lifted["lifted_at"], lifted["lifted_by"]) == ("2026-05-01T12:05:00Z", "api")
    assert api.rung == 1

    api.now = NOW + timedelta(minutes=9)
    assert told(api.ask("DELETE", f"/v1/holds/{hold_id}")) == lifted
    assert [each["id"] for each in told(api.get("/v1/holds"))] == [hold_id]
    assert told(api.get("/v1/holds?standing=true")) == []


@pytest.mark.parametrize("hold_id", ["nothing", "8a5f0e4c-6f0d-4f5e-9d0a-2f7f6f1f9b57"])
@pytest.mark.parametrize("method", ["GET", "DELETE"])
def test_unknown_hold_is_not_found(untouched_api, method, hold_id):
    assert refused(untouched_api.ask(method, f"/v1/holds/{hold_id}"), 404)["code"] == "not_found"


def test_listing_goes_page_by_page_newest_first_and_by_kind(quick_api):
    for hour in range(3):
        quick_api.now = NOW + timedelta(hours=hour)
        told(quick_api.post("/v1/holds", HOLD | {"reason": f"reason {hour}"}), 201)
    with quick_api.database.begin() as connection:
        panic = Gate(HoldKind.PANIC, Scope.ALL, "", "all wrong", None, "cli")
        holding.place(connection, panic, now=quick_api.now)

    first = quick_api.get("/v1/holds?limit=2&kind=hold")
    assert [each["reason"] for each in told(first)] == ["reason 2", "reason 1"]
    following = json.loads(first.text)["next"]
    second = quick_api.get(f"/v1/holds?limit=2&kind=hold&after={following}")
    assert [each["reason"] for each in told(second)] == ["reason 0"]
    assert json.loads(second.text)["next"] is None
    assert [(each["reason"], each["value"]) for each in told(quick_api.get("/v1/holds?kind=panic"))] == [
        ("all wrong", None)
    ]


def test_hold_needs_the_token(untouched_api):
    assert untouched_api.ask("POST", "/v1/holds", headers={}, json=HOLD).status_code == 401
    assert told(untouched_api.get("/v1/holds")) == []
