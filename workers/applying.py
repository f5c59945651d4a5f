"""Drain the inbox: each batch of events becomes state, consent and decisions in one transaction."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa
import structlog

from core.deciding import Rule
from core.errors import EventInvalid, StoreUnavailable
from core.inbox import InboxStatus
from core.reports import NoticeReport
from ledger.absorbing import Heard, absorb
from schemas import envelope, reading
from store import backlog
from store.backlog import PendingEvent
from store.engine import Database

log = structlog.get_logger()

#: Large enough that a transaction's cost is shared, small enough that other writers are not kept waiting.
BATCH = 200
#: An event whose applying keeps failing is parked as a dead letter after this many tries.
TRIES = 5


@dataclass(frozen=True, slots=True)
class Applier:
    """Applies accepted events, a batch a transaction."""

    database: Database
    rules: Sequence[Rule]
    now: Callable[[], datetime]
    batch: int = BATCH

    def apply(self) -> int:
        """Apply the next batch and return how many events were taken; 0 when none waits.

        One event that cannot be applied does not hold up its batch: the batch
        is then applied one by one, and the failing event waits or is parked.
        """
        taken: list[PendingEvent] = []
        try:
            with self.database.begin() as connection:
                taken = backlog.claim(connection, now=self.now(), limit=self.batch)
                self._absorb(connection, taken)
        except StoreUnavailable:
            raise
        except Exception:  # noqa: BLE001 - whatever it is, it must not block the other events
            for event in taken:
                self._apply_alone(event)
        return len(taken)

    def _apply_alone(self, event: PendingEvent) -> None:
        try:
            with self.database.begin() as connection:
                self._absorb(connection, backlog.claim_one(connection, event.seq))
        except StoreUnavailable:
            raise
        except Exception as error:
            log.exception("event_not_applied", event_id=event.event_id, event_type=event.event_type)
            self._put_off(event, f"{type(error).__name__}: {error}")

    def _put_off(self, event: PendingEvent, reason: str) -> None:
        now = self.now()
        with self.database.begin() as connection:
            if event.tries + 1 >= TRIES:
                backlog.mark(connection, [event.seq], InboxStatus.PARKED, now=now, reason=reason)
            else:
                retry_at = now + timedelta(seconds=2**event.tries)
                backlog.postpone(connection, event.seq, retry_at=retry_at, reason=reason)

    def _absorb(self, connection: sa.Connection, events: Sequence[PendingEvent]) -> None:
        now = self.now()
        heard: list[Heard] = []
        applied: list[int] = []
        for event in events:
            try:
                report = reading.report(envelope.read(event.raw), received_at=event.received_at)
            except EventInvalid as error:
                log.warning("event_invalid", event_id=event.event_id, event_type=event.event_type, reason=str(error))
                backlog.mark(connection, [event.seq], InboxStatus.INVALID, now=now, reason=str(error))
                continue
            if isinstance(report, NoticeReport):
                reason = f"kept and shown; an event of type {event.event_type} changes nothing here"
                backlog.mark(connection, [event.seq], InboxStatus.IGNORED, now=now, reason=reason)
                continue
            heard.append(Heard(report, event.received_at))
            applied.append(event.seq)
        absorb(connection, heard, self.rules, now=now)
        backlog.mark(connection, applied, InboxStatus.APPLIED, now=now)
