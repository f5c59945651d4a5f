"""Whether a message that went out had been scheduled, which Telnyx's webhooks do not say.

Documented: nothing is told of scheduling itself, and "scheduled messages trigger the same webhooks as immediate
messages" at their time; a message is scheduled at least five minutes ahead and sent accurately to about a minute;
``received_at`` is when the request was received, ``sent_at`` when the message was sent, and ``wait_seconds`` how long
it is queued for a rate limit, where Telnyx tells that. ``send_at`` is shown in the answer to scheduling, and is in no
schema of a webhook.

Inferred: that a message with a ``send_at`` was scheduled, and that one was which went out later after it was received
than its place in the queue explains. One that Telnyx keeps in a queue for minutes without saying so looks alike.

Source: https://developers.telnyx.com/docs/messaging/messages/schedule-message
and https://developers.telnyx.com/docs/messaging/messages/receiving-webhooks
"""

from __future__ import annotations

from datetime import datetime, timedelta

from core.reports import MessageReport

SOONEST = timedelta(minutes=5)
"""So far ahead a message is scheduled at least."""
_ACCURACY = timedelta(minutes=1)
#: A queue holds what is sent in four hours; what would wait for longer is refused (error 40318).
_LONGEST_QUEUE = timedelta(hours=4)
_SENT = "message.sent"


def sent_on_schedule(report: MessageReport) -> datetime | None:
    """Return when a message that has left went out, if this report shows that it had been scheduled; else None.

    The time of a ``message.sent`` serves where it tells no ``sent_at``. That of a later event does not: a delivery
    is reported whenever the carrier reports it.
    """
    sent_at = _told(report, "sent_at") or (report.occurred_at if report.source == _SENT else None)
    if report.send_at is not None:
        return sent_at or report.send_at
    received_at = _told(report, "received_at")
    if sent_at is None or received_at is None:
        return None
    queued = timedelta(seconds=_wait(report))
    return sent_at if sent_at - received_at - queued >= SOONEST - _ACCURACY else None


def _told(report: MessageReport, name: str) -> datetime | None:
    raw = report.details.get(name)
    return datetime.fromisoformat(raw) if raw else None


def _wait(report: MessageReport) -> float:
    """Return for how many seconds it was queued for a rate limit, as far as Telnyx tells."""
    told: float = report.details.get("wait_seconds") or 0.0
    return min(max(told, 0.0), _LONGEST_QUEUE.total_seconds())
