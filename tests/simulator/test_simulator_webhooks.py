"""Webhooks over real sockets."""

import base64
import json
import time
from datetime import UTC, datetime, timedelta

import nacl.exceptions
import pytest

import simulator
from tests.processes import wait_for

ALICE, SENDER = "+15551230001", "+15557650002"


def _attempts(running):
    return [(each["attempt"], each["url"], each["status"]) for each in running.deliveries()[-1]["attempts"]]


def test_a_webhook_carries_telnyxs_headers_and_envelope(telnyx_sim, receiver, verify):
    event = telnyx_sim.inbound(sender=ALICE, text="Привет 🙂")
    assert telnyx_sim.settle()
    [(headers, body, _)] = receiver.arrivals
    assert headers["Content-Type"] == "application/json"
    assert headers["User-Agent"] == "telnyx-webhooks"
    assert abs(int(headers["telnyx-timestamp"]) - time.time()) < 5
    assert len(base64.b64decode(headers["telnyx-signature-ed25519"])) == 64
    verify(telnyx_sim.public_key, headers, body)
    assert json.loads(body) == {"data": event, "meta": {"attempt": 1, "delivered_to": receiver.url}}


def test_a_signature_covers_every_byte(verify):
    key = simulator.SigningKey()
    headers = key.sign(b"{}", 1_700_000_000)
    verify(key.public_key, headers, b"{}")
    assert headers["telnyx-timestamp"] == "1700000000"
    with pytest.raises(nacl.exceptions.BadSignatureError):
        verify(key.public_key, headers, b"{ }")
    with pytest.raises(nacl.exceptions.BadSignatureError):
        verify(key.public_key, {**headers, "telnyx-timestamp": "1700000001"}, b"{}")


def test_a_failed_attempt_is_made_again_and_signed_anew(telnyx_sim, receiver, failover, verify):
    receiver.answers.extend([500, 404])
    telnyx_sim.inbound(sender=ALICE, text="hello")
    assert telnyx_sim.settle()
    assert _attempts(telnyx_sim) == [(1, receiver.url, 500), (2, receiver.url, 404), (3, receiver.url, 200)]
    assert [body["meta"]["attempt"] for body in receiver.bodies] == [1, 2, 3]
    assert len({headers["telnyx-signature-ed25519"] for headers, _, _ in receiver.arrivals}) == 3
    for headers, body, _ in receiver.arrivals:
        verify(telnyx_sim.public_key, headers, body)
    assert failover.arrivals == []


def test_after_three_failures_come_three_attempts_on_the_failover_url(telnyx_sim, receiver, failover):
    receiver.answers.extend([503] * 3)
    failover.answers.extend([503] * 2)
    telnyx_sim.inbound(sender=ALICE, text="hello")
    assert telnyx_sim.settle()
    assert [url for _, url, _ in _attempts(telnyx_sim)] == [receiver.url] * 3 + [failover.url] * 3
    assert [body["meta"] for body in failover.bodies] == [
        {"attempt": attempt, "delivered_to": failover.url} for attempt in (1, 2, 3)
    ]
    assert telnyx_sim.deliveries()[-1]["state"] == "delivered"


def test_after_six_failures_telnyx_gives_up(telnyx_sim, receiver, failover):
    receiver.answers.extend([503] * 3)
    failover.answers.extend([503] * 3)
    telnyx_sim.inbound(sender=ALICE, text="hello")
    assert telnyx_sim.settle()
    assert telnyx_sim.deliveries()[-1]["state"] == "failed"
    assert len(receiver.arrivals) + len(failover.arrivals) == 6


def test_a_redirect_is_a_failure_and_is_not_followed(telnyx_sim, receiver):
    receiver.answers.append(307)
    telnyx_sim.inbound(sender=ALICE, text="hello")
    assert telnyx_sim.settle()
    assert [path for _, _, path in receiver.arrivals] == ["/hooks", "/hooks"]


def test_an_answer_that_takes_too_long_is_a_failure(telnyx_sim, receiver, failover):
    telnyx_sim.configure(webhook_timeout=0.5, webhook_attempts=1)
    receiver.seconds = 60
    telnyx_sim.inbound(sender=ALICE, text="hello")
    assert telnyx_sim.settle()
    receiver.over.set()
    first, second = telnyx_sim.deliveries()[-1]["attempts"]
    assert (first["status"], first["error"]) == (None, "timeout")
    assert (second["url"], second["status"]) == (failover.url, 200)


def test_a_slow_target_does_not_hold_up_another(telnyx_sim, receiver, failover):
    telnyx_sim.configure(webhook_timeout=90)
    receiver.seconds = 90
    for _ in range(9):
        telnyx_sim.inbound(sender=ALICE, text="hello")
    telnyx_sim.emit({"id": "1", "event_type": "10dlc.campaign.update"}, webhook_urls=(failover.url,))
    assert wait_for(lambda: failover.arrivals)
    receiver.over.set()
    assert telnyx_sim.settle()


def test_a_target_that_is_not_there_is_a_failure(telnyx_sim, failover):
    with simulator.running() as gone:
        unreachable = gone.url
    telnyx_sim.configure(webhook_url=unreachable)
    telnyx_sim.inbound(sender=ALICE, text="hello")
    assert telnyx_sim.settle()
    assert telnyx_sim.deliveries()[-1]["attempts"][0]["error"] == "ConnectionRefusedError"
    assert len(failover.arrivals) == 1


