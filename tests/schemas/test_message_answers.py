import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from core.errors import RequestInvalid
from schemas import message

SAMPLES = Path(__file__).parents[1] / "payloads"
NOW = datetime(2026, 3, 5, 12, 0, tzinfo=UTC)
SEND_AT = datetime(2026, 3, 6, 9, 0, tzinfo=UTC)
ID = "0b6fd1a2-77a4-4c1e-9a65-3f2b8c0d4e5f"
ANNA = "+15559010001"


def answer(name):
    return json.loads((SAMPLES / f"api.{name}.json").read_text())


def test_every_field_of_the_cancel_page_is_kept():
    sample = answer("cancel")
    report = message.answered(sample, source="cancel", now=NOW)
    placed = {"id", "direction", "from", "to", "messaging_profile_id", "tcr_campaign_id"}
    nulls = {key for key, value in sample.items() if value is None}

    assert set(report.details) == set(sample) - placed - nulls | {"from"}
    assert report.details["received_at"] == "2026-03-02T09:15:04.220000Z"
    assert report.details["cost"] == {"amount": "0.0", "currency": "USD"}
    assert report.details["from"] == {"carrier": "TELNYX LLC", "line_type": "VoIP"}


@pytest.mark.parametrize("enveloped", [True, False])
def test_answer_to_a_schedule_call_is_registered_enveloped_or_bare(enveloped):
    body = answer("schedule") if enveloped else answer("schedule")["data"]
    report = message.registered(body, send_at=None, now=NOW)

    assert (report.source, report.source_id) == ("registration", f"registration:{report.message_id}")
    assert report.send_at == datetime(2026, 3, 4, 16, 0, tzinfo=UTC)
    assert report.occurred_at == datetime(2026, 3, 2, 9, 15, 4, 220000, tzinfo=UTC)
    assert [(one.phone_number, one.status) for one in report.addressees] == [(ANNA, "scheduled")]


def test_registration_takes_the_send_time_of_the_answer_before_the_argument():
    later = SEND_AT + timedelta(days=1)

    assert message.registered({"id": ID, "to": ANNA}, send_at=later, now=NOW).send_at == later
    assert (
        message.registered({"id": ID, "to": ANNA, "send_at": SEND_AT.isoformat()}, send_at=later, now=NOW).send_at
        == SEND_AT
    )
    assert message.registered({"id": ID, "to": ANNA, "send_at": None}, send_at=later, now=NOW).send_at == later


def test_registration_without_statuses_is_scheduled_when_it_has_a_send_time():
    assert message.registered({"id": ID, "to": ANNA}, send_at=SEND_AT, now=NOW).addressees[0].status == "scheduled"
    assert message.registered({"id": ID, "to": ANNA}, send_at=None, now=NOW).addressees[0].status == "queued"


def test_registration_without_a_readable_receipt_time_counts_from_now():
    assert message.registered({"id": ID, "to": ANNA, "received_at": "today"}, send_at=None, now=NOW).occurred_at == NOW


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ({}, "id: is missing"),
        ({"data": {"to": ANNA}}, "id: is missing"),
        ({"id": "x", "to": ANNA}, "id: is not a UUID in lower case with dashes"),
        ({"id": ID}, "to: is missing"),
        ({"id": ID, "to": [{}]}, r"to\[0\].phone_number: is missing"),
        ({"id": ID, "to": ANNA, "send_at": "2026-03-06T09:00:00"}, "send_at: has no zone; write Z .*"),
        ({"id": ID, "to": ANNA, "direction": "inbound"}, "direction: an inbound message .*"),
    ],
)
def test_registration_that_cannot_be_read_is_refused_with_the_field(body, reason):
    with pytest.raises(RequestInvalid, match=f"^{reason}$"):
        message.registered(body, send_at=None, now=NOW)


@pytest.mark.parametrize("enveloped", [True, False])
def test_answer_to_a_cancel_call_is_read_enveloped_or_bare(enveloped):
    body = {"data": answer("cancel")} if enveloped else answer("cancel")
    report = message.answered(body, source="cancel", now=NOW)

    assert report.source == "cancel"
    assert report.source_id.startswith(f"cancel:{report.message_id}:")
    assert report.occurred_at == NOW
    assert [(one.phone_number, one.status) for one in report.addressees] == [(ANNA, "cancelled")]


@pytest.mark.parametrize(
    "body",
    [
        None,
        "",
        "<html>",
        [],
        7,
        {},
        {"errors": [{"code": "10005", "title": "Resource not found"}]},
        {"code": "40303", "title": "Message not found"},
        {"id": ID},
        {"id": ID, "to": [{"phone_number": ANNA}]},
        {"id": "x", "to": [{"phone_number": ANNA, "status": "cancelled"}]},
        {"id": ID, "to": [{"phone_number": ANNA, "status": "cancelled"}], "direction": "inbound"},
        {"data": []},
    ],
)
def test_answer_that_is_no_message_with_statuses_is_none(body):
    assert message.answered(body, source="retrieve", now=NOW) is None
