"""Signals over HTTP: telling them once or again, what they cancel now and later, and what is refused."""

from __future__ import annotations

from datetime import timedelta

import pytest

from core.deciding import Mode
from core.policies import goal_reached, superseded
from core.policies.catalogue import rules
from store import reviews
from tests.api_calls import Api, refused, telnyx_message, told
from tests.books import next_review
from tests.reports import ALICE, BOB, NOW

GOAL = {"id": "order-1", "kind": "goal", "value": "purchase", "phone_number": ALICE}
MOVED = {"id": "move-1", "kind": "revision", "value": "appointment-42", "revision": 4}


def register(api, number, *tags, to=ALICE):
    body = {"data": telnyx_message(number, to=to), "tags": list(tags)}
    return told(api.post("/v1/messages", body), 201)


def ledger_of(api, shown):
    return told(api.get(f"/v1/messages/{shown['id']}/why"))["decisions"][-1]


def test_goal_cancels_what_was_scheduled_to_bring_it_about(api):
    asked = register(api, 1, "until:purchase")
    other = register(api, 2, "until:visit")
    theirs = register(api, 3, "until:purchase", to=BOB)
    api.rung = 0
    taken = api.post("/v1/signals", GOAL | {"at": "2026-05-01T11:59:30Z"})
    assert taken.get_json()["cancelling"] == 1
    assert told(taken, 201) == {
        "id": "order-1",
        "kind": "goal",
        "value": "purchase",
        "phone_number": ALICE,
        "revision": None,
        "at": "2026-05-01T11:59:30Z",
        "received_at": "2026-05-01T12:00:00Z",
        "is_new": True,
    }
    assert api.rung == 1
    decision = ledger_of(api, asked)
    assert (decision["verdict"], decision["policy"], decision["trigger"]) == ("cancel", "goal_reached", "signal")
    assert decision["event_id"] == "order-1"
    for untouched in (other, theirs):
        assert ledger_of(api, untouched)["verdict"] == "allow"


def test_goal_is_a_standing_order_for_messages_registered_later(api):
    told(api.post("/v1/signals", GOAL), 201)
    decision = register(api, 1, "until:purchase")["decision"]
    assert (decision["verdict"], decision["policy"]) == ("cancel", "goal_reached")
    assert register(api, 2, "until:purchase", to=BOB)["decision"]["verdict"] == "allow"


def test_repeated_signal_is_known_and_changes_nothing(api):
    first = told(api.post("/v1/signals", GOAL), 201)
    again = told(api.post("/v1/signals", GOAL | {"phone_number": BOB}), 200)
    assert again == first | {"is_new": False}
    assert len(told(api.get("/v1/signals"))) == 1


def test_signals_without_an_id_are_each_a_new_one(quick_api):
    body = {name: value for name, value in GOAL.items() if name != "id"}
    ids = {told(quick_api.post("/v1/signals", body), 201)["id"] for _ in range(2)}
    assert len(ids) == 2


def test_signal_dated_ahead_counts_from_when_it_was_heard(quick_api):
    shown = told(quick_api.post("/v1/signals", GOAL | {"at": "2026-06-01T00:00:00Z"}), 201)
    assert shown["at"] == shown["received_at"] == "2026-05-01T12:00:00Z"


def test_many_signals_are_told_in_their_order_each_once(api):
    messages = [register(api, number, "until:purchase", to=to) for number, to in ((1, ALICE), (2, BOB))]
    listed = [GOAL | {"id": "b", "phone_number": BOB}, MOVED, GOAL | {"id": "a"}, GOAL | {"id": "a"}]
    taken = api.post("/v1/signals", {"signals": listed})
    assert [each["id"] for each in told(taken, 201)] == ["b", "move-1", "a", "a"]
    assert taken.get_json()["cancelling"] == 2
    assert [ledger_of(api, each)["verdict"] for each in messages] == ["cancel", "cancel"]
    again = api.post("/v1/signals", {"signals": listed})
    assert [each["is_new"] for each in told(again, 200)] == [False] * 4
    assert again.get_json()["cancelling"] == 0
    assert len(told(api.get("/v1/signals"))) == 3


def test_more_signals_than_one_transaction_takes_are_all_taken(quick_api):
    listed = [GOAL | {"id": f"order-{number}"} for number in range(250)]
    assert len(told(quick_api.post("/v1/signals", {"signals": listed}), 201)) == 250
    assert len(told(quick_api.get("/v1/signals?limit=500"))) == 250


def unfinished(api):
    with api.database.read() as connection:
        return reviews.is_unfinished(connection, "move-1")


