from datetime import UTC, datetime

import pytest

from core.errors import EventInvalid
from schemas import message

NOW = datetime(2026, 3, 5, 12, 0, tzinfo=UTC)
SEND_AT = datetime(2026, 3, 6, 9, 0, tzinfo=UTC)
ID = "0b6fd1a2-77a4-4c1e-9a65-3f2b8c0d4e5f"
ANNA, BEN = "+15559010001", "+15559010002"


def told(**fields):
    """What an event says whose payload has these fields; ``from_`` stands for ``from``, ... leaves one out."""
    payload = {"id": ID, "to": [{"phone_number": ANNA, "status": "sent"}], **fields}
    payload = {key.rstrip("_"): value for key, value in payload.items() if value is not ...}
    return message.outbound(
        payload, source_id="e1", source="message.sent", occurred_at=NOW, otherwise="sent", final=False
    )


@pytest.mark.parametrize(
    "message_id",
    [
        None,
        ...,
        7,
        "",
        "0B6FD1A2-77A4-4C1E-9A65-3F2B8C0D4E5F",
        "0b6fd1a277a44c1e9a653f2b8c0d4e5f",
        "{0b6fd1a2-77a4-4c1e-9a65-3f2b8c0d4e5f}",
        "urn:uuid:0b6fd1a2-77a4-4c1e-9a65-3f2b8c0d4e5f",
        "0b6fd1a2-77a4-4c1e-9a65-3f2b8c0d4e5f\n",
        "../phone_numbers/123",
        "\N{ARABIC-INDIC DIGIT ZERO}b6fd1a2-77a4-4c1e-9a65-3f2b8c0d4e5f",
    ],
)
def test_id_that_is_no_canonical_uuid_is_refused(message_id):
    with pytest.raises(EventInvalid, match=r"^payload\.id: is (missing|not a UUID in lower case with dashes)$"):
        told(id=message_id)


@pytest.mark.parametrize(
    ("to", "reason"),
    [
        (..., r"payload\.to: is missing"),
        (None, r"payload\.to: is missing"),
        ([], r"payload\.to: is empty"),
        (7, r"payload\.to\[0\]\.phone_number: is not a text"),
        ([{"status": "sent"}], r"payload\.to\[0\]\.phone_number: is missing"),
        ([{"phone_number": ANNA}, {"phone_number": {}}], r"payload\.to\[1\]\.phone_number: is not a text"),
        ([{"phone_number": "9" * 65}], r"payload\.to\[0\]\.phone_number: is longer than 64 characters"),
        ([{"phone_number": ANNA, "status": ["sent"]}], r"payload\.to\[0\]\.status: is not a text"),
        ([{"phone_number": ANNA, "status": "İ" * 64}], r"payload\.to\[0\]\.status: is longer than 64 characters"),
    ],
)
def test_unreadable_recipient_is_refused_with_its_place(to, reason):
    with pytest.raises(EventInvalid, match=f"^{reason}$"):
        told(to=to)


@pytest.mark.parametrize(
    ("to", "addresses"),
    [
        (ANNA, [ANNA]),
        ([ANNA, BEN], [ANNA, BEN]),
        ({"phone_number": ANNA}, [ANNA]),
        ([{"phone_number": "+1 (555) 901-0001"}], [ANNA]),
        ([{"phone_number": "+1 555.901.0001"}], [ANNA]),
        ([{"phone_number": "40404"}], ["40404"]),
        ([{"phone_number": "+1555***0001"}], ["+1555***0001"]),
        ([{"phone_number": "5559010001"}], ["5559010001"]),
        ([{"agent_id": "bistro-agent", "agent_name": "Bistro"}], ["bistro-agent"]),
    ],
)
def test_recipient_is_read_in_every_form(to, addresses):
    assert [one.phone_number for one in told(to=to).addressees] == addresses


@pytest.mark.parametrize(
    ("sender", "number", "about"),
    [
        ({"phone_number": ANNA, "carrier": "T", "line_type": "VoIP"}, ANNA, {"carrier": "T", "line_type": "VoIP"}),
        (ANNA, ANNA, None),
        ("ACME", "ACME", None),
        ({"agent_id": "bistro-agent"}, None, {"agent_id": "bistro-agent"}),
        (None, None, None),
        (..., None, None),
        (7, None, None),
        (["+1"], None, None),
        ({"phone_number": {}, "carrier": None}, None, None),
        ("9" * 65, None, None),
    ],
)
def test_sender_is_read_in_every_form(sender, number, about):
    report = told(from_=sender)

    assert (report.from_number, report.details.get("from")) == (number, about)


def test_number_that_is_listed_twice_counts_once_and_as_far_as_it_got():
    to = [{"phone_number": ANNA, "status": "delivered"}, {"phone_number": "+1 555 901 0001", "status": "sent"}]

    assert [(one.phone_number, one.status) for one in told(to=to).addressees] == [(ANNA, "delivered")]


