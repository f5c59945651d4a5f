"""Telnyx's own Python library against the simulator."""

from datetime import UTC, datetime, timedelta

import pytest
import telnyx

import simulator

ALICE, SENDER = "+15551230001", "+15557650002"


@pytest.fixture
def client(telnyx_sim):
    with telnyx.Telnyx(
        api_key="KEY", public_key=telnyx_sim.public_key, base_url=telnyx_sim.base_url, max_retries=0
    ) as sdk:
        yield sdk


def _in_an_hour():
    return datetime.now(UTC) + timedelta(hours=1)


def test_a_message_is_sent_and_followed_by_signed_webhooks(client, telnyx_sim, receiver):
    message = client.messages.send(to=ALICE, from_=SENDER, text="Hello").data
    assert message.to[0].status == "queued"
    assert telnyx_sim.settle()
    events = [client.webhooks.unwrap(body.decode(), headers=headers) for headers, body, _ in receiver.arrivals]
    assert sorted(event.data.event_type for event in events) == ["message.finalized", "message.sent"]
    assert {event.data.payload.id for event in events} == {message.id}
    assert client.messages.retrieve(message.id).data.to[0].status == "delivered"


@pytest.mark.parametrize("door", ["send", "schedule"])
def test_a_message_is_scheduled_and_cancelled(client, telnyx_sim, door):
    ask = getattr(client.messages, door)
    message = ask(to=ALICE, from_=SENDER, text="Hello", send_at=_in_an_hour()).data
    assert client.messages.retrieve(message.id).data.to[0].status == "scheduled"
    cancelled = client.messages.cancel_scheduled(message.id)
    assert (cancelled.id, cancelled.to[0].status, cancelled.cost.amount) == (message.id, "cancelled", "0.0")
    assert client.messages.retrieve(message.id).data.to[0].status == "cancelled"
    assert telnyx_sim.status(message.id) == "cancelled"


def test_an_unknown_message_is_a_bare_404_to_cancel_and_a_wrapped_one_to_retrieve(client):
    unknown = "40385f64-5717-4562-b3fc-2c963f66afa6"
    with pytest.raises(telnyx.NotFoundError) as cancelling:
        client.messages.cancel_scheduled(unknown)
    assert cancelling.value.body["code"] == "40303"
    with pytest.raises(telnyx.NotFoundError) as retrieving:
        client.messages.retrieve(unknown)
    assert retrieving.value.body["errors"][0]["code"] == "40303"


def test_a_message_inside_the_last_minute_is_a_wrapped_422_to_cancel(client, telnyx_sim):
    message = client.messages.schedule(to=ALICE, from_=SENDER, text="Hello", send_at=_in_an_hour()).data
    telnyx_sim.advance(timedelta(minutes=59, seconds=30))
    with pytest.raises(telnyx.UnprocessableEntityError) as refusal:
        client.messages.cancel_scheduled(message.id)
    assert refusal.value.body["errors"][0]["code"] == "10027"


def test_a_message_to_somebody_who_opted_out_is_a_conflict(client, telnyx_sim):
    telnyx_sim.inbound(sender=ALICE, to=SENDER, text="STOP")
    with pytest.raises(telnyx.ConflictError) as refusal:
        client.messages.send(to=ALICE, from_=SENDER, text="Hello")
    assert refusal.value.body["errors"][0]["code"] == "40300"
    assert telnyx_sim.messages() == []


def test_another_key_than_the_expected_one_is_refused(client, telnyx_sim):
    telnyx_sim.configure(api_key="ANOTHER KEY")
    with pytest.raises(telnyx.AuthenticationError) as refusal:
        client.messages.send(to=ALICE, from_=SENDER, text="Hello")
    assert refusal.value.body["errors"][0]["code"] == "10009"
    assert telnyx_sim.messages() == []


def test_a_profile_tells_its_webhooks(client, telnyx_sim, receiver, failover):
    profile = client.messaging_profiles.list().data[0]
    assert client.messaging_profiles.retrieve(profile.id).data == profile
    assert (profile.webhook_url, profile.webhook_failover_url) == (receiver.url, failover.url)
    assert (profile.webhook_api_version, profile.enabled) == ("2", True)


def test_opt_outs_are_listed_by_sender(client, telnyx_sim):
    telnyx_sim.inbound(sender=ALICE, to=SENDER, text="STOP")
    rows = list(client.messaging_optouts.list(filter={"from": SENDER}))
    assert [(row.to, row.from_, row.keyword) for row in rows] == [(ALICE, SENDER, "STOP")]
    assert list(client.messaging_optouts.list(filter={"from": "+15557650009"})) == []


def test_a_failed_webhook_can_be_recovered(client, telnyx_sim, receiver, failover):
    receiver.answers.extend([503] * 3)
    failover.answers.extend([503] * 3)
    lost = telnyx_sim.inbound(sender=ALICE, to=SENDER, text="STOP")
    assert telnyx_sim.settle()
    telnyx_sim.inbound(sender=ALICE, to=SENDER, text="START")
    assert telnyx_sim.settle()
    wanted = {"status": {"eq": "failed"}, "event_type": "message.received"}
    failed = list(client.webhook_deliveries.list(filter=wanted))
    assert [row.webhook.id for row in failed] == [lost["id"]]
    assert len(failed[0].attempts) == 6


def test_lists_come_in_pages(client, telnyx_sim):
    for number in range(5):
        telnyx_sim.inbound(sender=f"+1555123000{number}", to=SENDER, text="STOP")
    assert len(list(client.messaging_optouts.list(page_size=2))) == 5
    assert [request["status"] for request in telnyx_sim.requests("GET")] == [200, 200, 200]


def test_a_message_that_names_only_a_profile_is_sent_from_its_pool(client):
    profile = client.messaging_profiles.list().data[0]
    message = client.messages.send(to=ALICE, messaging_profile_id=profile.id, text="Hello").data
    assert message.from_.phone_number
    assert message.messaging_profile_id == profile.id


def test_a_simulator_of_ones_own_is_served_on_a_free_port():
    with simulator.serve(simulator.Simulator(seed=1)) as running:
        assert running.base_url == f"{running.url}/v2"
        assert running.public_key == simulator.SigningKey(1).public_key
