"""The sweeper: looks into SQL every second, rings for what nobody rang for, and works when nobody comes.

It makes Redis and RQ optional. Whatever they lose, forget or never heard of is found here, and when
the bell cannot be rung, or is rung in vain, the sweeper does the work itself.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

import sqlalchemy as sa
import structlog

from core.deciding import Rules
from core.errors import StoreUnavailable
from core.failpoints import Failpoint
from ledger import reviewing, settling
from ledger.leading import Leads
from store import backlog, cancellations, due, failpoints, reviews
from store.bell import Bell
from store.engine import Database
from workers.stopping import StopFlag

_log = structlog.get_logger(__name__)

#: Work younger than this was rung for by whoever made it.
LATE = timedelta(seconds=1)
#: Work that waits this long although the bell was rung is done here.
OVERDUE = timedelta(seconds=5)
#: One turn of the sweeper's own work; then it looks whether the workers are back.
BUDGET = timedelta(seconds=3)
#: What waits for these is passed over by itself: the others may be let go.
_HOLDS_UP_NOBODY_ELSE = {"cancellations", "last_looks", "looks_at_held"}
_EVERY = timedelta(seconds=1)
_JITTER = 0.2
#: So many messages are released in one transaction.
_BATCH = 500


class Drains(Protocol):
    """What does the work: ``workers.draining.Drain``."""

    def run(self, *, budget: timedelta | None, should_stop: Callable[[], bool]) -> None:
        """Work until nothing is due, the budget is used up, or a stop is asked for."""


@dataclass(frozen=True, slots=True)
class Sweep:
    """What one sweep found and did."""

    late: tuple[str, ...] = ()
    """The kinds of work that waited too long."""
    rang: bool = False
    drained: bool = False
    released: int = 0


@dataclass(slots=True)
class Sweeper:
    """Sweeps again and again."""

    database: Database
    bell: Bell
    drain: Callable[[], Drains]
    """Called when there is something to drain: what it needs takes seconds to load, and is needed rarely."""
    rules: Callable[[], Rules]
    """Under others than before, all that is pending is decided on again."""
    now: Callable[[], datetime]
    stop: StopFlag
    leads: Callable[[], Leads] = Leads
    """How much earlier than usual crowds are looked at for the last time."""
    alarms: Sequence[Callable[[], object]] = ()
    """Told in every sweep to look whether there is something that people have to know."""
    _followed: str | None = None
    """The digest of the rules that all that is pending is, or is being, decided by."""
    _unfinished: bool = False

    def run(self) -> None:
        """Sweep every second, a little irregularly so that several sweepers do not march in step, until stopped."""
        is_down = False
        while not self.stop():
            try:
                self.sweep_once()
                is_down = False
            except StoreUnavailable as error:
                if not is_down:
                    _log.warning("sweeper_waits", reason=str(error))
                is_down = True
            except Exception:  # noqa: BLE001 - nothing else makes up for a sweeper that gave up
                _log.exception("sweep_failed")
            self.stop.wait(_EVERY.total_seconds() * random.uniform(1 - _JITTER, 1 + _JITTER))  # noqa: S311 - no secret

    def sweep_once(self) -> Sweep:
        """Look once, and see to it that what is due gets done. Raises StoreUnavailable."""
        now = self.now()
        rules = self.rules()
        if rules.digest != self._followed:
            with self.database.begin() as connection:
                reviewing.follow_rules(connection, rules, now=now)
            self._followed = rules.digest
        for alarm in self.alarms:
            alarm()
        leads = self.leads()
        with self.database.read() as connection:
            waiting = _waiting_since(connection, now, leads)
            settled_until = _settled_until(connection, waiting, now)
            may_release = bool(due.for_release(connection, until=settled_until, limit=1))
        released = self._release(settled_until) if may_release else 0
        late = {kind: since for kind, since in waiting.items() if now - since >= LATE}
        rang = drained = False
        if late or self._unfinished:
            rang = self.bell.ring()
            failpoints.reach(Failpoint.W1)
            if not rang or self._unfinished or now - min(late.values()) >= OVERDUE:
                self._work()
                drained = True
        sweep = Sweep(late=tuple(sorted(late)), rang=rang, drained=drained, released=released)
        if late or released:
            _log.info("swept", late=sweep.late, rang=rang, drained=drained, released=released)
        return sweep

    def _release(self, until: datetime) -> int:
        ends_at = self.now() + BUDGET
        released = 0
        while self.now() < ends_at and not self.stop():
            with self.database.begin() as connection:
                batch = settling.release_due(connection, until=until, now=self.now(), limit=_BATCH)
            released += batch
            if batch < _BATCH:
                break
        return released

    def _work(self) -> None:
        # Requests may still be on their way when the budget ends; the next sweep takes in their answers.
        self._unfinished = True
        before = self.now()
        self.drain().run(budget=BUDGET, should_stop=self.stop)
        self._unfinished = self.now() - before >= BUDGET


def _waiting_since(connection: sa.Connection, now: datetime, leads: Leads) -> dict[str, datetime]:
    """Return, for each kind of work that is due, since when."""
    timed = due.for_review(connection, now=now, limit=1)
    last = due.awaiting_last_look(connection, until=leads.crowd.until(now), limit=1)
    due_at = {
        "events": backlog.oldest_due(connection, now=now),
        "cancellations": cancellations.next_due_at(connection),
        "reviews": reviews.oldest(connection),
        "timed_reviews": min(timed.values(), default=None),
        "last_looks": leads.crowd.since(last[0].send_at) if last else None,
        "looks_at_held": leads.held.begun(now),
    }
    return {kind: since for kind, since in due_at.items() if since is not None and since <= now}


def _settled_until(connection: sa.Connection, waiting: dict[str, datetime], now: datetime) -> datetime:
    """Return up to when everything that could cancel a message has been decided.

    An event that waits may be an opt-out, and a review may find a campaign
    ended: nothing that was due later than these reached us is let go yet.
    """
    undecided = [since for kind, since in waiting.items() if kind not in _HOLDS_UP_NOBODY_ELSE]
    return min([now, *undecided, *filter(None, [backlog.oldest_with_effects(connection)])])
