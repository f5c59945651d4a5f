"""Planted: an event from the failover is judged by when it is handed over, not by when it was received."""

from dataclasses import replace
from datetime import datetime

from schemas.handover import Handed, Ruling, Unreadable
from store.inbox import NewEvent
from webhook_app import handover
from webhook_app.signature import Verifier

_judged = handover._judged


def _judged_now(handed: Handed | Unreadable, *, verifier: Verifier, now: datetime) -> tuple[int, NewEvent] | Ruling:
    if isinstance(handed, Handed):
        handed = replace(handed, received_at=now)
    return _judged(handed, verifier=verifier, now=now)


handover._judged = _judged_now
