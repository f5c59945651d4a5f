"""Looking at messages over HTTP, and asking why."""

from __future__ import annotations

from datetime import timedelta

import pytest

from ledger import absorbing
from tests.api_calls import Api, refused, telnyx_message, told
from tests.reports import ALICE, BOB, NOW, RULES, heard, message_id, status, text


def hear(api: Api, *reports) -> None:
    with api.database.begin() as connection:
        absorbing.absorb(connection, heard(*reports), RULES, now=NOW)


def ids(answer) -> list[str]:
    return [each["id"] for each in told(answer)]


def test_message_is_shown_with_its_own_fields_and_telnyx_s(api):
    api.post("/v1/messages", {"data": telnyx_message(), "campaign": "spring", "tags": ["vip"]})
    shown = told(api.get(f"/v1/messages/{message_id()}"))

    assert shown["recipients"] == [
        {"phone_number": ALICE, "status": "scheduled", "carrier": None, "line_type": None, "errors": []}
    ]
    told_by_us = (
        "id",
        "direction",
        "from",
        "campaign",
        "class",
        "send_at",
        "cancel_by",
        "ledger",
        "tags",
        "telnyx_tags",
    )
    assert {name: shown[name] for name in told_by_us} == {
        "id": message_id(),
        "direction": "outbound",
        "from": "+15557230100",
        "campaign": "spring",
        "class": "marketing",
        "send_at": "2026-05-01T15:00:00Z",
        "cancel_by": "2026-05-01T14:58:30Z",
        "ledger": "pending",
        "tags": ["vip"],
        "telnyx_tags": ["spring-sale"],
    }
    assert (shown["text"], shown["encoding"], shown["parts"]) == ("Your order is ready for pick-up.", "GSM-7", 1)


def test_message_known_only_from_its_events_is_shown_outside_the_ledger(api):
    hear(api, status(1, "delivered"))
    shown = told(api.get(f"/v1/messages/{message_id()}"))
    assert (shown["ledger"], shown["registered_at"], shown["recipients"][0]["status"]) == (None, None, "delivered")


def test_why_tells_the_whole_story(api):
    api.post("/v1/messages", telnyx_message())
    hear(api, text("STOP", event_id="the-stop", minute=-1))
    story = told(api.get(f"/v1/messages/{message_id()}/why"))

    assert story["message"] == told(api.get(f"/v1/messages/{message_id()}"))
    assert [each["verdict"] for each in story["decisions"]] == ["allow", "cancel"]
    last = story["decisions"][-1]
    assert (last["policy"], last["event_id"], last["mode"], last["facts"]["evidence"]) == (
        *("opt_out", "the-stop", "enforce"),
        "STOP",
    )
    assert (story["cancellation"]["state"], story["cancellation"]["attempts"]) == ("requested", [])
    assert {each["kind"] for each in story["timeline"]} >= {"registration", "consent", "decision", "cancellation"}
    times = [each["at"] for each in story["timeline"]]
    assert times == sorted(times)


def test_message_that_was_let_go_has_no_cancellation(api):
    api.post("/v1/messages", telnyx_message())
    assert told(api.get(f"/v1/messages/{message_id()}/why"))["cancellation"] is None


def test_orphans_are_listed_apart(api):
    api.post("/v1/messages", telnyx_message(1))
    hear(api, status(2, waited=timedelta(hours=2)), status(3, waited=timedelta(seconds=1)))

    (orphan,) = told(api.get("/v1/messages?orphans=true"))
    assert (orphan["id"], orphan["orphaned_at"]) == (message_id(2), "2026-05-01T12:00:00Z")
    assert len(ids(api.get("/v1/messages?orphans=false"))) == len(ids(api.get("/v1/messages"))) == 3
    assert "orphans" in refused(api.get("/v1/messages?orphans=maybe"), 422)["message"]


