"""Planted: what Telnyx did sign and we cannot read is answered 400."""

from datetime import datetime

from werkzeug.exceptions import BadRequest

from core.inbox import InboxStatus
from store.inbox import NewEvent
from webhook_app import receiving
from webhook_app.signature import Signed

_event = receiving.event


def _readable_event(signed: Signed, received_at: datetime, *, source: str) -> NewEvent:
    event = _event(signed, received_at, source=source)
    if event.status is InboxStatus.INVALID:
        raise BadRequest(event.reason)
    return event


receiving.event = _readable_event
