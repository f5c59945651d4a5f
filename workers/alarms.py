"""What people have to know before it is too late to do something about it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import structlog

from ledger.forecasting import Outlook

log = structlog.get_logger()

_EVERY = timedelta(minutes=1)
_CORRECT_IT = "correct the file; until then the policies are as it said before; `rescind policies check` tells more"
_REMEDY = "raise RESCIND_CANCEL_RATE, and ask Telnyx for a higher limit; `rescind ledger` shows the forecast"


class PoliciesAlarm:
    """Says once a minute that the policies' file cannot be followed, while that is so."""

    def __init__(self, trouble: Callable[[], str | None], *, now: Callable[[], datetime]) -> None:
        """Say nothing yet; ``trouble`` tells what is wrong with the file, in one line."""
        self._trouble = trouble
        self._now = now
        self._said_at: datetime | None = None

    def __call__(self) -> None:
        """Look, and say so if there is something to say; at first, whoever read the file has said it."""
        now = self._now()
        trouble = self._trouble()
        if trouble is None:
            self._said_at = None
        elif self._said_at is None:
            self._said_at = now
        elif now - self._said_at >= _EVERY:
            self._said_at = now
            log.error("policies_not_followed", reason=trouble, remedy=_CORRECT_IT)


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