def test_listing_is_paged_from_the_newest(api):
    for number in range(1, 6):
        api.post("/v1/messages", telnyx_message(number))
    first = api.get("/v1/messages?limit=2").get_json()
    api.post("/v1/messages", telnyx_message(6))
    second = api.get(f"/v1/messages?limit=2&after={first['next']}").get_json()
    third = api.get(f"/v1/messages?limit=2&after={second['next']}").get_json()

    assert [[each["id"] for each in page["data"]] for page in (first, second, third)] == [
        [message_id(5), message_id(4)],
        [message_id(3), message_id(2)],
        [message_id(1)],
    ]
    assert third["next"] is None


def test_page_that_ends_with_the_last_row_has_no_next(api):
    api.post("/v1/messages", telnyx_message())
    assert api.get("/v1/messages?limit=1").get_json()["next"] is None


def test_listing_is_filtered(api):
    api.post("/v1/messages", {"data": telnyx_message(1), "campaign": "spring"})
    api.post("/v1/messages", {"data": telnyx_message(2, to=BOB), "campaign": "summer"})
    hear(api, status(2, "sent", to=(BOB,), minute=180))

    assert ids(api.get("/v1/messages?ledger=pending")) == [message_id(1)]
    assert ids(api.get("/v1/messages?campaign=summer")) == [message_id(2)]
    assert ids(api.get(f"/v1/messages?to={BOB.replace('+', '%2B')}")) == [message_id(2)]
    assert ids(api.get(f"/v1/messages?to={BOB}")) == [message_id(2)]
    assert ids(api.get("/v1/messages?to=%2B1%20(555)%20765-0102")) == [message_id(2)]
    assert ids(api.get("/v1/messages?campaign=spring&ledger=released")) == []


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("limit=0", "limit: must be between 1 and 500"),
        ("limit=501", "limit: must be between 1 and 500"),
        ("limit=many", "limit: is not a whole number"),
        ("limit=" + "9" * 5000, "limit: is not a whole number"),
        ("after=zzz", "after: is no place in this listing; take it from 'next' of the page before"),
        ("after=LTE", "after: is no place in this listing; take it from 'next' of the page before"),
        (
            "after=OTIyMzM3MjAzNjg1NDc3NTgwOA",
            "after: is no place in this listing; take it from 'next' of the page before",
        ),
        ("after=%C3%A4", "after: is no place in this listing; take it from 'next' of the page before"),
        ("ledger=lost", "ledger: is not one of: pending, cancelled, released, breach"),
        ("campaign=", "campaign: must have 1 to 255 characters"),
        ("campaign=a%00b", "campaign: has characters in it that cannot be printed"),
        ("to=5550001", "to: is not a phone number with its country code, such as +15551230001"),
        ("to=%2B1555***0001", "to: is not a phone number with its country code, such as +15551230001"),
        ("campain=spring", "campain: is not known here; did you mean 'campaign'?"),
        ("a%0Ab=1", r"'a\nb': is not known here"),
    ],
)
def test_query_that_cannot_be_read_is_422_and_says_where(untouched_api, query, message):
    assert refused(untouched_api.get(f"/v1/messages?{query}"), 422)["message"] == message


@pytest.mark.parametrize("path", ["/v1/messages/{}", "/v1/messages/{}/why"])
@pytest.mark.parametrize(
    "odd",
    [
        message_id(404),
        "153E7C2A-26A2-40BD-BB12-87FFF52DDF5D",
        "does-not-exist",
        "%00",
        "%ED%A0%80",
        "%F0%9F%92%A5",
        "a%0Ab",
        "..%2F..%2Fetc",
        "x" * 3000,
        "'; DROP TABLE messages; --",
    ],
)
def test_unknown_or_odd_id_is_404(untouched_api, path, odd):
    assert refused(untouched_api.get(path.format(odd)), 404)["code"] == "not_found"


def test_unknown_id_is_404_on_either_database(api):
    assert "was it registered" in refused(api.get(f"/v1/messages/{message_id(404)}"), 404)["message"]


def test_times_are_utc(api):
    api.now = NOW + timedelta(microseconds=5)
    api.post("/v1/messages", telnyx_message())
    assert told(api.get(f"/v1/messages/{message_id()}"))["registered_at"] == "2026-05-01T12:00:00.000005Z"
