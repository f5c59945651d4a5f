"""Drain the inbox: each batch of events becomes state, consent and decisions in one transaction."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path

import sqlalchemy as sa
import structlog

from core.deciding import Rules
from core.errors import EventInvalid, StoreUnavailable
from core.failpoints import Failpoint
from core.inbox import InboxStatus
from core.reports import NoticeReport
from ledger.absorbing import Heard, absorb
from schemas import envelope, reading
from schemas.envelope import Envelope
from store import backlog, runs
from store.backlog import PendingEvent
from store.engine import Database
from store.failpoints import reach
from store.runs import Run

log = structlog.get_logger()

#: Large enough that a transaction's cost is shared, small enough that on SQLite the receiver is not kept waiting.
BATCH = 100
#: An event whose applying keeps failing is parked as a dead letter after this many tries.
TRIES = 5
#: How many times longer each wait is than the one before: a second, then ten, up to a quarter of an hour.
_PATIENCE = 10
#: An event that is alone whenever the process ends, this many times, is parked.
CRASHES = 3
_DIED = f"the process died {CRASHES} times while applying it"
#: A run that nobody holds may be one that is only just beginning.
ABANDONED_AFTER = timedelta(seconds=2)
#: When others were faster there may be more, further down the line.
_LOOKS = 3


@dataclass(frozen=True, slots=True)
class Applier:
    """Applies accepted events, a batch a transaction."""

    database: Database
    rules: Callable[[], Rules]
    now: Callable[[], datetime]
    batch: int = BATCH
    _broken_off: list[Run] = field(default_factory=list)
    """Runs of ours that came to nothing, although nobody has died of them; to be taken from the record."""

    def apply(self) -> int:
        """Apply the next batch and return how many events were taken; 0 when none waits.

        One event that cannot be applied does not hold up its batch: the batch is then applied one by one, and the
        failing event waits or is parked. Events that came under suspicion are taken alone, one beside each batch.
        """
        with self.database.read() as connection:
            if backlog.oldest_due(connection, now=self.now()) is None:
                return 0
        for _ in range(_LOOKS):
            run, suspect = self._begin()
            if run is None and suspect is None:
                break
            taken = self._apply(run) if run else 0
            taken += self._apply_alone(suspect) if suspect is not None else 0
            if taken:
                return taken
        return 0

    def _begin(self) -> tuple[Run | None, int | None]:
        """Put on record what is taken next, and return it with the event that is to be taken alone after it.

        What others have left behind is seen to first.
        """
        now = self.now()
        others: set[int] = set()
        with self._writing() as connection:
            for run in runs.on_record(connection):
                if now - run.started_at >= ABANDONED_AFTER and runs.hold(connection, run):
                    _blame(connection, run, now)
                else:
                    others.update(run.seqs)
            line = backlog.next_in_line(connection, now=now, limit=self.batch, besides=others)
            return runs.begin(connection, line.together, now=now) if line.together else None, line.suspect

    def _apply_alone(self, seq: int) -> int:
        with self._writing() as connection:
            run = runs.begin(connection, [seq], now=self.now())
        return self._apply(run)

    def _apply(self, run: Run) -> int:
        claimed: list[PendingEvent] = []
        try:
            rules = self.rules()
            with self.database.begin() as connection:
                if not _ended(connection, run):
                    return 0
                claimed = backlog.claim(connection, run.seqs)
                if not claimed:
                    return 0
                reach(Failpoint.C2)
                self._absorb(connection, claimed, rules)
                reach(Failpoint.S1)
            reach(Failpoint.S2)
        except Exception as error:
            self._broken_off.append(run)
            if isinstance(error, StoreUnavailable) or not claimed:
                raise
            # Whatever it is, it must not block the other events.
            if len(claimed) == 1:
                self._put_off(claimed[0], _told(error))
            else:
                for event in claimed:
                    self._apply_alone(event.seq)
        return len(claimed)

    @contextmanager
    def _writing(self) -> Iterator[sa.Connection]:
        """Run a write transaction that also takes from the record what was broken off."""
        with self.database.begin() as connection:
            for run in self._broken_off:
                _ended(connection, run)
            yield connection
        self._broken_off.clear()

    def _put_off(self, event: PendingEvent, reason: str) -> None:
        log.error("event_not_applied", event_id=event.event_id, event_type=event.event_type, reason=reason)
        now = self.now()
        with self._writing() as connection:
            if event.tries + 1 >= TRIES:
                backlog.mark(connection, [event.seq], InboxStatus.PARKED, now=now, reason=reason)
            else:
                retry_at = now + timedelta(seconds=_PATIENCE**event.tries)
                backlog.postpone(connection, event.seq, retry_at=retry_at, reason=reason)

    def _absorb(self, connection: sa.Connection, events: Sequence[PendingEvent], rules: Rules) -> None:
        now = self.now()
        heard: list[Heard] = []
        applied: list[int] = []
        for event in events:
            try:
                report = reading.report(_read(event), received_at=event.received_at)
            except EventInvalid as error:
                log.warning("event_invalid", event_id=event.event_id, event_type=event.event_type, reason=str(error))
                backlog.mark(connection, [event.seq], InboxStatus.INVALID, now=now, reason=str(error))
                continue
            if isinstance(report, NoticeReport):
                reason = f"kept and shown; an event of type {report.event_type} changes nothing here"
                backlog.mark(connection, [event.seq], InboxStatus.IGNORED, now=now, reason=reason)
                continue
            heard.append(Heard(report, event.received_at, event.acts, event.source))
            applied.append(event.seq)
        absorb(connection, heard, rules, now=now)
        backlog.mark(connection, applied, InboxStatus.APPLIED, now=now)


def _read(event: PendingEvent) -> Envelope:
    """Return what the event says, under its own id; another content under a known id counts as another event."""
    read = envelope.read(event.raw)
    is_another = event.event_id.startswith(f"{InboxStatus.CONFLICT}:")
    return replace(read, event_id=event.event_id) if is_another else read


def _blame(connection: sa.Connection, run: Run, now: datetime) -> None:
    """See to it that what ended a process does not end one after the other."""
    log.warning("run_abandoned", events=len(run.seqs), started_at=run.started_at.isoformat())
    for event_id in runs.blame(connection, run, at_most=CRASHES, reason=_DIED, now=now):
        log.error("event_parked", event_id=event_id, reason=_DIED)
    runs.end(connection, run)


def _ended(connection: sa.Connection, run: Run) -> bool:
    """Take a run of ours from the record; False when another took us for dead, for which nobody is to blame."""
    if runs.end(connection, run):
        return True
    log.warning("run_taken_for_abandoned", events=len(run.seqs))
    runs.acquit(connection, run, reason=_DIED)
    return False


def _told(error: Exception) -> str:
    """Return what went wrong and where, without the values: an error's text may quote a phone number."""
    *_, frame = traceback.extract_tb(error.__traceback__)
    return f"{type(error).__name__} in {Path(frame.filename).name}, line {frame.lineno}"
