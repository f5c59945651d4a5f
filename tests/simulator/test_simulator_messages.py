"""The life of messages on a clock driven by hand: no threads, no sockets."""

from datetime import timedelta

import pytest

from simulator.refusals import RefusedError

ALICE, BOB = "+15551230001", "+15551230002"
SENDER = "+15557650002"


def _schedule(still, ahead=timedelta(hours=1), **fields):
    send_at = (still.clock.now() + ahead).isoformat()
    return still.send({"from": SENDER, "to": ALICE, "text": "Hello", "send_at": send_at, **fields})


def _events(still):
    return [delivery["event"] for delivery in still.deliveries()]


def _history(still, message):
    return [entry["status"] for entry in still.message(message["id"])["history"]]


def _go(still, **by):
    still.advance(timedelta(**by))
    return still.tick()


def _receive(still, text, sender=ALICE, **fields):
    return still.inbound(sender=sender, to=SENDER, text=text, **fields)


def test_an_immediate_message_is_queued_then_sent_then_delivered(still):
    message = still.send({"from": SENDER, "to": ALICE, "text": "Hello"})
    assert message["to"][0]["status"] == "queued"
    still.tick()
    _go(still, seconds=1)
    assert _history(still, message) == ["queued", "sending", "sent", "delivered"]
    assert [event["event_type"] for event in _events(still)] == ["message.sent", "message.finalized"]


def test_a_scheduled_message_waits_for_its_time(still):
    message = _schedule(still)
    assert message["to"][0]["status"] == "scheduled"
    assert message["send_at"] == "2026-03-01T13:00:00.000Z"
    assert _go(still, minutes=59) == 0
    assert _events(still) == []
    assert _go(still, minutes=2) == 2
    assert _history(still, message) == ["scheduled", "queued", "sending", "sent", "delivered"]


def test_what_a_leap_of_the_clock_passes_over_happens_at_its_own_time(still):
    _schedule(still)
    _go(still, days=2)
    sent, finalized = _events(still)
    assert sent["payload"]["sent_at"] == "2026-03-01T13:00:00.000+00:00"
    assert finalized["occurred_at"] == "2026-03-01T13:00:01.000+00:00"


def test_a_webhook_does_not_tell_when_a_message_was_scheduled_for(still):
    _schedule(still)
    _go(still, hours=2)
    assert all("send_at" not in event["payload"] for event in _events(still))


@pytest.mark.parametrize(
    ("ahead", "accepted"),
    [
        pytest.param(timedelta(minutes=5), True, id="five minutes ahead: soon enough"),
        pytest.param(timedelta(minutes=5, seconds=-1), False, id="less than five minutes ahead: too soon"),
        pytest.param(timedelta(days=5), True, id="five days ahead: still taken"),
        pytest.param(timedelta(days=5, seconds=1), False, id="more than five days ahead: too late"),
        pytest.param(timedelta(hours=-1), False, id="in the past: too late"),
    ],
)
def test_a_message_is_scheduled_from_five_minutes_to_five_days_ahead(still, ahead, accepted):
    if accepted:
        _schedule(still, ahead)
    else:
        with pytest.raises(RefusedError, match=r"422 10027 .* at least 5 minutes and at most 5 days"):
            _schedule(still, ahead)
    assert len(still.messages()) == accepted


def test_a_cancelled_message_costs_nothing_and_is_never_sent(still):
    message = _schedule(still)
    cancelled = still.cancel(message["id"])
    assert cancelled["to"][0]["status"] == "cancelled"
    assert cancelled["cost"] == {"amount": "0.0", "currency": "USD"}
    _go(still, hours=2)
    assert _history(still, message) == ["scheduled", "cancelled"]
    assert _events(still) == []


@pytest.mark.parametrize(
    ("left", "cancellable"),
    [
        pytest.param(timedelta(seconds=61), True, id="61 seconds before: in time"),
        pytest.param(timedelta(seconds=60), False, id="60 seconds before: too late"),
        pytest.param(timedelta(seconds=1), False, id="one second before: too late"),
    ],
)
def test_a_message_can_be_cancelled_until_a_minute_before_its_time(still, left, cancellable):
    message = _schedule(still)
    still.advance(timedelta(hours=1) - left)
    if cancellable:
        still.cancel(message["id"])
    else:
        with pytest.raises(RefusedError, match="422 10027"):
            still.cancel(message["id"])
    assert still.retrieve(message["id"])["to"][0]["status"] == ("cancelled" if cancellable else "scheduled")


