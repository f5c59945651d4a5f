from __future__ import annotations

from datetime import UTC, datetime

import pytest

from core.errors import EventInvalid
from schemas import envelope, telnyx_lists
from schemas.telnyx_lists import Page
from tests.reconciling_world import opt_out
from tests.reports import ALICE, PROFILE


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"data": [1], "meta": {"total_pages": 3}}, Page([1], 3)),
        ({"data": []}, Page([], None)),
        ({"data": [], "meta": None}, Page([], None)),
        ({"data": [], "meta": {"total_pages": "3"}}, Page([], None)),
        ({"data": [], "meta": {"total_pages": True}}, Page([], None)),
        ({"data": {}}, None),
        ({}, None),
        ([], None),
        (None, None),
        ("<html>", None),
    ],
)
def test_page_is_read_or_none(body, expected):
    assert telnyx_lists.page(body) == expected


def test_a_row_of_telnyx_own_example_is_read():
    told = telnyx_lists.opt_out(
        {
            "from": "+18445550001",
            "to": "+18665550001",
            "messaging_profile_id": None,
            "keyword": None,
            "created_at": "2025-04-28 12:00:38.631252+00:00",
        }
    )
    assert told.phone_number == "+18665550001"
    assert (told.messaging_profile_id, told.keyword) == (None, None)
    assert told.created_at == datetime(2025, 4, 28, 12, 0, 38, 631252, tzinfo=UTC)


def test_an_opt_out_has_one_name_however_it_is_written():
    row = opt_out()
    again = {
        **row,
        "from": "+15550000000",
        "keyword": "QUIT",
        "to": "+1 (555) 765-0101",
        "created_at": "2026-05-01T14:00:00+02:00",
    }

    assert telnyx_lists.opt_out(again).name == telnyx_lists.opt_out(row).name


@pytest.mark.parametrize(
    "change", [{"to": "+15557650102"}, {"messaging_profile_id": None}, {"created_at": "2026-05-01T12:00:01Z"}]
)
def test_another_opt_out_has_another_name(change):
    assert telnyx_lists.opt_out({**opt_out(), **change}).name != telnyx_lists.opt_out(opt_out()).name


@pytest.mark.parametrize(
    ("row", "told"),
    [
        pytest.param(None, "no object", id="nothing"),
        pytest.param({}, "to: is missing", id="empty"),
        pytest.param({**opt_out(), "to": "+1555***0101"}, "redaction", id="redacted"),
        pytest.param({**opt_out(), "to": 15557650101}, "to:", id="a number for a text"),
        pytest.param({**opt_out(), "to": "12345"}, "to:", id="a short code"),
        pytest.param({**opt_out(), "created_at": "2026-05-01 12:00:00"}, "created_at: has no zone", id="no zone"),
        pytest.param({**opt_out(), "messaging_profile_id": {"id": PROFILE}}, "messaging_profile_id", id="an object"),
    ],
)
def test_what_is_no_opt_out_says_why_without_the_number(row, told):
    with pytest.raises(EventInvalid, match=told) as raised:
        telnyx_lists.opt_out(row)
    assert ALICE not in str(raised.value)


@pytest.mark.parametrize("record", [None, [], {}, {"webhook": None}, {"webhook": "x"}])
def test_a_record_without_a_webhook_says_so(record):
    with pytest.raises(EventInvalid):
        telnyx_lists.webhook_of(record)


def test_a_body_made_from_a_webhook_has_its_digest():
    data = {"id": "e1", "event_type": "message.received", "payload": {"id": OURS, "text": "STOP \N{SMILE}\ud83d"}}
    written = envelope.read(b'{"meta": {"attempt": 2}, ' + b'"data": ' + envelope.body_of(data)[8:])

    assert envelope.read(envelope.body_of(data)).digest == written.digest


OURS = "1fa55452-5cc6-4ce7-9cb0-8612fa4ddc15"


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_what_json_cannot_hold_is_unreadable_and_not_an_error(value):
    with pytest.raises(EventInvalid):
        envelope.read(envelope.body_of({"id": "e1", "event_type": "message.received", "payload": {"parts": value}}))
