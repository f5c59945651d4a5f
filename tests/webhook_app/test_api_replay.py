from __future__ import annotations

import pytest
import sqlalchemy as sa

from core.inbox import InboxStatus
from store.tables import inbox
from tests.accepting import accept, mark_all, sample
from tests.api_calls import Api, refused, told
from tests.reports import NOW


@pytest.fixture
def api(sqlite_database):
    return Api(sqlite_database)


def parked(api: Api, event_id: str | None = None) -> str:
    """An event that is a dead letter."""
    body = sample("message.received.stop")
    body["data"]["id"] = event_id or body["data"]["id"]
    (event_id,) = accept(api.database, body)
    mark_all(api.database, InboxStatus.PARKED, reason="ZeroDivisionError in opt_out.py, line 7")
    return event_id


def change(api: Api, **values: object) -> None:
    with api.database.begin() as connection:
        connection.execute(sa.update(inbox).values(values))


@pytest.mark.parametrize(("body", "acts"), [({}, False), ({"act": False}, False), ({"act": True}, True)])
def test_dead_letter_is_put_back_and_the_workers_are_called(api, body, acts):
    event_id = parked(api)
    change(api, tries=5, crashes=2)

    answer = api.post(f"/v1/events/{event_id}/replay", body)

    assert told(answer, 202) == {"id": event_id, "status": "pending", "act": acts}
    assert api.rung == 1
    event = told(api.get(f"/v1/events/{event_id}"))
    assert (event["status"], event["tries"], event["crashes"], event["retry_at"]) == ("pending", 0, 0, None)
    assert (event["acts"], event["reason"], event["applied_at"]) == (acts, None, None)
    assert (event["replayed_by"], event["replayed_at"]) == ("api", NOW.isoformat().replace("+00:00", "Z"))


def test_event_whose_id_was_derived_is_found_by_it(api):
    event_id = parked(api, "stale:0a1b/2c")

    assert told(api.get(f"/v1/events/{event_id}"))["status"] == "parked"
    assert told(api.post(f"/v1/events/{event_id}/replay", {}), 202)["id"] == event_id


@pytest.mark.parametrize("path", ["/v1/events/nothing/replay", "/v1/events/a%0Ab/replay"])
def test_unknown_event_is_404(api, path):
    assert refused(api.post(path, {}), 404)["code"] == "not_found"
    assert refused(api.get(path.removesuffix("/replay")), 404)["code"] == "not_found"
    assert api.rung == 0


def test_event_that_is_pending_anyway_is_409_and_stays_as_it_is(api):
    (event_id,) = accept(api.database, sample("message.sent"))
    change(api, tries=2)

    error = refused(api.post(f"/v1/events/{event_id}/replay", {"act": False}), 409)

    assert (error["code"], error["message"]) == ("not_replayable", f"event {event_id} waits to be applied already")
    event = told(api.get(f"/v1/events/{event_id}"))
    assert (event["tries"], event["acts"], event["replayed_at"]) == (2, True, None)
    assert api.rung == 0


def test_event_whose_bytes_were_pruned_is_409_and_stays_as_it_is(api):
    event_id = parked(api)
    change(api, raw=None)

    assert "its bytes were pruned" in refused(api.post(f"/v1/events/{event_id}/replay", {}), 409)["message"]
    assert told(api.get(f"/v1/events/{event_id}"))["status"] == "parked"
    assert api.rung == 0


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"act": "yes"}, "act: is not true or false"),
        ({"act": 1}, "act: is not true or false"),
        ({"act": None}, "act: is null; leave it out instead"),
        ({"acts": True}, "acts: is not known here; did you mean 'act'?"),
    ],
)
def test_body_that_may_mean_something_else_is_422_and_replays_nothing(api, body, message):
    event_id = parked(api)

    assert refused(api.post(f"/v1/events/{event_id}/replay", body), 422)["message"] == message
    assert told(api.get(f"/v1/events/{event_id}"))["status"] == "parked"
    assert api.rung == 0


def test_dead_letters_of_all_kinds_are_listed_together_without_their_words(api):
    event_id = parked(api)
    accept(api.database, sample("message.sent"))

    answer = api.get("/v1/events?status=dead")

    (event,) = told(answer)
    assert (event["event_id"], event["reason"]) == (event_id, "ZeroDivisionError in opt_out.py, line 7")
    assert "STOP" not in answer.text
    assert "STOP" not in api.get(f"/v1/events/{event_id}").text
