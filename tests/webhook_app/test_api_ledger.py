"""The ledger's sums and the accepted events over HTTP."""

from __future__ import annotations

import pytest

from core.inbox import InboxStatus
from ledger import absorbing
from store import backlog
from tests.accepting import accept, sample
from tests.api_calls import Api, refused, telnyx_message, told
from tests.ledger.test_meeting import lost
from tests.reports import ALICE, NOW, RULES, heard, status

BESIDE = {
    "in_doubt": 0,
    "orphans": 0,
    "held": 0,
    "cancelling": 0,
    "forecast": {
        "waiting": 0,
        "done_at": None,
        "late": 0,
        "first_late_at": None,
        "rate": 17.0,
        "latency_ms": 300,
        "makes_it": True,
    },
}


def test_sums_add_up_to_what_was_registered(api):
    api.post("/v1/opt-outs", {"phone_number": "+15559010003"})
    listed = [telnyx_message(number, to=f"+1555901000{number}") for number in (1, 2, 3)]
    listed += [telnyx_message(4) | {"to": [{"phone_number": "+15559010004", "status": "cancelled"}]}]
    api.post("/v1/messages", {"messages": listed})
    with api.database.begin() as connection:
        sent = [status(number, to=(f"+1555901000{number}",), minute=180) for number in (2, 3)]
        absorbing.absorb(connection, heard(*sent), RULES, now=NOW)

    assert told(api.get("/v1/ledger")) == {
        "registered": 4,
        "pending": 1,
        "cancelled": 1,
        "released": 1,
        "breach": 1,
        "breach_causes": {"left_early": 1},
        **BESIDE,
    }


def test_empty_ledger_is_all_zeros(api):
    assert told(api.get("/v1/ledger")) == {
        **dict.fromkeys(("registered", "pending", "cancelled", "released", "breach"), 0),
        "breach_causes": {},
        **BESIDE,
    }


def test_what_waits_stands_beside_the_sums(api):
    api.post("/v1/messages", telnyx_message())
    api.post("/v1/opt-outs", {"phone_number": ALICE})
    sums = told(api.get("/v1/ledger"))
    assert (sums["pending"], sums["cancelling"], sums["forecast"]["waiting"]) == (1, 1, 1)
    assert sums["forecast"]["makes_it"] is True


def test_sums_of_one_campaign_have_what_is_in_doubt_beside_them(api):
    lost(api.database)
    api.post("/v1/messages", {"data": telnyx_message(1), "campaign": "spring"})
    api.post("/v1/messages", {"data": telnyx_message(2), "campaign": "summer"})
    sums = told(api.get("/v1/ledger?campaign=spring"))
    assert sums == {
        **dict.fromkeys(("cancelled", "released", "breach"), 0),
        "registered": 1,
        "pending": 1,
        "breach_causes": {},
        "in_doubt": 1,
    }


def test_sums_by_campaign_come_in_pages(api):
    for number, campaign in enumerate(("b", None, "a", "c", "a"), start=1):
        api.post("/v1/messages", {"data": telnyx_message(number), **({"campaign": campaign} if campaign else {})})
    seen, path = [], "/v1/ledger?by=campaign&limit=1"
    answer = api.get(path).get_json()
    while True:
        seen += [(each["campaign"], each["registered"]) for each in answer["data"]]
        if answer["next"] is None:
            break
        answer = api.get(f"{path}&after={answer['next']}").get_json()
    assert seen == [(None, 1), ("a", 2), ("b", 1), ("c", 1)]


def test_sums_by_day_begin_with_the_latest(api):
    for number, send_at in enumerate(("2026-05-02T23:59:59Z", "2026-05-03T00:00:00Z", "2026-05-02T00:00:00Z"), start=1):
        api.post("/v1/messages", telnyx_message(number, send_at=send_at))
    first = api.get("/v1/ledger?by=day&limit=1").get_json()
    second = api.get(f"/v1/ledger?by=day&limit=1&after={first['next']}").get_json()
    assert [(each["day"], each["pending"]) for each in first["data"] + second["data"]] == [
        ("2026-05-03", 1),
        ("2026-05-02", 2),
    ]
    assert second["next"] is None


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("by=hour", "by: is not one of: campaign, day"),
        ("after=MTIz", "after: is a place in a listing, and without 'by' there is none"),
        ("by=day&after=MTIz", "after: is no place in this listing; take it from 'next' of the page before"),
        ("by=campaign&after=MTIz", "after: is no place in this listing; take it from 'next' of the page before"),
    ],
)
def test_query_for_sums_that_cannot_be_read_is_422(sqlite_database, query, message):
    assert refused(Api(sqlite_database).get(f"/v1/ledger?{query}"), 422)["message"] == message


def test_event_is_shown_without_its_bytes(api):
    (event_id,) = accept(api.database, sample("message.received.stop"))
    (shown,) = told(api.get("/v1/events"))
    assert shown["event_id"] == event_id
    assert (shown["event_type"], shown["status"], shown["received_at"]) == (
        *("message.received", "pending"),
        "2026-05-01T12:00:00Z",
    )
    assert (shown["deliveries"], shown["tries"], shown["applied_at"], shown["reason"]) == (1, 0, None, None)
    assert not shown.keys() & {"raw", "signature", "digest"}


def test_events_are_paged_from_the_newest(api):
    event_ids = accept(api.database, *(sample("message.sent") for _ in range(3)))
    first = api.get("/v1/events?limit=2").get_json()
    second = api.get(f"/v1/events?limit=2&after={first['next']}").get_json()
    paged = [each["event_id"] for page in (first, second) for each in page["data"]]
    assert sorted(paged) == sorted(event_ids)
    assert (len(first["data"]), second["next"]) == (2, None)


def test_events_are_filtered_by_status_and_type(api):
    (stop,) = accept(api.database, sample("message.received.stop"))
    (sent,) = accept(api.database, sample("message.sent"))
    with api.database.begin() as connection:
        waiting = backlog.claim(connection, backlog.next_in_line(connection, now=NOW, limit=9).together)
        seqs = {event.event_id: event.seq for event in waiting}
        backlog.mark(connection, [seqs[sent]], InboxStatus.PARKED, now=NOW, reason="the table is gone")

    assert [each["event_id"] for each in told(api.get("/v1/events?type=message.received"))] == [stop]
    (parked,) = told(api.get("/v1/events?status=parked"))
    assert (parked["event_id"], parked["reason"]) == (sent, "the table is gone")
    assert told(api.get("/v1/events?status=parked&type=message.received")) == []


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("status=lost", "status: is not one of: pending, applied, ignored, invalid, stale, conflict, parked, dead"),
        ("type=a%00b", "type: has characters in it that cannot be printed"),
        ("limit=-1", "limit: must be between 1 and 500"),
    ],
)
def test_query_for_events_that_cannot_be_read_is_422(sqlite_database, query, message):
    assert refused(Api(sqlite_database).get(f"/v1/events?{query}"), 422)["message"] == message
