"""Until when a message can be cancelled behind all that wait, and whether those will be in time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from core import forecasting
from core.forecasting import ASSUMED_LATENCY, SUSTAINED, Forecast, Pace, Queue
from ledger import showing
from ledger.keeping import Kept
from store import figures
from store.engine import Database

#: A clock that was set is no answer that took hours.
_LONGEST = timedelta(minutes=1)
_PERCENT = 99


@dataclass(frozen=True, slots=True)
class Prospect:
    """What waits, and how fast it goes, at one moment."""

    queue: Queue
    pace: Pace

    def cancel_by(self, send_at: datetime) -> datetime:
        """Return until when the cancellation of a message to be sent then can be ordered."""
        return forecasting.cancel_by(send_at, self.pace, self.queue.ahead(send_at))

    def forecast(self, now: datetime) -> Forecast:
        """Return whether everything that waits will be in time."""
        return forecasting.forecast(self.queue, self.pace, now=now)


class Outlook:
    """The prospect, for those who ask often: it is a few seconds old at most, or as old as looking is costly."""

    def __init__(self, database: Database, *, rate: int) -> None:
        """Look at nothing yet; ``rate`` is how many requests a second may be made of Telnyx."""
        self._rate = rate
        self._kept = Kept(database, self.look)

    def latest(self) -> Prospect:
        """Return the prospect; not to be called within a transaction. Raises StoreUnavailable."""
        return self._kept.latest()

    def look(self, connection: sa.Connection) -> Prospect:
        """Return the prospect as it is now, and not as it was a moment ago."""
        return look(connection, rate=self._rate)


def look(connection: sa.Connection, *, rate: int) -> Prospect:
    """Return the prospect as it is now, at ``rate`` requests a second at most; it walks along all that wait."""
    return Prospect(Queue(figures.waiting_by_minute(connection)), Pace(rate * SUSTAINED, _latency(connection)))


def shown(forecast: Forecast) -> dict[str, Any]:
    """Show a forecast."""
    return {
        "waiting": forecast.waiting,
        "done_at": showing.instant(forecast.done_at),
        "late": forecast.late,
        "first_late_at": showing.instant(forecast.first_late_at),
        "rate": round(forecast.pace.per_second, 1),
        "latency_ms": round(forecast.pace.latency / timedelta(milliseconds=1)),
        "makes_it": forecast.makes_it,
    }


def _latency(connection: sa.Connection) -> timedelta:
    """Return how long all but one of a hundred of the newest requests took."""
    took = sorted(figures.newest_latencies(connection))
    if not took:
        return ASSUMED_LATENCY
    return min(max(took[(len(took) - 1) * _PERCENT // 100], timedelta()), _LONGEST)
