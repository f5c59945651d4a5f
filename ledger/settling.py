"""Settle what was pending: cancelled, released, or in breach of a decision to cancel.

Every function runs inside the caller's transaction. Message rows are locked
first, in the order of their ids, then the cancellations.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa
import structlog

from core.cancelling import Action, Asking, Meaning, Outcome, Settle, breach_cause
from core.deadlines import deadline
from core.outcomes import BreachCause, CancellationState, LedgerState
from core.reports import MessageReport
from core.statuses import Status
from ledger import recording
from store import attempts, cancellations, closing, due, messages
from store.attempts import Attempt
from store.cancellations import Cancellation
from store.closing import Closing
from store.messages import MessageRow

log = structlog.get_logger()

#: Telnyx may have asked for so long a silence before the reason reached us.
_LONGEST_PAUSE = timedelta(minutes=1)
_LEFT = Settle(CancellationState.TOO_LATE, Outcome.ALREADY_SENT)
_CANCELLED = Settle(CancellationState.CONFIRMED, Outcome.CANCELLED)
_GIVEN_UP = {CancellationState.TOO_LATE, CancellationState.REFUSED, CancellationState.FAILED}


@dataclass(frozen=True, slots=True)
class Settlement:
    """How one worker's claim on a cancellation ended."""

    message_id: str
    token: str
    """The claim's lease; a settlement under a lease that was lost meanwhile changes nothing."""
    end: Settle
    report: MessageReport | None = None
    """What Telnyx said of the message, to be recorded with it."""


def settle(connection: sa.Connection, settlements: Sequence[Settlement], *, now: datetime) -> list[Closing]:
    """Settle cancellations and close their messages; return what was closed."""
    if not settlements:
        return []
    rows = recording.hold(connection, {each.message_id for each in settlements})
    held = cancellations.hold(connection, {each.message_id: each.token for each in settlements})
    ours = [each for each in settlements if each.message_id in held and held[each.message_id].lease_token == each.token]
    reports = [each.report for each in ours if each.report]
    recording.record(connection, rows, reports, now=now)
    return _end(connection, rows, held, {each.message_id: each.end for each in ours}, now=now)


def left(connection: sa.Connection, message_ids: Collection[str], *, now: datetime) -> list[Closing]:
    """Close messages that were reported to have left their schedule; return what was closed.

    What nobody was cancelling was released. What somebody was, or had, is a
    breach, and the report is believed over what the cancel call answered.
    """
    if not message_ids:
        return []
    rows = messages.lock(connection, message_ids)
    held = cancellations.hold(connection, dict.fromkeys(rows))
    broken = _end(connection, rows, held, dict.fromkeys(held, _LEFT), now=now)
    closings = [closed for row in rows.values() if row.id not in held and (closed := _closing_of_left(row))]
    for each in closings:
        if each.breach_cause:
            log.error("sent_after_cancel", message_id=each.message_id)
    closing.close(connection, closings, now=now)
    return broken + closings


def cancelled_elsewhere(connection: sa.Connection, message_ids: Collection[str], *, now: datetime) -> list[Closing]:
    """Close messages that Telnyx shows as cancelled, whoever asked for it; return what was closed.

    A cancellation of ours that is under way has come to its end by that. What was given up for lost, because no answer
    came, or let go, because nobody told us, was taken back after all and is closed as that.
    """
    rows = {of: row for of, row in messages.lock(connection, message_ids).items() if row.ledger is not None}
    told = messages.recipients_of(connection, rows)
    # What was reported to have left all the same stands as that.
    rows = {of: row for of, row in rows.items() if {each.status for each in told.get(of, ())} == {Status.CANCELLED}}
    held = cancellations.hold(connection, dict.fromkeys(rows))
    ended = _end(connection, rows, held, dict.fromkeys(held, _CANCELLED), now=now)
    orders = filter(None, (cancellations.of(connection, of) for of in sorted(rows.keys() - held)))
    given_up = [order.message_id for order in orders if order.state in _GIVEN_UP]
    cancellations.settle(connection, dict.fromkeys(given_up, _CANCELLED), now=now)
    closings = [
        Closing(row.id, LedgerState.CANCELLED)
        for row in rows.values()
        if row.id not in held and row.ledger != LedgerState.CANCELLED
    ]
    closing.close(connection, closings, now=now)
    return ended + closings


def release_due(connection: sa.Connection, *, until: datetime, now: datetime, limit: int) -> int:
    """Release pending messages to be sent by ``until`` that nobody is cancelling; return how many."""
    rows = messages.lock(connection, due.for_release(connection, until=until, limit=limit))
    # Another may have closed one, or ordered its cancellation, before we held its lock.
    cancelling = cancellations.hold(connection, dict.fromkeys(rows))
    released = [
        Closing(row.id, LedgerState.RELEASED)
        for row in rows.values()
        if row.ledger == LedgerState.PENDING and row.last_look_at is not None and row.id not in cancelling
    ]
    closing.close(connection, released, now=now)
    return len(released)


def _closing_of_left(row: MessageRow) -> Closing | None:
    if row.ledger == LedgerState.PENDING:
        return Closing(row.id, LedgerState.RELEASED)
    if row.ledger == LedgerState.CANCELLED:
        return Closing(row.id, LedgerState.BREACH, BreachCause.SENT_AFTER_CANCEL)
    return None


def _end(
    connection: sa.Connection,
    rows: Mapping[str, MessageRow],
    held: Mapping[str, Cancellation],
    ends: Mapping[str, Settle],
    *,
    now: datetime,
) -> list[Closing]:
    cancellations.settle(connection, ends, now=now)
    failed = {of for of, end in ends.items() if end.state is not CancellationState.CONFIRMED}
    open_again = {of for of, end in ends.items() if end.state is CancellationState.WITHDRAWN}
    asked = attempts.of(connection, failed)
    closings = [
        _breach(connection, held[of], end, asked.get(of, ()), now=now)
        if of in failed
        else Closing(of, LedgerState.CANCELLED)
        for of, end in sorted(ends.items())
        if rows[of].ledger == LedgerState.PENDING and of not in open_again
    ]
    closing.close(connection, closings, now=now)
    return closings


def _breach(
    connection: sa.Connection, row: Cancellation, end: Settle, asked: Sequence[Attempt], *, now: datetime
) -> Closing:
    if row.lapsed or row.known_at >= row.send_at:
        # Nobody should have cancelled it: the reason was gone, or came up when its time had come.
        return Closing(row.message_id, LedgerState.RELEASED)
    others = attempts.newest_outcomes(connection, since=row.known_at - _LONGEST_PAUSE, until=deadline(row.send_at))
    cause = breach_cause(
        end,
        known_at=row.known_at,
        registered_at=row.registered_at,
        send_at=row.send_at,
        settled_at=now,
        asked=[
            Asking(Action(each.action), each.started_at, Meaning(each.outcome) if each.outcome else None)
            for each in asked
        ],
        others=[Meaning(outcome) for outcome in others],
    )
    return Closing(row.message_id, LedgerState.BREACH, cause)
