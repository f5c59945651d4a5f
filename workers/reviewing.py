"""Decide again on pending messages: on order, when the time has come, and for the last time before the deadline."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import sqlalchemy as sa

from core.deciding import Rules
from ledger import reviewing
from ledger.leading import Gate, Leads
from store import due, reviews
from store.due import Place
from store.engine import Database

BATCH = 200
#: A gate that was gone through to its end is gone through again after this: more may have come in behind it.
_REST = timedelta(seconds=30)


@dataclass(frozen=True, slots=True)
class Reviewer:
    """Carries out reviews and last looks, a batch a transaction."""

    database: Database
    rules: Callable[[], Rules]
    now: Callable[[], datetime]
    leads: Callable[[], Leads] = Leads
    """How much earlier than usual crowds are looked at."""
    _come_to: dict[str, Place] = field(default_factory=dict)
    """How far each gate was gone through."""
    _resting: dict[str, datetime] = field(default_factory=dict)

    def review(self, limit: int = BATCH) -> bool:
        """Decide on the next messages, so many of each kind, and return whether there was anything to do."""
        now, leads = self.now(), self.leads()
        until = leads.crowd.until(now)
        with self.database.read() as connection:
            timed = due.for_review(connection, now=now, limit=limit)
            last = due.awaiting_last_look(connection, until=until, limit=limit)
            held_until, held = self._next_held(connection, leads, now, limit)
            is_ordered = reviews.oldest(connection) is not None
        if not (timed or last or held or is_ordered):
            return False
        # After looking: an order to follow new rules is seen no earlier than these.
        rules = self.rules()
        reviewed = None
        if is_ordered:
            # Before the last looks: of one that is late it must be told whether the reason was there in time.
            with self.database.begin() as connection:
                reviewed = reviewing.review(connection, rules, now=now, limit=limit)
        for places, sent_by, are_held in ((last, until, False), (held, held_until, True)):
            if places:
                with self.database.begin() as connection:
                    ids = [place.message_id for place in places]
                    reviewing.look_last(connection, ids, rules, until=sent_by, are_held=are_held, now=now)
        if timed:
            with self.database.begin() as connection:
                reviewing.review_timed(connection, timed, rules, now=now)
        # A review that another worker is busy with is nothing to do here.
        return bool(last) or bool(held) or bool(timed) or reviewed is not None

    def _next_held(
        self, connection: sa.Connection, leads: Leads, now: datetime, limit: int
    ) -> tuple[datetime, list[Place]]:
        """Return the next messages of a gate whose crowd has to be begun with, and up to when they are to be sent."""
        soonest = leads.crowd.until(now)
        for gate in leads.gates:
            until = gate.until(leads.held.until(now))
            if until > soonest and self._resting.get(gate.id, now) <= now:
                places = self._beyond(connection, gate, until, limit)
                if len(places) < limit:
                    self._come_to.pop(gate.id, None)
                    self._resting[gate.id] = now + _REST
                if places:
                    return until, places
        return soonest, []

    def _beyond(self, connection: sa.Connection, gate: Gate, until: datetime, limit: int) -> list[Place]:
        """Go on where a gate was left: those that were looked at stay pending until they are cancelled."""
        come_to = self._come_to.get(gate.id)
        after = (come_to.send_at, come_to.seq) if come_to else None
        places = due.held_awaiting(connection, gate.reach, after=after, until=until, limit=limit)
        if places:
            self._come_to[gate.id] = places[-1]
        return places
