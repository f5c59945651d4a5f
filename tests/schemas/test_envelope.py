"""The envelope: which event this is, out of all the shapes that Telnyx sends."""

from __future__ import annotations

import json
import random
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas import envelope
from schemas.envelope import EnvelopeInvalid
from tests.anything import json_values

PAYLOADS = Path(__file__).parent.parent / "payloads"
WEBHOOKS = sorted(path.name for path in PAYLOADS.glob("*.json") if not path.name.startswith("api."))
MESSAGE_ID = "1fa55452-5cc6-4ce7-9cb0-8612fa4ddca1"


def an_event(**data: Any) -> dict[str, Any]:
    fields = {
        "event_type": "message.received",
        "id": "5ed9ec04-a33f-4ef2-b452-3a2989fac3a1",
        "occurred_at": "2025-05-15T18:47:41.038+00:00",
        "payload": {"id": MESSAGE_ID},
        "record_type": "event",
    }
    return {"data": {**fields, **data}, "meta": {"attempt": 1, "delivered_to": "https://example.com"}}


def read(body: object) -> envelope.Envelope:
    return envelope.read(json.dumps(body).encode())


def refusal(body: object) -> EnvelopeInvalid:
    with pytest.raises(EnvelopeInvalid) as refused:
        envelope.read(body if isinstance(body, bytes) else json.dumps(body).encode())
    assert "\n" not in str(refused.value)
    return refused.value


def read_or_refusal(raw: bytes) -> envelope.Envelope | EnvelopeInvalid:
    try:
        return envelope.read(raw)
    except EnvelopeInvalid as error:
        return error


@pytest.mark.parametrize("name", WEBHOOKS)
def test_every_sample_is_read(name):
    body = json.loads((PAYLOADS / name).read_text())
    told = read(body)
    assert told.data == body.get("data", body)
    assert told.event_id
    assert told.event_type


def test_event_is_identified_timed_and_routed():
    told = read(an_event())
    assert (told.event_id, told.event_type) == ("5ed9ec04-a33f-4ef2-b452-3a2989fac3a1", "message.received")
    assert told.occurred_at == datetime(2025, 5, 15, 18, 47, 41, 38000, tzinfo=UTC)
    assert (told.attempt, told.delivered_to, told.record_type) == (1, "https://example.com", "event")
    assert told.payload == {"id": MESSAGE_ID}


def test_what_may_be_an_opt_out_comes_first():
    assert read(an_event()).priority == 0
    assert read(an_event(event_type="message.sent")).priority == 1


@pytest.mark.parametrize(
    "meta",
    [
        None,
        [],
        "x",
        {},
        {"attempt": "1", "delivered_to": 5},
        {"attempt": True},
        {"attempt": -1},
        {"attempt": 10**12},
        {"delivered_to": "a\nb"},
        {"delivered_to": "x" * 3000},
    ],
)
def test_odd_meta_says_nothing(meta):
    told = read({**an_event(), "meta": meta})
    assert (told.attempt, told.delivered_to) == (None, None)


def test_digest_is_of_the_event_and_not_of_the_delivery():
    first = an_event()
    again = {"meta": {"attempt": 3}, "data": dict(reversed(first["data"].items()))}
    assert read(first).digest == read(again).digest
    assert envelope.read(json.dumps(first, indent=4).encode()).digest == read(first).digest
    assert read(first).digest != read(an_event(payload={"id": MESSAGE_ID, "text": "STOP"})).digest


def test_event_without_id_is_named_by_its_content():
    body = an_event()
    del body["data"]["id"]
    told = read(body)
    assert told.event_id == f"derived:{told.digest}"
    assert read(an_event(id=None)).event_id.startswith("derived:")


@pytest.mark.parametrize("identity", ["example-event-id", "x", "x" * 200, "Grüße 1"])
def test_id_need_not_be_a_uuid(identity):
    assert read(an_event(id=identity)).event_id == identity


@pytest.mark.parametrize("identity", ["", " ", "a\nb", "\x00", "\ud800", "\u202e", "x" * 201, 5, ["x"], {}, True])
def test_id_that_cannot_be_stored_or_shown_is_refused(identity):
    told = refusal(an_event(id=identity))
    assert str(told).startswith("data.id: ")
    assert told.event_id is None
    assert told.event_type == "message.received"


@pytest.mark.parametrize("event_type", ["", "\ud800", "a\x00", 7, [], "x" * 201])
def test_event_type_that_cannot_be_stored_or_shown_is_refused(event_type):
    told = refusal(an_event(event_type=event_type))
    assert str(told).startswith("data.event_type: ")
    assert told.event_id == "5ed9ec04-a33f-4ef2-b452-3a2989fac3a1"


@pytest.mark.parametrize(
    "occurred_at", ["2025-05-15T18:47:41Z", "2025-05-15T20:47:41.000+02:00", "2025-05-15 18:47:41+00:00"]
)
def test_time_is_read_in_every_form_it_comes_in(occurred_at):
    assert read(an_event(occurred_at=occurred_at)).occurred_at == datetime(2025, 5, 15, 18, 47, 41, tzinfo=UTC)


def test_missing_time_is_none():
    assert read(an_event(occurred_at=None)).occurred_at is None


