"""Spans are the clock's full five minutes, wherever a time was written down."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from core.spans import SPAM_CODES, span_of

NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("at", "began"),
    [
        (NOON, NOON),
        (NOON + timedelta(minutes=4, seconds=59, microseconds=999999), NOON),
        (NOON + timedelta(minutes=5), NOON + timedelta(minutes=5)),
        (NOON - timedelta(microseconds=1), NOON - timedelta(minutes=5)),
        (NOON.astimezone(timezone(timedelta(hours=5, minutes=32))), NOON),
    ],
)
def test_span_of_a_moment(at, began):
    assert span_of(at) == began
    assert span_of(at).tzinfo is UTC


def test_codes_that_count_as_spam():
    assert {"40002", "40003", "40015", "40017", "40322"} == SPAM_CODES
