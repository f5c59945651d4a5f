"""What goes wrong on request, over real sockets."""

import contextlib
import http.client
import time
from datetime import UTC, datetime, timedelta

import nacl.exceptions
import pytest
import telnyx

from simulator import FaultRule
from tests.processes import wait_for

ALICE, SENDER = "+15551230001", "+15557650002"


@pytest.fixture
def client(telnyx_sim):
    with telnyx.Telnyx(api_key="KEY", base_url=telnyx_sim.base_url, max_retries=0) as sdk:
        yield sdk


@pytest.fixture
def message_id(telnyx_sim):
    return telnyx_sim.schedule(to=ALICE, send_at=datetime.now(UTC) + timedelta(hours=1))["id"]


def test_a_duplicated_event_arrives_twice_under_one_id(telnyx_sim, receiver):
    telnyx_sim.fault("duplicate", copies=3, times=1)
    telnyx_sim.inbound(sender=ALICE, text="one")
    telnyx_sim.inbound(sender=ALICE, text="two")
    assert telnyx_sim.settle()
    texts = sorted(event["payload"]["text"] for event in receiver.events)
    assert texts == ["one", "one", "one", "two"]
    assert len({event["id"] for event in receiver.events}) == 2


def test_reordered_events_arrive_shuffled_and_whole(telnyx_sim, receiver):
    telnyx_sim.fault("reorder", seconds=0.1)
    texts = [str(number) for number in range(20)]
    for text in texts:
        telnyx_sim.inbound(sender=ALICE, text=text)
    assert telnyx_sim.settle()
    arrived = [event["payload"]["text"] for event in receiver.events]
    assert sorted(arrived) == sorted(texts)
    assert arrived != texts


def test_a_delayed_event_is_overtaken(telnyx_sim, receiver):
    telnyx_sim.fault("delay", seconds=0.5, event_type="message.sent")
    telnyx_sim.send(to=ALICE)
    assert telnyx_sim.settle()
    assert [event["event_type"] for event in receiver.events] == ["message.finalized", "message.sent"]


def test_a_dropped_event_never_arrives(telnyx_sim, receiver, failover):
    telnyx_sim.fault("drop", times=1)
    telnyx_sim.inbound(sender=ALICE, text="one")
    telnyx_sim.inbound(sender=ALICE, text="two")
    assert telnyx_sim.settle()
    assert [event["payload"]["text"] for event in receiver.events] == ["two"]
    assert failover.arrivals == []
    assert [delivery["state"] for delivery in telnyx_sim.deliveries()] == ["dropped", "delivered"]


def test_lost_attempts_count_as_failed(telnyx_sim, receiver, failover):
    telnyx_sim.fault("lose", path=receiver.url)
    telnyx_sim.inbound(sender=ALICE, text="hello")
    assert telnyx_sim.settle()
    assert receiver.arrivals == []
    assert len(failover.arrivals) == 1
    assert [each["error"] for each in telnyx_sim.deliveries()[0]["attempts"]] == ["lost", "lost", "lost", None]


def test_a_bad_signature_does_not_verify(telnyx_sim, receiver, verify):
    telnyx_sim.fault("bad_signature", times=1)
    telnyx_sim.inbound(sender=ALICE, text="hello")
    assert telnyx_sim.settle()
    [(headers, body, _)] = receiver.arrivals
    with pytest.raises(nacl.exceptions.BadSignatureError):
        verify(telnyx_sim.public_key, headers, body)


def test_a_stale_attempt_verifies_but_is_old(telnyx_sim, receiver, verify):
    telnyx_sim.fault("stale", seconds=600)
    telnyx_sim.inbound(sender=ALICE, text="hello")
    assert telnyx_sim.settle()
    [(headers, body, _)] = receiver.arrivals
    verify(telnyx_sim.public_key, headers, body)
    assert 595 < time.time() - int(headers["telnyx-timestamp"]) < 605


def test_a_rule_for_one_message_spares_the_others(telnyx_sim, client, message_id):
    other = telnyx_sim.schedule(to=ALICE, send_at=datetime.now(UTC) + timedelta(hours=1))["id"]
    telnyx_sim.fault("error", message_id=message_id, method="DELETE")
    with pytest.raises(telnyx.InternalServerError):
        client.messages.cancel_scheduled(message_id)
    assert client.messages.cancel_scheduled(other).to[0].status == "cancelled"
    assert client.messages.retrieve(message_id).data.to[0].status == "scheduled"


def test_throttling_says_when_to_come_back(telnyx_sim, client, message_id):
    telnyx_sim.fault("rate_limit", seconds=3, times=1)
    with pytest.raises(telnyx.RateLimitError) as refusal:
        client.messages.cancel_scheduled(message_id)
    assert refusal.value.response.headers["x-ratelimit-reset"] == "3"
    assert refusal.value.response.headers["x-ratelimit-remaining"] == "0"
    assert refusal.value.body["errors"][0]["code"] == "10011"
    assert telnyx_sim.status(message_id) == "scheduled"
    assert client.messages.cancel_scheduled(message_id).to[0].status == "cancelled"


def test_an_error_may_be_html(telnyx_sim, client, message_id):
    telnyx_sim.fault("error", status=502, body="<html>Bad Gateway</html>")
    with pytest.raises(telnyx.InternalServerError) as refusal:
        client.messages.cancel_scheduled(message_id)
    assert refusal.value.response.headers["content-type"].startswith("text/html")
    assert refusal.value.body == "<html>Bad Gateway</html>"