@pytest.mark.parametrize(
    "occurred_at",
    ["2025-05-15T18:47:41", "2016-12-31T23:59:60Z", "yesterday", "", 1747334861, "9999-12-31T23:59:59-23:59"],
)
def test_time_that_cannot_be_trusted_is_refused(occurred_at):
    assert str(refusal(an_event(occurred_at=occurred_at))).startswith("data.occurred_at: ")


@pytest.mark.parametrize("event_type", ["message.received", "message.sent", "message.finalized", "message.read"])
@pytest.mark.parametrize(
    "payload",
    [
        None,
        [],
        "x",
        {},
        {"id": None},
        {"id": 5},
        {"id": MESSAGE_ID.upper()},
        {"id": MESSAGE_ID.replace("-", "")},
        {"id": f"{{{MESSAGE_ID}}}"},
        {"id": f"urn:uuid:{MESSAGE_ID}"},
        {"id": "../phone_numbers/1"},
        {"id": f"{MESSAGE_ID}\n"},
    ],
)
def test_event_of_no_message_one_can_name_is_refused(event_type, payload):
    told = refusal(an_event(event_type=event_type, payload=payload))
    assert str(told).startswith("data.payload")
    assert told.event_id == "5ed9ec04-a33f-4ef2-b452-3a2989fac3a1"
    assert told.digest


@pytest.mark.parametrize("payload", [None, [], "x", 5, {"id": "anything"}])
def test_payload_of_other_events_may_be_anything(payload):
    told = read(an_event(event_type="something.new", payload=payload))
    assert told.payload == (payload if isinstance(payload, dict) else {})
    assert told.data["payload"] == payload


def test_link_click_is_named_by_its_record_type():
    told = read({"data": {"record_type": "link_click", "url": "https://example.com", "message_id": MESSAGE_ID}})
    assert (told.event_type, told.payload, told.occurred_at) == ("link_click", {}, None)
    assert told.event_id.startswith("derived:")


def test_campaign_without_an_envelope_is_one():
    body = {"campaignId": "C4D06C2F", "type": "TELNYX_EVENT", "status": "DORMANT"}
    told = read(body)
    assert (told.event_type, told.payload, told.data) == ("10dlc.campaign.update", body, body)
    assert told.event_id == f"derived:{told.digest}"


@pytest.mark.parametrize(
    "body",
    [{}, [], None, "x", 5, {"data": None}, {"data": []}, {"data": {}}, {"data": {"record_type": "event"}},
     {"campaignId": 5, "type": "x"}, {"campaignId": "x"}, {"payload": {}}],
    ids=json.dumps,
)  # fmt: skip
def test_body_that_is_no_event_is_refused(body):
    assert refusal(body).event_id is None


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"{",
        b"{} {}",
        b"\xff",
        b"\xed\xa0\x80",
        b"\xef\xbb\xbf{}",
        "{}".encode("utf-16"),
        "{}".encode("utf-32"),
        b'{"data": {"a": 1, "a": 2}}',
        b'{"data": {"payload": {"id": "x", "to": [{"b": 1, "b": 1}]}}}',
        b'{"data": NaN}',
        b'{"data": [Infinity]}',
        b'{"data": -Infinity}',
        b'{"data": 1e999}',
        b'{"data": ' + b"1" * 41 + b"}",
        b'{"data": ' + b"1" * 5000 + b"}",
        b'{"data": 01}',
        b"{'data': 1}",
        b'{"data": "\x01"}',
        b"[" * 65 + b"]" * 65,
        b"[" * 100_000,
        b'{"a":' * 5000 + b"1" + b"}" * 5000,
    ],
    ids=lambda raw: repr(raw[:50]),
)
def test_body_that_readers_of_json_read_differently_is_refused(raw):
    assert str(refusal(raw)).startswith("the body ")


def test_many_brackets_that_are_not_deep_are_read():
    assert read(an_event(payload={"id": MESSAGE_ID, "text": "[{" * 500, "media": [{}] * 500})).event_id


@settings(deadline=None)
@given(st.binary(max_size=200) | json_values.map(lambda value: json.dumps(value).encode()))
def test_any_body_is_read_or_refused(raw):
    told = read_or_refusal(raw)
    assert str(told).isprintable() if isinstance(told, EnvelopeInvalid) else told.event_id


@settings(deadline=None)
@given(
    st.fixed_dictionaries(
        {},
        optional={
            "id": json_values,
            "event_type": json_values | st.sampled_from(["message.sent", "x"]),
            "occurred_at": json_values,
            "payload": json_values,
            "record_type": json_values,
        },
    ),
    json_values,
)
def test_any_data_is_read_or_refused(data, meta):
    told = read_or_refusal(json.dumps({"data": data, "meta": meta}).encode())
    if isinstance(told, EnvelopeInvalid):
        assert str(told).isprintable()
    else:
        assert len(told.event_id) <= 200
        assert told.event_type.isprintable()


def test_hostile_body_of_a_quarter_megabyte_is_refused():
    chance = random.Random(1)
    hostile = [
        b'{"data":{' + b",".join(b'"k%d":1' % number for number in range(20_000)) + b"}}",
        b"[" + b"[]," * 80_000 + b"[]]",
        b'{"data":{"id":"' + b"\\u0000" * 40_000 + b'"}}',
        b'{"data":' + b"1" * 250_000 + b"}",
        bytes(chance.choices(b'{}[]",:0', k=250_000)),
    ]
    for raw in hostile:
        refusal(raw)