def test_hundreds_of_webhooks_share_a_few_connections(telnyx_sim, receiver):
    for _ in range(300):
        telnyx_sim.inbound(sender=ALICE, text="hello")
    assert telnyx_sim.settle()
    assert len(receiver.arrivals) == 300
    assert receiver.connections <= 8


def test_a_connection_the_target_closed_costs_no_attempt(telnyx_sim, receiver):
    receiver.RequestHandlerClass.timeout = 0.3
    try:
        for number in (1, 2):
            telnyx_sim.inbound(sender=ALICE, text="hello")
            assert telnyx_sim.settle()
            assert wait_for(lambda number=number: receiver.closed == number)
    finally:
        receiver.RequestHandlerClass.timeout = None
    assert [len(delivery["attempts"]) for delivery in telnyx_sim.deliveries()] == [1, 1]
    assert receiver.connections == 2


def test_a_messages_own_urls_come_before_its_profiles(telnyx_sim, receiver, failover):
    telnyx_sim.configure(webhook_failover_url=None)
    failover.answers.extend([503] * 3)
    own = {"webhook_url": failover.url}
    message = telnyx_sim.send(to=ALICE, **own)
    assert message["webhook_url"] == failover.url
    assert telnyx_sim.settle()
    sent = telnyx_sim.deliveries()[0]
    assert sent["urls"] == [failover.url, receiver.url]


def test_a_message_may_do_without_its_profiles_urls(telnyx_sim, receiver, failover):
    telnyx_sim.send(to=ALICE, webhook_url=failover.url, use_profile_webhooks=False)
    assert telnyx_sim.settle()
    assert len(failover.arrivals) == 2
    assert receiver.arrivals == []


def test_a_profile_may_have_urls_of_its_own(telnyx_sim, receiver, failover):
    profile_id = "4000eba1-a0c0-4563-9925-b25e842a7cb6"
    telnyx_sim.configure(profiles={profile_id: {"webhook_url": failover.url}})
    telnyx_sim.inbound(sender=ALICE, text="hello", messaging_profile_id=profile_id)
    assert telnyx_sim.settle()
    assert len(failover.arrivals) == 1
    assert receiver.arrivals == []


@pytest.mark.parametrize(
    "url",
    [
        pytest.param("http://192.0.2.1/hooks", id="an address elsewhere"),
        pytest.param("https://hooks.example.com/telnyx", id="a name elsewhere"),
        pytest.param("http://127.0.0.1@hooks.example.com/", id="a name elsewhere, dressed up"),
        pytest.param("http://127.0.0.1.example.com/", id="a name elsewhere that begins like home"),
    ],
)
def test_nothing_is_sent_away_from_this_machine(url):
    with simulator.running(webhook_url=url) as running:
        running.inbound(sender=ALICE, text="hello")
        assert running.settle(1)
        assert running.deliveries()[0]["state"] == "refused"
        assert running.deliveries()[0]["attempts"] == []


def test_a_url_that_cannot_be_asked_for_is_a_failure(telnyx_sim, receiver, failover):
    telnyx_sim.configure(webhook_url=f"{receiver.url}/é")
    telnyx_sim.inbound(sender=ALICE, text="hello")
    assert telnyx_sim.settle()
    assert receiver.arrivals == []
    assert len(failover.arrivals) == 1


def test_an_event_of_any_shape_is_sent(telnyx_sim, receiver):
    data = {"event_type": ["odd"], "payload": "none", "id": None}
    telnyx_sim.fault("delay", seconds=0, event_type="message.sent")
    telnyx_sim.emit(data)
    assert telnyx_sim.settle()
    assert receiver.events == [data]


def test_half_of_a_surrogate_pair_is_sent_as_json_escapes_it(telnyx_sim, receiver, verify):
    data = {"event_type": "message.received", "payload": {"text": "oh \ud83d no \N{PILE OF POO}"}}
    telnyx_sim.emit(data)
    assert telnyx_sim.settle()
    headers, body, _ = receiver.arrivals[0]
    assert b"oh \\ud83d no \xf0\x9f\x92\xa9" in body
    assert receiver.events[0] == data
    assert {each["state"] for each in telnyx_sim.deliveries()} == {"delivered"}
    verify(telnyx_sim.public_key, headers, body)


def test_an_event_with_nowhere_to_go_is_kept_all_the_same():
    with simulator.running() as running:
        running.inbound(sender=ALICE, text="hello")
        assert running.deliveries()[0]["state"] == "no_url"


def test_a_scheduled_message_is_sent_when_the_running_clock_is_advanced(telnyx_sim, receiver):
    message = telnyx_sim.schedule(to=ALICE, send_at=datetime.now(UTC) + timedelta(hours=1))
    telnyx_sim.advance(timedelta(hours=1))
    assert telnyx_sim.settle()
    assert telnyx_sim.status(message["id"]) == "delivered"
    assert sorted(event["event_type"] for event in receiver.events) == ["message.finalized", "message.sent"]


def test_a_fast_clock_sends_without_being_asked(receiver):
    clock = simulator.Clock(speed=36_000)
    with simulator.running(clock=clock, webhook_url=receiver.url) as running:
        message = running.schedule(to=ALICE, send_at=clock.now() + timedelta(hours=1))
        assert wait_for(lambda: running.status(message["id"]) == "delivered")
        assert running.settle()


def test_a_simulator_that_stops_leaves_no_attempt_behind(receiver):
    running = simulator.running(webhook_url=receiver.url)
    receiver.answers.append(503)
    running.inbound(sender=ALICE, text="hello")
    running.stop()
    running.stop()
    arrived = len(receiver.arrivals)
    time.sleep(0.05)
    assert len(receiver.arrivals) == arrived