def test_a_message_cancelled_twice_is_refused_the_second_time(still):
    message = _schedule(still)
    still.cancel(message["id"])
    with pytest.raises(RefusedError, match="422 10027"):
        still.cancel(message["id"])
    assert _history(still, message) == ["scheduled", "cancelled"]


def test_an_immediate_message_cannot_be_cancelled(still):
    message = still.send({"from": SENDER, "to": ALICE, "text": "Hello"})
    with pytest.raises(RefusedError, match="422 10027"):
        still.cancel(message["id"])


def test_a_message_older_than_ten_days_is_not_found(still):
    message = _schedule(still)
    _go(still, days=10)
    assert still.retrieve(message["id"])["to"][0]["status"] == "delivered"
    still.advance(timedelta(seconds=1))
    with pytest.raises(RefusedError, match="404 40303"):
        still.retrieve(message["id"])


def test_a_group_message_is_final_once_for_each_recipient(still):
    message = _schedule(still, to=[ALICE, BOB])
    still.configure({"final_statuses": {BOB: "delivery_failed"}})
    _go(still, hours=2)
    sent, *finalized = _events(still)
    assert [entry["phone_number"] for entry in sent["payload"]["to"]] == [ALICE, BOB]
    assert {event["payload"]["id"] for event in finalized} == {message["id"]}
    assert len({event["id"] for event in finalized}) == 2
    outcomes = {event["payload"]["to"][0]["phone_number"]: event["payload"]["to"][0]["status"] for event in finalized}
    assert outcomes == {ALICE: "delivered", BOB: "delivery_failed"}


def test_a_failed_message_says_why(still):
    still.configure({"final_status": "delivery_failed"})
    _schedule(still)
    _go(still, hours=2)
    payload = _events(still)[-1]["payload"]
    assert payload["to"][0]["status"] == "delivery_failed"
    assert payload["errors"][0]["code"] == "40008"


@pytest.mark.parametrize(
    ("text", "kind", "is_blocked"),
    [
        pytest.param("STOP", "STOP", True, id="the keyword: blocked"),
        pytest.param(" stop all ", "STOP", True, id="any case, spaces around: blocked"),
        pytest.param("Cancel", "STOP", True, id="an appointment's answer is a keyword too: blocked"),
        pytest.param("HELP", "HELP", False, id="help: noticed only"),
        pytest.param("START", "START", False, id="start: noticed"),
        pytest.param("please stop", None, False, id="more than the keyword: not noticed"),
        pytest.param("Stop.", None, False, id="with a full stop: not noticed"),
    ],
)
def test_a_keyword_counts_when_it_is_the_whole_text(still, text, kind, is_blocked):
    event = _receive(still, text)
    assert event["event_type"] == "message.received"
    assert event["payload"]["autoresponse_type"] == kind
    if is_blocked:
        with pytest.raises(RefusedError, match="409 40300"):
            _schedule(still)
    else:
        _schedule(still)
    assert len(still.optouts()) == is_blocked


def test_an_opt_out_holds_for_one_profile_and_recipient_until_start(still):
    other = "4000eba1-a0c0-4563-9925-b25e842a7cb6"
    _receive(still, "STOP")
    _schedule(still, to=BOB)
    _schedule(still, **{"messaging_profile_id": other, "from": "+15557650009"})
    with pytest.raises(RefusedError, match="409 40300"):
        _schedule(still)
    _receive(still, "unstop")
    _schedule(still)


def test_what_telnyx_makes_of_a_text_can_be_overridden(still):
    event = _receive(still, "STOP", autoresponse_type=None, event_id="5ed9ec04-a33f-4ef2-b452-3a2989fac3a1")
    assert event["payload"]["autoresponse_type"] is None
    assert event["id"] == "5ed9ec04-a33f-4ef2-b452-3a2989fac3a1"
    assert still.optouts() == []


