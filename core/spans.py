"""The spans of five minutes in which what happens to a campaign's messages is counted, and what counts as spam."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

SPAN = timedelta(minutes=5)
#: Codes by which Telnyx or a carrier says that a message was blocked for what it says, or for who sends such things.
#: Source: https://developers.telnyx.com/docs/messaging/messages/error-codes
SPAM_CODES = frozenset({"40002", "40003", "40015", "40017", "40322"})

_BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)


def span_of(at: datetime) -> datetime:
    """Return when the span began that a moment lies in: the clock's full five minutes, in UTC."""
    return at.astimezone(UTC) - (at - _BEGINNING) % SPAN
