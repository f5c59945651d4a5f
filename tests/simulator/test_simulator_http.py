"""The API and its steering by HTTP, through the application itself."""

import contextlib
import http.client
import json
import threading
from datetime import UTC, datetime, timedelta

import pytest

import simulator

ALICE, SENDER = "+15551230001", "+15557650002"
BEARER = {"Authorization": "Bearer KEY"}
UNKNOWN = "40385f64-5717-4562-b3fc-2c963f66afa6"

#: The fields of the message that cancelling answers with, from Telnyx's page.
FIELDS = {
    "record_type", "direction", "id", "type", "messaging_profile_id", "organization_id", "from", "to", "cc", "text",
    "subject", "media", "webhook_url", "webhook_failover_url", "encoding", "parts", "tags", "cost", "cost_breakdown",
    "tcr_campaign_id", "tcr_campaign_billable", "tcr_campaign_registered", "received_at", "sent_at", "completed_at",
    "valid_until", "errors", "smart_encoding_applied",
}  # fmt: skip


@pytest.fixture
def http_client(still):
    return simulator.create_app(still).test_client()


def _body(still, **fields):
    send_at = (still.clock.now() + timedelta(hours=1)).isoformat()
    return {"from": SENDER, "to": ALICE, "text": "Hello", "send_at": send_at, **fields}


def _schedule(http_client, still, **fields):
    return http_client.post("/v2/messages", json=_body(still, **fields), headers=BEARER).json["data"]


def test_a_message_shows_every_field_of_telnyxs_page(http_client, still):
    message = _schedule(http_client, still)
    assert set(message) == FIELDS | {"send_at"}
    assert set(message["to"][0]) == {"phone_number", "status", "carrier", "line_type"}
    cancelled = http_client.delete(f"/v2/messages/{message['id']}", headers=BEARER).json
    assert set(cancelled) == FIELDS
    assert cancelled["cost_breakdown"] is None


@pytest.mark.parametrize(
    "headers", [{}, {"Authorization": "Basic KEY"}, {"Authorization": "Bearer "}], ids=["none", "basic", "empty"]
)
def test_a_request_without_a_token_is_refused_and_seen(http_client, still, headers):
    answer = http_client.post("/v2/messages", json=_body(still), headers=headers)
    assert (answer.status_code, answer.json["errors"][0]["code"]) == (401, "10009")
    assert still.messages() == []
    assert [(each["path"], each["status"]) for each in still.requests.as_json()] == [("/v2/messages", 401)]


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        pytest.param("GET", "/v2/messages/12", 422, "10006", id="an id that is none, to retrieve"),
        pytest.param("DELETE", "/v2/messages/12", 422, "10006", id="an id that is none, to cancel"),
        pytest.param("GET", f"/v2/messages/{UNKNOWN}", 404, "40303", id="an unknown id"),
        pytest.param("GET", f"/v2/messaging_profiles/{UNKNOWN}", 404, "10005", id="an unknown profile"),
        pytest.param("PUT", f"/v2/messages/{UNKNOWN}", 404, "10005", id="a method there is not"),
        pytest.param("GET", "/v2/nothing/here", 404, "10005", id="a path there is not"),
        pytest.param("POST", "/v2/messages", 400, "10015", id="no body"),
        pytest.param("GET", "/v2/messaging_optouts?filter[form]=1", 400, "10015", id="a misspelt filter"),
        pytest.param("GET", "/v2/messaging_optouts?page[size]=0", 400, "10015", id="an empty page"),
    ],
)
def test_what_cannot_be_answered_is_refused_in_telnyxs_shape_and_seen(http_client, still, method, path, status, code):
    answer = http_client.open(path, method=method, headers=BEARER)
    assert (answer.status_code, answer.json["errors"][0]["code"]) == (status, code)
    assert still.requests.as_json()[-1]["path"] == path.partition("?")[0]


