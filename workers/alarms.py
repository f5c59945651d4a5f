"""What people have to know before it is too late to do something about it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import structlog

from ledger.forecasting import Outlook

log = structlog.get_logger()

_EVERY = timedelta(minutes=1)
_REMEDY = "raise RESCIND_CANCEL_RATE, and ask Telnyx for a higher limit; `rescind ledger` shows the forecast"


class LatenessAlarm:
    """Says that cancellations will be late, once a minute while that is so, and when it is so no more."""

    def __init__(self, outlook: Outlook, *, now: Callable[[], datetime]) -> None:
        """Say nothing yet."""
        self._outlook = outlook
        self._now = now
        self._said_at: datetime | None = None

    def __call__(self) -> None:
        """Look, and say so if there is something to say. Raises StoreUnavailable."""
        now = self._now()
        told = self._outlook.latest().forecast(now)
        if told.makes_it:
            if self._said_at is not None:
                log.info("cancellations_will_be_in_time", waiting=told.waiting)
            self._said_at = None
            return
        if self._said_at is not None and now - self._said_at < _EVERY:
            return
        self._said_at = now
        log.error(
            "cancellations_will_be_late",
            late=told.late,
            first_deadline=told.first_late_at.isoformat() if told.first_late_at else None,
            waiting=told.waiting,
            a_second=round(told.pace.per_second, 1),
            remedy=_REMEDY,
        )
