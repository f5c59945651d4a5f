"""Campaigns of which too much went wrong lately: people are told, and what is pending of them is held at once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import structlog

from core.deciding import Rules
from ledger import anomalies
from store.engine import Database

log = structlog.get_logger()

_EVERY = timedelta(minutes=1)
_REMEDY = (
    "find out what was sent before it goes on: `rescind hold` keeps the campaign closed for longer, "
    "`rescind panic` takes back what is pending of it"
)


@dataclass(slots=True)
class AnomalyAlarm:
    """Says once when a campaign comes to be held, and once when it is held no more.

    Each sweeper says so for itself, and once more after a restart.
    """

    database: Database
    rules: Callable[[], Rules]
    now: Callable[[], datetime]
    _looked_at: datetime | None = None
    _held: set[str] = field(default_factory=set)

    def __call__(self) -> None:
        """Look once a minute, and have what is pending of a campaign held when that begins. Raises StoreUnavailable."""
        now = self.now()
        if self._looked_at is not None and now - self._looked_at < _EVERY:
            return
        self._looked_at = now
        rules = self.rules()
        with self.database.read() as connection:
            standing = anomalies.standing(connection, rules, besides=self._held, now=now)
        for campaign, verdict in standing.items():
            if campaign not in self._held:
                with self.database.begin() as connection:
                    anomalies.call_for_review(connection, campaign, now=now)
                self._held.add(campaign)
                log.error("campaign_anomaly", campaign=campaign, reason=verdict.reason, remedy=_REMEDY)
        for campaign in sorted(self._held - standing.keys()):
            self._held.discard(campaign)
            log.info("campaign_anomaly_over", campaign=campaign)