def test_scheduling_needs_a_time(http_client, still):
    answer = http_client.post("/v2/messages/schedule", json=_body(still, send_at=None), headers=BEARER)
    assert (answer.status_code, answer.json["errors"][0]["source"]) == (422, {"pointer": "/send_at"})
    assert still.messages() == []


def test_the_public_key_can_be_asked_for(http_client, still):
    assert http_client.get("/_sim/public_key").json == {"public_key": still.key.public_key}


def test_an_inbound_message_can_be_made_by_http(http_client, still):
    body = {"from": ALICE, "to": SENDER, "text": "arret", "autoresponse_type": "STOP"}
    event = http_client.post("/_sim/inbound", json={**body, "occurred_at": "2026-03-01T10:00:00Z"}).json["data"]
    assert event["occurred_at"] == "2026-03-01T10:00:00.000+00:00"
    assert event["payload"]["from"]["phone_number"] == ALICE
    assert event["payload"]["autoresponse_type"] == "STOP"
    assert [delivery["event"] for delivery in http_client.get("/_sim/deliveries").json["data"]] == [event]
    assert still.optouts()[0]["to"] == ALICE


def test_any_event_can_be_sent_by_http(http_client, still):
    data = {"id": UNKNOWN, "event_type": "10dlc.campaign.update", "payload": {"type": "TELNYX_EVENT"}}
    answer = http_client.post("/_sim/events", json={"data": data})
    assert answer.json["data"]["event"] == data


def test_messages_are_shown_with_their_history(http_client, still):
    message = _schedule(http_client, still)
    [shown] = http_client.get("/_sim/messages").json["data"]
    assert shown == http_client.get(f"/_sim/messages/{message['id']}").json["data"]
    assert shown["history"] == [
        {"phone_number": ALICE, "status": "scheduled", "at": "2026-03-01T12:00:00.000+00:00"},
    ]


def test_requests_are_shown_with_bodies_but_without_tokens(http_client, still):
    message = _schedule(http_client, still)
    http_client.delete(f"/v2/messages/{message['id']}", headers=BEARER)
    sent, cancelled = http_client.get("/_sim/requests").json["data"]
    assert (sent["method"], sent["status"], sent["body"]["to"]) == ("POST", 200, ALICE)
    assert cancelled == {
        "method": "DELETE",
        "path": f"/v2/messages/{message['id']}",
        "body": None,
        "at": "2026-03-01T12:00:00.000+00:00",
        "status": 200,
    }
    assert "KEY" not in json.dumps([sent, cancelled])


def test_faults_come_and_go_by_http(http_client, still):
    rules = [{"kind": "error", "status": 500, "times": 1}, {"kind": "rate_limit"}]
    added = http_client.post("/_sim/faults", json=rules).json["data"]
    assert [rule["id"] for rule in added] == [1, 2]
    assert http_client.get(f"/v2/messages/{UNKNOWN}", headers=BEARER).status_code == 500
    assert [rule["id"] for rule in http_client.delete("/_sim/faults/1").json["data"]] == [2]
    assert http_client.get(f"/v2/messages/{UNKNOWN}", headers=BEARER).status_code == 429
    assert http_client.delete("/_sim/faults").json["data"] == []
    assert http_client.get(f"/v2/messages/{UNKNOWN}", headers=BEARER).status_code == 404


def test_settings_change_by_http_and_hide_the_token(http_client, still):
    changes = {"final_status": "sending_failed", "delivery_delay": 3, "api_key": "OTHER"}
    assert http_client.post("/_sim/config", json=changes).status_code == 200
    config = http_client.get("/_sim/config").json["data"]
    assert (config["final_status"], config["delivery_delay"]) == ("sending_failed", 3.0)
    assert "api_key" not in config
    assert still.settings.api_key == "OTHER"


def test_the_clock_is_moved_by_http(http_client, still):
    assert http_client.get("/_sim/clock").json == {"now": "2026-03-01T12:00:00+00:00", "speed": 0.0}
    answer = http_client.post("/_sim/clock", json={"advance": 90, "speed": 0})
    assert answer.json == {"now": "2026-03-01T12:01:30+00:00", "speed": 0.0}