def test_a_request_that_hangs_before_is_not_applied(telnyx_sim, client, message_id):
    telnyx_sim.fault("hang_before", seconds=60)
    with pytest.raises(telnyx.APITimeoutError):
        client.messages.cancel_scheduled(message_id, timeout=0.5)
    assert telnyx_sim.status(message_id) == "scheduled"


def test_a_request_that_hangs_after_is_applied(telnyx_sim, client, message_id):
    telnyx_sim.fault("hang_after", seconds=60)
    with pytest.raises(telnyx.APITimeoutError):
        client.messages.cancel_scheduled(message_id, timeout=0.5)
    assert wait_for(lambda: telnyx_sim.status(message_id) == "cancelled")


@pytest.mark.parametrize(("applied", "status"), [(False, "scheduled"), (True, "cancelled")])
def test_a_closed_connection_leaves_it_open_whether_the_request_was_applied(
    telnyx_sim, client, message_id, applied, status
):
    telnyx_sim.fault("close", apply=applied, times=1)
    with pytest.raises(telnyx.APIConnectionError):
        client.messages.cancel_scheduled(message_id)
    assert telnyx_sim.status(message_id) == status
    assert telnyx_sim.requests("DELETE")[0]["status"] is None


@pytest.mark.parametrize(("applied", "status"), [(False, "scheduled"), (True, "cancelled")])
def test_any_undocumented_answer_can_be_given(telnyx_sim, client, message_id, applied, status):
    telnyx_sim.fault("answer", status=403, body={"code": "10010", "title": "Authorization failed"}, apply=applied)
    with pytest.raises(telnyx.PermissionDeniedError) as refusal:
        client.messages.cancel_scheduled(message_id)
    assert refusal.value.body == {"code": "10010", "title": "Authorization failed"}
    telnyx_sim.clear_faults()
    assert telnyx_sim.status(message_id) == status


def test_a_cancellation_may_be_answered_in_data(telnyx_sim, client, message_id):
    telnyx_sim.fault("wrapped", method="DELETE")
    answer = client.messages.cancel_scheduled(message_id)
    assert answer.id is None
    assert answer.model_extra["data"]["to"][0]["status"] == "cancelled"


def test_a_cancellation_may_be_answered_with_nothing(telnyx_sim, client, message_id):
    telnyx_sim.fault("empty", method="DELETE")
    response = client.messages.with_raw_response.cancel_scheduled(message_id)
    assert (response.status_code, response.http_response.content) == (204, b"")
    assert telnyx_sim.status(message_id) == "cancelled"


def test_a_request_may_be_redirected(telnyx_sim, message_id):
    telnyx_sim.fault("redirect", location="/elsewhere", times=1)
    with contextlib.closing(http.client.HTTPConnection(telnyx_sim.url.removeprefix("http://"))) as connection:
        connection.request("DELETE", f"/v2/messages/{message_id}", headers={"Authorization": "Bearer KEY"})
        response = connection.getresponse()
        response.read()
    assert (response.status, response.getheader("Location")) == (307, "/elsewhere")
    assert telnyx_sim.status(message_id) == "scheduled"


def test_latency_slows_the_answer_only(telnyx_sim, client, message_id):
    telnyx_sim.fault("latency", seconds=0.1)
    began = time.monotonic()
    assert client.messages.cancel_scheduled(message_id).to[0].status == "cancelled"
    assert time.monotonic() - began >= 0.1


def test_the_rate_limit_is_a_true_one(telnyx_sim, client, message_id):
    telnyx_sim.configure(rate_limit=1, rate_burst=2)
    client.messages.retrieve(message_id)
    client.messages.retrieve(message_id)
    with pytest.raises(telnyx.RateLimitError) as refusal:
        client.messages.retrieve(message_id)
    assert refusal.value.response.headers["x-ratelimit-reset"] == "1"
    time.sleep(1)
    client.messages.retrieve(message_id)


def test_chance_decides_by_the_seed(still):
    still.faults.add(FaultRule.from_json({"kind": "drop", "probability": 0.5}))
    still.configure({"webhook_url": "http://127.0.0.1:9/hooks"})
    for _ in range(40):
        still.inbound(sender=ALICE, to=SENDER, text="hello")
    dropped = [delivery["state"] for delivery in still.deliveries()].count("dropped")
    assert 10 < dropped < 30
    assert still.faults.as_json()[0]["struck"] == dropped


@pytest.mark.parametrize(
    ("rule", "complaint"),
    [
        pytest.param({"kind": "fire"}, "kind of a fault", id="an unknown kind"),
        pytest.param({}, "kind of a fault", id="no kind"),
        pytest.param({"kind": "drop", "often": 3}, "no field often", id="an unknown field"),
        pytest.param({"kind": "drop", "struck": 3}, "no field struck", id="a field that is not for writing"),
        pytest.param({"kind": "delay", "seconds": "3"}, "'seconds'", id="a number that is none"),
    ],
)
def test_a_rule_that_means_nothing_is_refused(rule, complaint):
    with pytest.raises(ValueError, match=complaint):
        FaultRule.from_json(rule)
