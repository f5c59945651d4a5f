"""How a scheduled message, and the cancelling of it, can end."""

from __future__ import annotations

from enum import StrEnum


class LedgerState(StrEnum):
    """Where a registered message stands; the four add up to all that were registered."""

    PENDING = "pending"
    CANCELLED = "cancelled"
    """Telnyx confirmed it."""
    RELEASED = "released"
    """Allowed, with the decision that let it go."""
    BREACH = "breach"
    """It should have been cancelled and was not; see the cause."""


class CancellationState(StrEnum):
    """How far carrying out a decision to cancel has come."""

    REQUESTED = "requested"
    CONFIRMED = "confirmed"
    REFUSED = "refused"
    """Telnyx kept refusing while it still held the message as scheduled."""
    TOO_LATE = "too_late"
    """The message had left, or the wall had passed."""
    FAILED = "failed"
    """Telnyx does not know the message."""
    WITHDRAWN = "withdrawn"
    """The reason lapsed, and Telnyx had cancelled nothing."""


class BreachCause(StrEnum):
    """Why a message that should have been cancelled was not."""

    INSIDE_WALL = "inside_wall"
    """The reason came up when the message was due within a minute."""
    REGISTERED_TOO_LATE = "registered_too_late"
    """We learned of the message when it was due within a minute."""
    TELNYX_UNAVAILABLE = "telnyx_unavailable"
    """Telnyx was asked in time and did not answer, or throttled, or let nobody in."""
    WORKER_LATE = "worker_late"
    """Nobody asked Telnyx in time, or whoever did has died."""
    REFUSED = "refused"
    """Telnyx refused in time, although the message was scheduled."""
    UNKNOWN_MESSAGE = "unknown_message"
    """Telnyx does not know the message: wrong account, or a wrong id."""
    SENT_AFTER_CANCEL = "sent_after_cancel"
    """Telnyx had confirmed the cancellation, then reported the message as sent."""
    LEFT_EARLY = "left_early"
    """The message had left although its time had not come."""