@pytest.mark.parametrize(
    ("path", "body"),
    [
        pytest.param("/_sim/config", {"speed": 3}, id="an unknown setting"),
        pytest.param("/_sim/config", {"final_status": "queued"}, id="a status that is not final"),
        pytest.param("/_sim/config", {"webhook_url": "nowhere"}, id="a webhook that is no URL"),
        pytest.param("/_sim/config", {"allow_remote_webhooks": True}, id="a permission not for asking"),
        pytest.param("/_sim/config", {"profiles": []}, id="profiles that are none"),
        pytest.param("/_sim/config", {"profiles": {UNKNOWN: {"colour": "red"}}}, id="an unknown profile setting"),
        pytest.param("/_sim/config", {"profiles": {UNKNOWN: {"enabled": "no"}}}, id="a flag that is none"),
        pytest.param("/_sim/clock", {"advance": -1}, id="a clock turned back"),
        pytest.param("/_sim/clock", {"speed": "fast"}, id="a speed that is none"),
        pytest.param("/_sim/clock", {"advance": 1e300}, id="a clock beyond all years"),
        pytest.param("/_sim/clock", {"speed": 1e300}, id="a speed beyond all years"),
        pytest.param("/_sim/config", {"delivery_delay": 1e300}, id="a duration beyond all years"),
        pytest.param("/_sim/faults", {"kind": "fire"}, id="an unknown fault"),
        pytest.param("/_sim/inbound", {"from": ALICE}, id="half an inbound message"),
        pytest.param("/_sim/events", {"data": []}, id="an event that is none"),
        pytest.param("/_sim/events", {"data": {}, "webhook_url": "nowhere"}, id="an event for nowhere"),
        pytest.param("/_sim/events", [], id="no object"),
    ],
)
def test_steering_that_makes_no_sense_changes_nothing(http_client, still, path, body):
    before = still.settings
    answer = http_client.post(path, json=body)
    assert answer.status_code == 422
    assert answer.json["error"]["message"]
    assert (still.settings, still.deliveries(), still.faults.as_json()) == (before, [], [])


def test_a_path_outside_the_simulator_is_a_json_404(http_client):
    assert http_client.get("/").json["errors"][0]["code"] == "10005"


def test_messages_among_ten_thousand_are_cancelled_side_by_side(telnyx_sim):
    send_at = datetime.now(UTC) + timedelta(hours=1)
    ids = [telnyx_sim.schedule(to=ALICE, send_at=send_at)["id"] for _ in range(10_000)]
    wanted = ids[:600]
    threads = [threading.Thread(target=_cancel_all, args=(telnyx_sim, wanted[part::3])) for part in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(telnyx_sim.status(message_id) == "cancelled" for message_id in wanted)
    assert telnyx_sim.status(ids[600]) == "scheduled"


def _cancel_all(running, ids):
    with _connected(running) as connection:
        for message_id in ids:
            connection.request("DELETE", f"/v2/messages/{message_id}", headers=BEARER)
            connection.getresponse().read()


def _connected(running):
    return contextlib.closing(http.client.HTTPConnection(running.url.removeprefix("http://")))


def test_a_request_in_chunks_is_read_to_its_end(telnyx_sim):
    body = json.dumps({"from": SENDER, "to": ALICE, "text": "Hello"}).encode()
    with _connected(telnyx_sim) as connection:
        for _ in range(2):
            connection.request("POST", "/v2/messages", body=iter([body[:9], body[9:]]), headers=BEARER)
            response = connection.getresponse()
            response.read()
            assert response.status == 200
    assert len(telnyx_sim.messages()) == 2


def test_an_idle_connection_does_not_keep_the_simulator_from_stopping():
    running = simulator.running()
    with _connected(running) as idle:
        idle.request("GET", "/_sim/clock")
        idle.getresponse().read()
        running.stop()
        assert idle.sock.recv(1) == b""
