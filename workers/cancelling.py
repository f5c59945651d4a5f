"""Carry out cancellations: many requests in flight, the earliest deadline first, none waited for.

The caller pumps: each time, what was answered is recorded and what is due
leaves. A request that hangs holds its own slot and nothing else.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from queue import Empty, SimpleQueue
from random import Random

import sqlalchemy as sa
import structlog

from core import cancelling
from core.cancelling import Action, Again, Answer, Meaning, Settle, Step
from core.deadlines import deadline
from core.errors import StoreUnavailable
from core.failpoints import Failpoint
from core.forecasting import SLOTS
from core.numbers import masked
from core.outcomes import LedgerState
from core.reports import MessageReport
from ledger import settling
from ledger.settling import Settlement
from schemas.message import answered
from store import attempts, cancellations, failpoints
from store.attempts import Answered
from store.cancellations import Claimed
from store.closing import Closing
from store.engine import Database
from workers.outage import Outage
from workers.pacing import Pacer
from workers.telnyx import TIMEOUT, AsksTelnyx

log = structlog.get_logger()

#: Well beyond the longest request; a worker that died is made up for after this.
LEASE = timedelta(seconds=30)
#: Nobody waits less than this for an answer, however near the wall.
_LEAST_TIMEOUT = timedelta(seconds=1)
#: How long Telnyx is left in peace at most when it says that no further request would be let in.
_LONGEST_REST = timedelta(seconds=5)


@dataclass(frozen=True, slots=True)
class Pumped:
    """What one turn of the pump left behind."""

    in_flight: int
    finished: int
    """How many answers were recorded."""
    next_due_at: datetime | None
    """When more can leave, slots permitting, as it was before any left now; None when no cancellation is under way."""


@dataclass(frozen=True, slots=True)
class _Heard:
    """One answer, and what follows from it."""

    claimed: Claimed
    answer: Answer
    finished_at: datetime
    report: MessageReport | None
    meaning: Meaning
    step: Step


class Canceller:
    """Asks Telnyx for the cancellations that are due. For one process, made after forking; pumped by one thread."""

    def __init__(  # noqa: PLR0913 - collaborators, and limits that tests choose
        self,
        database: Database,
        client: AsksTelnyx,
        pacer: Pacer,
        *,
        now: Callable[[], datetime],
        random: Random | None = None,
        slots: int = SLOTS,
        lease: timedelta = LEASE,
        threads: Executor | None = None,
        prepare: Callable[[], object] | None = None,
    ) -> None:
        """Start nothing yet: threads, one a slot unless others are given, come with the first requests.

        ``prepare`` is called once, before the first request is claimed: what waits for it meanwhile others may do.
        """
        self._database = database
        self._client = client
        self._pacer = pacer
        self._now = now
        self._random = random or Random()  # noqa: S311 - jitter is no secret
        self._slots = slots
        self._lease = lease
        self._prepare = prepare
        self._outage = Outage()
        self._threads = threads or ThreadPoolExecutor(slots, thread_name_prefix="telnyx")
        self._answers: SimpleQueue[tuple[Claimed, Answer, datetime]] = SimpleQueue()
        self._in_flight = 0
        self._unrecorded: list[_Heard] = []

    def pump(self) -> Pumped:
        """Record what was answered, launch what is due, and return without waiting for either.

        Raises StoreUnavailable when the database is away. Answers are kept
        until they are recorded; nothing counts as cancelled before that.
        """
        self._collect()
        finished = self._record()
        with self._database.read() as connection:
            due, next_due_at = cancellations.due(connection, now=self._now(), limit=self._free_slots())
        if due and self._prepare is not None:
            self._prepare()
            self._prepare = None
        granted = self._pacer.try_acquire(due) if due else 0
        if granted:
            with self._database.begin() as connection:
                claimed = self._claim(connection, granted)
            failpoints.reach(Failpoint.D0)
            self._launch(claimed)
        if next_due_at is not None:
            next_due_at = max(next_due_at, self._now() + self._pacer.ready_in())
        return Pumped(self._in_flight, finished, next_due_at)

    def wait(self, timeout: timedelta) -> None:
        """Sleep until an answer comes, at most this long."""
        with suppress(Empty):
            self._hear(*self._answers.get(timeout=timeout.total_seconds()))

    def close(self) -> None:
        """Wait for the answers under way, at most as long as a request may take, and record them."""
        self._threads.shutdown(wait=True)
        self._collect()
        # What cannot be recorded now is asked again once its lease is over.
        with suppress(StoreUnavailable):
            self._record()
        self._client.close()

    def _free_slots(self) -> int:
        return max(0, self._outage.slots(self._slots) - self._in_flight)

    def _claim(self, connection: sa.Connection, granted: int) -> list[Claimed]:
        token = str(uuid.uuid4())
        return cancellations.claim(connection, now=self._now(), limit=granted, lease=self._lease, token=token)

    def _launch(self, claimed: list[Claimed]) -> None:
        for each in claimed:
            self._in_flight += 1
            self._threads.submit(self._ask, each)

    def _ask(self, claimed: Claimed) -> None:
        timeout = TIMEOUT
        if claimed.asked.action is Action.DELETE:
            left = deadline(claimed.asked.send_at) - self._now()
            timeout = max(left, _LEAST_TIMEOUT) if left > timedelta() else TIMEOUT
            answer = self._client.cancel(claimed.message_id, timeout)
        else:
            answer = self._client.retrieve(claimed.message_id, timeout)
        self._answers.put((claimed, answer, self._now()))

    def _collect(self) -> None:
        with suppress(Empty):
            while True:
                self._hear(*self._answers.get_nowait())

    def _hear(self, claimed: Claimed, answer: Answer, finished_at: datetime) -> None:
        """Work out what an answer means; what it means for everybody takes effect at once."""
        self._in_flight -= 1
        asked = claimed.asked
        report = answered(
            answer.body, source="cancel" if asked.action is Action.DELETE else "retrieve", now=finished_at
        )
        meaning = cancelling.meaning(asked.action, claimed.message_id, answer, report)
        chance = self._random.random()
        step = cancelling.next_step(asked, meaning, now=finished_at, chance=chance, retry_after=answer.retry_after)
        self._unrecorded.append(_Heard(claimed, answer, finished_at, report, meaning, step))
        self._pause(meaning, step, self._outage.hear(meaning, chance))
        if answer.is_last and meaning is not Meaning.THROTTLED:
            # A bound, since this one was let in: should the header always say so, it must not stop us altogether.
            self._pacer.pause_everybody(min(answer.retry_after or cancelling.BACKOFF, _LONGEST_REST))

    def _pause(self, meaning: Meaning, step: Step, outage: timedelta | None) -> None:
        """Ask nothing for a while when an answer calls for it; a 429 is meant for every worker of the account."""
        if outage:
            self._pacer.pause(outage)
        asked_for = step.pause if isinstance(step, Again) else None
        if asked_for and meaning is Meaning.THROTTLED:
            self._pacer.pause_everybody(asked_for)
        elif asked_for:
            self._pacer.pause(asked_for)

    def _record(self) -> int:
        """Record every answer so far, in a transaction of its own, and return how many."""
        if not self._unrecorded:
            return 0
        failpoints.reach(Failpoint.D2)
        try:
            with self._database.begin() as connection:
                closings = self._write(connection)
        except StoreUnavailable:
            raise
        except Exception:
            # An answer that cannot be stored must not keep the others from being recorded for ever: next time
            # without what it says of the message, then not at all, and its lease runs out.
            had_reports = any(each.report for each in self._unrecorded)
            self._unrecorded = [replace(each, report=None) for each in self._unrecorded] if had_reports else []
            raise
        self._unrecorded, recorded = [], self._unrecorded
        self._outage.has_ended = False
        failpoints.reach(Failpoint.R1)
        self._tell(recorded, closings)
        return len(recorded)

    def _write(self, connection: sa.Connection) -> list[Closing]:
        now = self._now()
        heard = self._unrecorded
        attempts.finish(connection, [_answered(each) for each in heard])
        closings = settling.settle(connection, [_settlement(each) for each in heard if _ends(each)], now=now)
        nexts = {each.claimed.message_id: each for each in heard if not _ends(each)}
        held = cancellations.hold(connection, {of: each.claimed.token for of, each in nexts.items()})
        cancellations.reschedule(
            connection, held, {of: each.step for of, each in nexts.items() if isinstance(each.step, Again)}
        )
        if self._outage.has_ended:
            cancellations.hasten(connection, now=now)
        return closings

    def _tell(self, recorded: list[_Heard], closings: list[Closing]) -> None:
        """Log what was recorded, numbers masked."""
        closed = {each.message_id: each for each in closings}
        for each in recorded:
            told = _told(each)
            closing = closed.get(each.claimed.message_id) if _ends(each) else None
            if each.meaning is Meaning.LOCKED_OUT:
                log.error("telnyx_lets_nobody_in", **told)
            elif closing is None:
                log.info("cancellation_goes_on" if not _ends(each) else "cancellation_settled_elsewhere", **told)
            elif closing.ledger is LedgerState.CANCELLED:
                log.info("message_cancelled", **told)
            else:
                log.error("message_not_cancelled", cause=closing.breach_cause, **told)


def _ends(heard: _Heard) -> bool:
    return isinstance(heard.step, Settle)


def _settlement(heard: _Heard) -> Settlement:
    assert isinstance(heard.step, Settle)  # noqa: S101 - asked for above
    says = heard.meaning in {Meaning.CANCELLED, Meaning.SCHEDULED, Meaning.LEFT}
    return Settlement(heard.claimed.message_id, heard.claimed.token, heard.step, heard.report if says else None)


def _answered(heard: _Heard) -> Answered:
    return Answered(
        id=heard.claimed.attempt_id,
        finished_at=heard.finished_at,
        http_status=heard.answer.http_status,
        answer=heard.answer.text,
        outcome=heard.meaning,
    )


def _told(heard: _Heard) -> dict[str, object]:
    return {
        "message_id": heard.claimed.message_id,
        "policy": heard.claimed.policy,
        "action": heard.claimed.asked.action,
        "attempt": heard.claimed.asked.attempts,
        "http_status": heard.answer.http_status,
        "trouble": heard.answer.trouble,
        "meaning": heard.meaning,
        "to": [masked(addressee.phone_number) for addressee in heard.report.addressees] if heard.report else None,
    }