def test_an_inbound_message_can_be_retrieved(still):
    event = _receive(still, "hello")
    assert still.retrieve(event["payload"]["id"])["direction"] == "inbound"


def test_a_scheduled_message_goes_out_to_a_blocked_recipient(still):
    message = _schedule(still)
    _receive(still, "STOP")
    _go(still, hours=2)
    assert _history(still, message)[-1] == "delivered"


def test_a_blocked_recipient_is_spared_when_blocks_are_rechecked(still):
    still.configure({"recheck_blocks_at_send": True})
    message = _schedule(still)
    _receive(still, "STOP")
    _go(still, hours=2)
    assert _history(still, message) == ["scheduled", "queued", "sending", "sending_failed"]
    received, finalized = _events(still)
    assert received["event_type"] == "message.received"
    assert finalized["payload"]["errors"][0]["code"] == "40300"


def test_the_campaign_of_a_message_follows_from_its_sender(still):
    still.configure({"tcr_campaigns": {SENDER: "CNZO3VL"}})
    message = _schedule(still)
    assert (message["tcr_campaign_id"], message["tcr_campaign_registered"]) == ("CNZO3VL", "REGISTERED")
    other = _schedule(still, **{"from": "+15557650009"})
    assert (other["tcr_campaign_id"], other["tcr_campaign_registered"]) == (None, None)


@pytest.mark.parametrize(
    ("text", "encoding", "parts"),
    [
        pytest.param("a" * 160, "GSM-7", 1, id="160 letters: one part"),
        pytest.param("a" * 161, "GSM-7", 2, id="161 letters: two"),
        pytest.param("€" * 81, "GSM-7", 2, id="a euro sign takes two places"),
        pytest.param("ж" * 71, "UCS-2", 2, id="Cyrillic: 70 to a part"),
        pytest.param("🙂" * 35, "UCS-2", 1, id="an emoji takes two places"),
    ],
)
def test_a_text_is_encoded_and_split(still, text, encoding, parts):
    message = _schedule(still, text=text)
    assert (message["encoding"], message["parts"]) == (encoding, parts)


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        pytest.param({"to": None}, "10015", id="no recipient"),
        pytest.param({"to": "15551230001"}, "40310", id="a recipient without a plus"),
        pytest.param({"to": [ALICE, 5]}, "40310", id="a recipient that is no text"),
        pytest.param({"to": [f"+1555123{n:04}" for n in range(9)]}, "10015", id="a group of nine"),
        pytest.param({"from": None}, "10027", id="neither sender nor profile"),
        pytest.param({"text": ""}, "10027", id="nothing to say"),
        pytest.param({"text": 5}, "10015", id="a text that is none"),
        pytest.param({"type": "FAX"}, "10015", id="an unknown type"),
        pytest.param({"text": "\ud800"}, "10015", id="half a character"),
        pytest.param({"send_at": "9999-12-31T23:59:59-12:00"}, "10015", id="a time beyond the calendar"),
        pytest.param({"send_at": "tomorrow"}, "10015", id="a time that is none"),
        pytest.param({"webhook_url": "ftp://127.0.0.1/"}, "10015", id="a webhook that is not for the web"),
        pytest.param({"webhook_url": "http://127.0.0.1:port/"}, "10015", id="a webhook with no port"),
        pytest.param({"media_urls": "http://127.0.0.1/cat.png"}, "10015", id="media that is no list"),
    ],
)
def test_a_body_telnyx_would_not_take_is_refused(still, fields, code):
    with pytest.raises(RefusedError) as refusal:
        _schedule(still, **fields)
    assert refusal.value.code == code
    assert still.messages() == []


def test_a_disabled_profile_sends_nothing(still):
    profile_id = still.profiles()[0]["id"]
    still.configure({"profiles": {profile_id: {"enabled": False}}})
    with pytest.raises(RefusedError, match="403 40312"):
        _schedule(still)


def test_a_seed_repeats_ids_and_keys(still):
    from simulator import Clock, Simulator  # noqa: PLC0415 - a second one, for this test alone

    twin = Simulator(clock=Clock(start=still.clock.now(), speed=0), seed=7)
    assert twin.key.public_key == still.key.public_key
    assert _schedule(twin)["id"] == _schedule(still)["id"]
    twin.stop()
