"""What a line of an import says."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from core.errors import RequestInvalid
from core.facts import MessageClass
from schemas import imports
from schemas.imports import ImportLine, Said
from tests.api_calls import telnyx_message
from tests.reports import NOW, message_id

ONE = message_id()
SEND_AT = datetime(2026, 5, 1, 15, tzinfo=UTC)
HEADER = imports.header(["id", "campaign", "class", "tags", "send_at", "to"])
SALE = Said("sale", MessageClass.TRANSACTIONAL, ("vip",))


def of_json(value: object, default: Said = Said()) -> ImportLine:  # noqa: B008 - it is frozen
    return imports.of_json(json.dumps(value).encode(), default, now=NOW)


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        ([ONE], ImportLine(ONE, Said(), None)),
        ([ONE, "", "", "", "", "+1555"], ImportLine(ONE, Said(), None)),
        (
            [ONE, "sale", "transactional", "vip, welcome-2", "2026-05-01T15:00:00Z"],
            ImportLine(ONE, Said("sale", MessageClass.TRANSACTIONAL, ("vip", "welcome-2")), SEND_AT),
        ),
    ],
)
def test_row(cells, expected):
    assert imports.of_row(HEADER, cells, Said()) == expected


@pytest.mark.parametrize(
    ("cells", "words"),
    [
        ([""], "id: is missing"),
        (["{" + ONE + "}"], "is not a message's id"),
        ([ONE, "", "marketting"], "class: is not one of"),
        ([ONE, "", "", "", "tomorrow"], "send_at: is not a time"),
        ([ONE, "", "", "", "2026-05-01T15:00:00"], "send_at: has no zone"),
        ([ONE, "x" * 256], "campaign: must have 1 to 255 characters"),
        ([ONE, "a\tb"], "campaign: has characters in it that cannot be printed"),
        ([ONE, *[""] * 6], "has 7 fields, and the header has 6"),
    ],
)
def test_row_that_cannot_be_read_says_where_and_why_in_one_line(cells, words):
    with pytest.raises(RequestInvalid) as caught:
        imports.of_row(HEADER, cells, Said())
    assert words in str(caught.value)
    assert len(str(caught.value).splitlines()) == 1


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (ONE, ImportLine(ONE, Said(), None)),
        ({"id": ONE.upper()}, ImportLine(ONE, Said(), None)),
        (
            {
                "id": ONE,
                "campaign": "sale",
                "class": "transactional",
                "tags": ["vip"],
                "send_at": "2026-05-01T15:00:00Z",
            },
            ImportLine(ONE, SALE, SEND_AT),
        ),
        (telnyx_message(), ImportLine(ONE, Said(), SEND_AT)),
        ({"data": telnyx_message()}, ImportLine(ONE, Said(), SEND_AT)),
        (
            {"data": telnyx_message(send_at=None), "campaign": "sale", "send_at": "2026-05-01T15:00:00Z"},
            ImportLine(ONE, Said("sale"), SEND_AT),
        ),
    ],
)
def test_json_line(value, expected):
    assert of_json(value) == expected


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("id", "is not a message's id"),
        ({}, "id: is missing"),
        ({"id": 7}, "id: is not a text"),
        ({"id": ONE, "campain": "sale"}, "did you mean 'campaign'?"),
        ({"id": ONE, "tags": "vip"}, "tags: is not a list"),
        ({"data": "x"}, "data: is not an object"),
        (telnyx_message() | {"campaign": "sale"}, "belongs beside the message"),
        ([ONE], "is neither an id nor an object"),
    ],
)
def test_json_line_that_cannot_be_read_says_where_and_why_in_one_line(value, words):
    with pytest.raises(RequestInvalid) as caught:
        of_json(value)
    assert words in str(caught.value)
    assert len(str(caught.value).splitlines()) == 1


def test_defaults_count_where_a_line_says_nothing():
    default = imports.defaults(campaign="sale", message_class="transactional", tags="vip")

    assert default == SALE
    assert of_json(ONE, default).said == SALE
    assert of_json(telnyx_message(), default).said == SALE
    assert of_json({"data": telnyx_message(), "tags": []}, default).said == Said("sale", SALE.message_class, ())
    assert imports.of_row(HEADER, [ONE, "news"], default).said == Said("news", SALE.message_class, ("vip",))


@pytest.mark.parametrize(
    ("given", "words"),
    [({"campaign": ""}, "--campaign: must have 1 to 255"), ({"tags": "x" * 101}, "--tags[0]: must have 1 to 100")],
)
def test_defaults_that_cannot_be_meant_are_refused(given, words):
    with pytest.raises(RequestInvalid) as caught:
        imports.defaults(**{"campaign": None, "message_class": None, "tags": None} | given)
    assert words in str(caught.value)