def test_revision_of_one_recipient_is_decided_on_at_once(api):
    asked = register(api, 1, "about:appointment-42", "revision:3")
    told(api.post("/v1/signals", MOVED | {"phone_number": ALICE}), 201)
    assert ledger_of(api, asked)["policy"] == "superseded"
    assert not unfinished(api)


def test_revision_of_every_recipient_has_everything_pending_decided_on_once(api):
    told(api.post("/v1/signals", {"signals": [MOVED, MOVED | {"id": "move-2"}]}), 201)
    assert unfinished(api)
    with api.database.begin() as connection:
        reviews.finish(connection, next_review(connection), now=NOW)
        assert next_review(connection) is None


def test_signal_that_no_rule_asks_for_is_kept_and_nothing_is_decided(sqlite_database):
    off = rules(superseded=superseded.Settings(mode=Mode.OFF), goal_reached=goal_reached.Settings(mode=Mode.OFF))
    api = Api(sqlite_database, rules=off)
    asked = register(api, 1, "until:purchase", "about:appointment-42")
    told(api.post("/v1/signals", {"signals": [MOVED, GOAL]}), 201)
    assert len(told(api.get(f"/v1/messages/{asked['id']}/why"))["decisions"]) == 1
    assert not unfinished(api)
    assert len(told(api.get("/v1/signals"))) == 2


def test_listing_goes_page_by_page_newest_first_and_by_recipient(quick_api):
    for minute, number in enumerate((ALICE, BOB, ALICE, ALICE)):
        quick_api.now = NOW + timedelta(minutes=minute)
        told(quick_api.post("/v1/signals", GOAL | {"id": f"order-{minute}", "phone_number": number}), 201)
    first = quick_api.get(f"/v1/signals?limit=2&phone_number={ALICE}")
    assert [each["id"] for each in told(first)] == ["order-3", "order-2"]
    second = quick_api.get(f"/v1/signals?phone_number={ALICE}&after={first.get_json()['next']}")
    assert [each["id"] for each in told(second)] == ["order-0"]
    assert second.get_json()["next"] is None


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ([], "the body is not an object"),
        (GOAL | {"kind": "forgiven"}, "kind: is not one of: goal, revision"),
        (GOAL | {"phone_number": None}, "phone_number: is missing; say whose goal it is"),
        (
            GOAL | {"phone_number": "5551230001"},
            "phone_number: is not a phone number with its country code, such as +15551230001",
        ),
        (GOAL | {"revision": 4}, "revision: is of kind 'revision' only; leave it out"),
        (GOAL | {"value": " purchase"}, "value: begins or ends with a blank"),
        (GOAL | {"value": ""}, "value: must have 1 to 255 characters"),
        (GOAL | {"at": "2026-05-01T12:00:00"}, "at: has no zone; write Z or an offset such as +00:00"),
        (GOAL | {"goal": "x"}, "goal: is not known here"),
        (
            {"kind": "revision", "value": "appointment-42"},
            "revision: is missing; give the latest, or null when it is no more",
        ),
        (MOVED | {"revision": -1}, "revision: must be between 0 and 1000000000000"),
        (MOVED | {"revision": 10**12 + 1}, "revision: must be between 0 and 1000000000000"),
        (MOVED | {"revision": 2.5}, "revision: is not a whole number"),
        ({"signals": []}, "signals: has 0 entries; send 1 to 1,000 at a time"),
        ({"signals": [GOAL] * 1001}, "signals: has 1,001 entries; send 1 to 1,000 at a time"),
        ({"signals": GOAL}, "signals: is not a list"),
        ({"signals": [GOAL], "kind": "goal"}, "kind: belongs into each entry of 'signals', not beside it"),
        ({"signals": [GOAL, "x"]}, "signals[1]: is not an object"),
        ({"signals": [GOAL, GOAL | {"kind": "x"}]}, "signals[1].kind: is not one of: goal, revision"),
    ],
)
def test_signal_that_makes_no_sense_is_refused_and_none_is_kept(untouched_api, body, message):
    error = refused(untouched_api.post("/v1/signals", body), 422)
    assert error["code"] == "request_invalid"
    assert error["message"].startswith(message)
    assert told(untouched_api.get("/v1/signals")) == []
    assert untouched_api.rung == 0


def test_telling_needs_the_token(untouched_api):
    assert untouched_api.ask("POST", "/v1/signals", headers={}, json=GOAL).status_code == 401
    assert told(untouched_api.get("/v1/signals")) == []
