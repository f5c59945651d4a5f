"""Proves once a day, beside other work, that nobody who refused has anything pending that is not being cancelled."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime

import structlog

from core.deciding import Rules
from ledger import proving
from ledger.proving import Proof
from store.due import After
from store.engine import Database

_log = structlog.get_logger(__name__)

_PAGE = 500


@dataclass(slots=True)
class Prover:
    """Goes through all that is pending once a UTC day, a page in every sweep; at first when the process starts."""

    database: Database
    rules: Callable[[], Rules]
    now: Callable[[], datetime]
    _day: date | None = None
    """The day of the last round, be it finished or not."""
    _is_under_way: bool = False
    _after: After = None
    _found: Proof = field(default_factory=Proof)

    def __call__(self) -> None:
        """Look at one page, if there is one to look at today. Raises StoreUnavailable."""
        now = self.now()
        if not self._is_under_way:
            if self._day == now.date():
                return
            self._day, self._is_under_way, self._after, self._found = now.date(), True, None, Proof()
        rules = self.rules()
        with self.database.read() as connection:
            found, self._after = proving.page(connection, rules, after=self._after, now=now, limit=_PAGE)
        self._found += found
        if found.unguarded:
            self._raise_alarm(found, now)
        if self._after is None:
            self._is_under_way = False
            self._tell(self._found)

    def _tell(self, found: Proof) -> None:
        told = {
            "pending": found.pending,
            "unguarded": len(found.unguarded),
            "cancelling": found.cancelling,
            "held": found.held,
            "in_doubt": len(found.unnamed),
        }
        if found.holds:
            _log.info("consent_proved", **told)
        else:
            _log.warning("consent_not_proved", not_enforced=sorted(found.not_enforced), **told)

    def _raise_alarm(self, found: Proof, now: datetime) -> None:
        for each in found.unguarded:
            _log.error(
                "refused_and_pending",
                message_id=each.message_id,
                send_at=each.send_at.isoformat(),
                policy=each.policy,
                hint="nobody was cancelling it; it is decided on again now. See `rescind consent report`",
            )
        with self.database.begin() as connection:
            proving.make_up_for(connection, found.unguarded, now=now)
