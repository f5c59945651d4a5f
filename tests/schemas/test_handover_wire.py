"""The hand-over on the wire: what is written is read, what is not known is left alone, and what is wrong is named."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime

import pytest

from core.errors import RequestInvalid
from schemas import handover
from schemas.handover import Handed, Ruling, Unreadable, Verdict, VersionUnknown

AT = datetime(2026, 3, 1, 12, 0, 0, 250_000, tzinfo=UTC)
EVENT = Handed(7, AT, b'{"data":{}}\xff', "c2lnbmF0dXJl", "1772366400")


def request(*events, **more):
    return json.dumps({"version": 1, "events": list(events), **more}).encode()


def told(row_id=7, **more):
    return {**json.loads(handover.encoded(EVENT)), "id": row_id, **more}


def test_request_is_read_as_it_was_written():
    assert handover.read_request(handover.request([handover.encoded(EVENT)])) == [EVENT]


def test_empty_request_is_a_question_and_no_mistake():
    assert handover.read_request(handover.request([])) == []
    assert json.loads(handover.request([])) == {"version": 1, "events": []}


def test_fields_of_a_later_release_are_left_alone():
    raw = request(told(spool="eu-1", attempt=3), sender={"release": "9.0"})
    assert handover.read_request(raw) == [EVENT]


@pytest.mark.parametrize(
    ("raw", "what"),
    [
        pytest.param(b"{", "is not JSON", id="cut off"),
        pytest.param(b"\xff", "is not UTF-8", id="no text"),
        pytest.param(b"[]", "is not an object", id="a list"),
        pytest.param(b'{"version":1}', "events: is missing", id="no events"),
        pytest.param(b'{"version":1,"version":1,"events":[]}', "twice", id="a key twice"),
        pytest.param(b'{"version":1,"events":{}}', "events: is not a list", id="events of another kind"),
        pytest.param(request(7), "has no object in place 0", id="an event of another kind"),
        pytest.param(request(told("7")), "has an id in place 0", id="id as a text"),
        pytest.param(request(told(row_id=True)), "has an id in place 0", id="id as a truth value"),
        pytest.param(request(told(2**63)), "has an id in place 0", id="id beyond a row's number"),
        pytest.param(request(told(), told()), "has an id twice", id="id twice"),
        pytest.param(request(*(told(row_id) for row_id in range(1, 102))), "more than 100", id="too many"),
    ],
)
def test_what_is_no_hand_over_is_refused_as_a_whole(raw, what):
    with pytest.raises(RequestInvalid, match=what):
        handover.read_request(raw)


@pytest.mark.parametrize("version", [0, 2, "1", 1.5, True, None])
def test_unknown_version_is_told_from_a_mistake(version):
    with pytest.raises(VersionUnknown):
        handover.read_request(request(told(), version=version))


@pytest.mark.parametrize(
    ("field", "value", "what"),
    [
        pytest.param("raw", "e30", "raw: is not base64", id="base64 without its padding"),
        pytest.param("raw", "e30=\n", "raw: is not base64", id="base64 with a line's end"),
        pytest.param("raw", "ü", "raw: is not base64", id="other characters"),
        pytest.param("raw", 5, "raw: is not a text", id="raw as a number"),
        pytest.param("received_at", "2026-03-01T12:00:00", "received_at: has no zone", id="time without a zone"),
        pytest.param("received_at", "yesterday", "received_at: is not a time", id="no time"),
        pytest.param("signature", None, "signature: is missing", id="no signature"),
        pytest.param("timestamp", 1772366400, "timestamp: is not a text", id="timestamp as a number"),
    ],
)
def test_event_that_cannot_be_read_is_named_and_the_others_are_read(field, value, what):
    odd, good = handover.read_request(request(told(3, **{field: value}), told()))

    assert good == EVENT
    assert isinstance(odd, Unreadable)
    assert (odd.id, odd.reason[: len(what)]) == (3, what)


def test_answer_is_read_as_it_was_written():
    rulings = [Ruling(1, Verdict.ACCEPTED), Ruling(2, Verdict.REFUSED, "no configured key made the signature")]
    assert handover.read_answer(handover.answer(rulings), asked=[1, 2, 3]) == rulings


def test_answer_says_nothing_of_rows_without_a_verdict_that_is_known():
    raw = json.dumps(
        {
            "data": [
                {"id": 1, "verdict": "stored"},
                {"id": 2},
                {"verdict": "accepted"},
                "accepted",
                {"id": "4", "verdict": "accepted"},
                {"id": 5, "verdict": "accepted"},
                {"id": 6, "verdict": "duplicate", "reason": None, "since": "2026"},
            ]
        }
    ).encode()
    assert handover.read_answer(raw, asked=[1, 2, 3, 4, 6]) == [Ruling(6, Verdict.DUPLICATE)]


@pytest.mark.parametrize("raw", [b"", b"<html>", b"[]", b"{}", b'{"data":"accepted"}', b'{"data":{"1":"accepted"}}'])
def test_what_is_no_answer_is_told(raw):
    with pytest.raises(ValueError, match=r"is not JSON|has no list"):
        handover.read_answer(raw, asked=[1])


def test_as_many_events_fit_as_the_cap_leaves_room_for():
    large = handover.encoded(Handed(1, AT, bytes(256 * 1024), "c2ln", "1772366400"))
    small = handover.encoded(EVENT)

    count = handover.fitting([large] * 50)

    assert len(handover.request([large] * count)) <= handover.MAX_BODY < len(handover.request([large] * (count + 1)))
    assert handover.fitting([small] * 300) == handover.MAX_EVENTS
    assert handover.fitting([small] * 3) == 3
    assert handover.fitting([]) == 0


def test_raw_bytes_travel_whatever_they_are():
    raw = bytes(range(256))
    (event,) = handover.read_request(handover.request([handover.encoded(Handed(1, AT, raw, "c2ln", "1"))]))
    assert event.raw == raw
    assert base64.b64encode(raw).decode() in handover.encoded(event)
