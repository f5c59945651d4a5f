"""Whatever stands where: an event is understood or refused in one line, and what is kept can be stored."""

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import EventInvalid, RequestInvalid
from core.reports import CampaignReport, InboundReport, MessageReport
from schemas import envelope, message, reading

SAMPLES = Path(__file__).parents[1] / "payloads"
NOW = datetime(2026, 3, 5, 12, 0, tzinfo=UTC)

texts = st.one_of(
    st.text(st.characters(exclude_categories=()), max_size=12),
    st.sampled_from(["+15559010001", "STOP", "/to/1", "0001-01-01T00:00:00+14:00", "2026-03-05T12:00:60Z", "9" * 5000]),
)
scalars = st.one_of(st.none(), st.booleans(), st.integers(), st.integers(10**19, 10**40), st.floats(), texts)
anything = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3), max_leaves=8
)


def events():
    paths = [path for path in sorted(SAMPLES.glob("*.json")) if not path.name.startswith("api.")]
    read = [(envelope.read(path.read_bytes()), path.stem) for path in paths]
    return [pytest.param(event, id=name) for event, name in read if event.payload]


def places(value, path=()):
    """The path to every value inside a JSON value."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for step, inner in items:
        yield (*path, step)
        yield from places(inner, (*path, step))


@st.composite
def distorted(draw, payload):
    """The payload with anything in some of its places."""
    chosen = draw(st.lists(st.sampled_from(sorted(places(payload), key=str)), min_size=1, max_size=3))

    def rebuilt(value, path=()):
        if path in chosen:
            return draw(anything)
        if isinstance(value, dict):
            return {key: rebuilt(inner, (*path, key)) for key, inner in value.items()}
        if isinstance(value, list):
            return [rebuilt(inner, (*path, index)) for index, inner in enumerate(value)]
        return value

    return rebuilt(payload)


def storable(report):
    """Check that PostgreSQL takes every text in the report, and our columns have room for it."""
    if isinstance(report, InboundReport):
        assert report.text is None or report.text.encode("utf-8").find(b"\x00") < 0
        report = report.message
    told = []
    if isinstance(report, MessageReport):
        json.dumps(report.details, allow_nan=False, ensure_ascii=False).encode("utf-8")
        assert "\\u0000" not in json.dumps(report.details)
        assert len({one.phone_number for one in report.addressees}) == len(report.addressees)
        assert all(one.status for one in report.addressees)
        told = [report.message_id, report.from_number, report.messaging_profile_id, report.tcr_campaign_id]
        told += [text for one in report.addressees for text in (one.phone_number, one.status)]
    elif isinstance(report, CampaignReport):
        told = [report.campaign_id, report.tcr_campaign_id, report.telnyx_campaign_id]
    for text in told:
        assert text is None or (len(text) <= 64 and b"\x00" not in text.encode("utf-8"))


def reason(read):
    """Why a reading is refused, and what it gives when it is not."""
    try:
        return None, read()
    except (EventInvalid, RequestInvalid) as error:
        return str(error), None


@pytest.mark.parametrize("read", events())
@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_event_with_anything_anywhere_is_understood_or_refused_in_one_line(read, data):
    event = replace(read, payload=data.draw(distorted(read.payload)), event_id="e1", occurred_at=None)

    refusal, report = reason(lambda: reading.report(event, received_at=NOW))

    if refusal is None:
        storable(report)
    else:
        assert refusal.startswith("payload.")
        assert refusal.isprintable()


@settings(max_examples=200, deadline=None)
@given(data=st.data())
def test_answer_with_anything_anywhere_is_read_or_refused_in_one_line(data):
    body = data.draw(distorted(json.loads((SAMPLES / "api.schedule.json").read_text())))

    refusal, report = reason(lambda: message.registered(body, send_at=None, now=NOW))

    assert (refusal is None) or refusal.isprintable()
    for told in (report, message.answered(body, source="retrieve", now=NOW)):
        storable(told)


@settings(max_examples=200, deadline=None)
@given(body=anything)
def test_anything_as_an_answer_never_raises(body):
    assert message.answered(body, source="cancel", now=NOW) is None
