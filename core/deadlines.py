"""When a scheduled message can still be called back.

Source: "Only messages with status=scheduled and send_at more than a minute from now can be cancelled",
https://developers.telnyx.com/api-reference/messages/cancel-a-scheduled-message
"""

from __future__ import annotations

from datetime import datetime, timedelta

#: Telnyx's wall: from here on it refuses to cancel.
WALL = timedelta(seconds=60)
#: The request has to leave this much earlier, because it waits in a queue and travels.
SAFETY_MARGIN = timedelta(seconds=30)
#: By so much Telnyx may be late with a scheduled message.
ACCURACY = timedelta(seconds=60)
#: So long before the wall every policy is asked for the last time: what it objects to must still be cancelled.
LAST_LOOK = timedelta(minutes=2)
#: How wrong our clock may be before we would skip a message that Telnyx still holds.
CLOCK_DOUBT = timedelta(minutes=10)


def deadline(send_at: datetime) -> datetime:
    """Return the last moment at which Telnyx accepts a cancellation."""
    return send_at - WALL


def cancel_by(send_at: datetime) -> datetime:
    """Return the moment by which we want the cancellation on its way."""
    return deadline(send_at) - SAFETY_MARGIN


def last_look(send_at: datetime) -> datetime:
    """Return the moment from which on a decision is the last one."""
    return deadline(send_at) - LAST_LOOK
