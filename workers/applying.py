"""Drain the inbox: each batch of events becomes state, consent and decisions in one transaction."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

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

#: Large enough that a transaction's cost is shared, small enough that on SQLite the receiver is not kept waiting.
BATCH = 100
#: An event whose applying keeps failing is parked as a dead letter after this many tries.
TRIES = 5
#: How many times longer each wait is than the one before: a second, then ten, up to a quarter of an hour.
_PATIENCE = 10


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
        with self.database.read() as connection:
            if backlog.oldest_due(connection, now=self.now()) is None:
                return 0
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
        except Exception as error:  # noqa: BLE001 - as above; what went wrong is kept with the event
            reason = _told(error)
            log.error("event_not_applied", event_id=event.event_id, event_type=event.event_type, reason=reason)  # noqa: TRY400 - see _told
            self._put_off(event, reason)

    def _put_off(self, event: PendingEvent, reason: str) -> None:
        now = self.now()
        with self.database.begin() as connection:
            if event.tries + 1 >= TRIES:
                backlog.mark(connection, [event.seq], InboxStatus.PARKED, now=now, reason=reason)
            else:
                retry_at = now + timedelta(seconds=_PATIENCE**event.tries)
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


def _told(error: Exception) -> str:
    """Return what went wrong and where, without the values: an error's text may quote a phone number."""
    *_, frame = traceback.extract_tb(error.__traceback__)
    return f"{type(error).__name__} in {Path(frame.filename).name}, line {frame.lineno}"