def test_unknown_status_is_kept_and_upper_case_is_not():
    to = [{"phone_number": ANNA, "status": "Teleported"}, {"phone_number": BEN, "status": "DELIVERED"}]

    assert [one.status for one in told(to=to).addressees] == ["teleported", "delivered"]


@pytest.mark.parametrize(
    ("errors", "annas", "bens"),
    [
        (..., None, None),
        (None, None, None),
        ("40001", None, None),
        ([], (), ()),
        ([{"code": "1"}], ({"code": "1"},), ({"code": "1"},)),
        ([{"code": 1}], ({"code": "1"},), ({"code": "1"},)),
        (["1"], ({"code": "1"},), ({"code": "1"},)),
        ([{"code": "1", "source": {"pointer": "/to/9"}}],) + (({"code": "1", "source": {"pointer": "/to/9"}},),) * 2,
        ([{"code": "1", "source": {"pointer": "/to/0"}}], ({"code": "1", "source": {"pointer": "/to/0"}},), ()),
        ([{"code": "1", "source": {"pointer": "/to/1/phone_number"}}], (),
         ({"code": "1", "source": {"pointer": "/to/1/phone_number"}},)),
    ],
)  # fmt: skip
def test_errors_concern_everyone_unless_they_point_at_one(errors, annas, bens):
    report = told(to=[ANNA, BEN], errors=errors)

    assert [one.errors for one in report.addressees] == [annas, bens]


@pytest.mark.parametrize(
    ("cost", "kept"),
    [
        ({"amount": "0.0160", "currency": "USD"}, {"amount": "0.0160", "currency": "USD"}),
        ({"amount": 0.016, "currency": "USD"}, {"amount": "0.016", "currency": "USD"}),
        (0.00001, {"amount": "0.00001", "currency": None}),
        (2, {"amount": "2", "currency": None}),
        ("0.5", {"amount": "0.5", "currency": None}),
        (None, None),
        ({"currency": "USD"}, None),
        (1e300, None),
        (True, None),
        ([1], None),
    ],
)
def test_cost_is_kept_as_decimal_text(cost, kept):
    assert told(cost=cost).details.get("cost") == kept


def test_unknown_field_is_passed_over():
    assert "sentiment" not in told(sentiment="rosy").details


@pytest.mark.parametrize("value", [{"a": 1}, [1], 7, 7.5, True, "", "2026-03-05T12:00:00", "2026-03-05T12:00:60Z"])
@pytest.mark.parametrize(
    "field", ["sent_at", "parts", "media", "text", "cost_breakdown", "is_spam", "tags", "encoding"]
)
def test_odd_value_of_an_informative_field_keeps_nothing_from_being_applied(field, value):
    assert told(**{field: value}).addressees[0].status == "sent"


@pytest.mark.parametrize("field", ["messaging_profile_id", "tcr_campaign_id"])
@pytest.mark.parametrize("value", [7, {}, "x" * 65])
def test_odd_name_of_a_profile_or_campaign_is_refused(field, value):
    with pytest.raises(EventInvalid, match=rf"^payload\.{field}: is "):
        told(**{field: value})


@pytest.mark.parametrize(
    "send_at", ["2026-03-05T12:00:00", "2026-03-05T12:00:60Z", "soon", 1772712000, "0001-01-01T00:00:00Z"]
)
def test_unreadable_send_time_is_refused(send_at):
    with pytest.raises(EventInvalid, match=r"^payload\.send_at: (is not a time|has no zone|lies outside)"):
        told(send_at=send_at)


@pytest.mark.parametrize(
    "send_at", ["2026-03-06T09:00:00Z", "2026-03-06 09:00:00+00:00", "2026-03-06T10:00:00.000+01:00"]
)
def test_send_time_is_read_with_any_zone(send_at):
    assert told(send_at=send_at).send_at == SEND_AT


def test_characters_that_no_database_takes_are_replaced():
    report = told(
        text="a\x00b\ud800c",
        tags=["\x00"],
        media=[{"\x00": ["\udfff"]}],
        to=[{"phone_number": "\x00", "status": "\x00"}],
    )

    assert report.details["text"] == "a\ufffdb\ufffdc"
    assert report.details["tags"] == ["\ufffd"]
    assert report.details["media"] == [{"\ufffd": ["\ufffd"]}]
    assert (report.addressees[0].phone_number, report.addressees[0].status) == ("\ufffd", "\ufffd")


def test_copies_become_objects():
    assert told(cc=[ANNA, {"phone_number": BEN}, 7]).details["cc"] == [{"phone_number": ANNA}, {"phone_number": BEN}]
