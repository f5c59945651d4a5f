"""What was asked of Telnyx through us, and what is known of how that ended."""

from __future__ import annotations

import hashlib
from enum import StrEnum
from http import HTTPStatus


class IntentState(StrEnum):
    """How far a request to send has come."""

    OPEN = "open"
    """It is on its way, or whoever made it has died."""
    REFUSED = "refused"
    """By us: it never left."""
    DECLINED = "declined"
    """By Telnyx, or it could not be reached: there is no message."""
    UNKNOWN = "unknown"
    """No answer came, or none that can be read: there may be a message, and nobody knows its id."""
    FOUND = "found"
    """A later report gave the message away."""
    ANSWERED = "answered"
    """Telnyx named the message."""


#: Whatever is told first and whatever later, the furthest of these stands.
_HEIGHTS = {IntentState.OPEN: 0, IntentState.UNKNOWN: 1, IntentState.FOUND: 2, IntentState.ANSWERED: 3}
#: Nothing replaces these. What Telnyx declined is in doubt no longer, however late we wrote that down.
_ENDS = {IntentState.REFUSED: 1, IntentState.DECLINED: 2}


def yielding_to(told: IntentState) -> list[IntentState]:
    """Return the states that are replaced when this is told."""
    height = (_HEIGHTS | _ENDS)[told]
    return [state for state, its in _HEIGHTS.items() if its < height]


def is_declined(http_status: int | None) -> bool:
    """Return True when Telnyx's answer to a request to send says that no message was made; None is no answer.

    A 4xx does. A 5xx, or a 408, may come from what stands in front of Telnyx, behind which the message was made.
    """
    if http_status is None or http_status == HTTPStatus.REQUEST_TIMEOUT:
        return False
    return HTTPStatus.BAD_REQUEST <= http_status < HTTPStatus.INTERNAL_SERVER_ERROR


def text_digest(text: str | None) -> str | None:
    """Return the SHA-256 of a message's text in hexadecimal, by which the message is known again."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest() if text else None
