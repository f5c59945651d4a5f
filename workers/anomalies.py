"""Campaigns of which too much went wrong lately: people are told, and what is pending of them is held at once.

While the policy is in shadow, they are told what would be held.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import structlog

from core.deciding import Mode, Rules, Verdict
from core.policies import anomaly
from ledger import anomalies
from store.engine import Database

log = structlog.get_logger()

_EVERY = timedelta(minutes=1)
_REMEDY = (
    "find out what was sent before it goes on: `rescind hold` keeps the campaign closed for longer, "
    "`rescind panic` takes back what is pending of it"
)
_REMEDY_IN_SHADOW = (
    "the policy is in shadow and holds nothing: find out what was sent; `rescind hold` closes the campaign, "
    "and the policy would if it were enforced"
)


@dataclass(slots=True)
class AnomalyAlarm:
    """Says once when a campaign comes to be held, or would be, and once when that is over.

    Each sweeper says so for itself, and once more after a restart.
    """

    database: Database
    rules: Callable[[], Rules]
    now: Callable[[], datetime]
    _looked_at: datetime | None = None
    _told: dict[str, Mode] = field(default_factory=dict)
    """The campaigns that were told of, and what the policy's mode was then."""

    def __call__(self) -> None:
        """Look once a minute, and have what is pending of a campaign held when it trips. Raises StoreUnavailable."""
        now = self.now()
        if self._looked_at is not None and now - self._looked_at < _EVERY:
            return
        self._looked_at = now
        rules = self.rules()
        mode = next((rule.mode for rule in rules if rule.name == anomaly.NAME), Mode.OFF)
        with self.database.read() as connection:
            standing = anomalies.standing(connection, rules, besides=self._told, now=now)
        for campaign, verdict in standing.items():
            if self._told.get(campaign) is not mode:
                with self.database.begin() as connection:
                    anomalies.call_for_review(connection, campaign, now=now)
                self._told[campaign] = mode
                _tell(campaign, verdict, mode)
        for campaign in sorted(self._told.keys() - standing.keys()):
            del self._told[campaign]
            log.info("campaign_anomaly_over", campaign=campaign)


def _tell(campaign: str, verdict: Verdict, mode: Mode) -> None:
    is_held = mode is Mode.ENFORCE
    say, remedy = (log.error, _REMEDY) if is_held else (log.warning, _REMEDY_IN_SHADOW)
    say("campaign_anomaly", campaign=campaign, mode=mode, reason=verdict.reason, remedy=remedy)
