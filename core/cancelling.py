"""What an answer of Telnyx's to a cancellation means, and what to do next.

Pure: the clock and the jitter come in. Telnyx documents no error for "no longer
scheduled" or "within the minute", so a refusal proves nothing: whatever is not a
clear yes is settled by asking for the message. Sending requests belongs in
``workers.telnyx``, keeping the rows in ``store.cancellations``.

Source: https://developers.telnyx.com/api-reference/messages/cancel-a-scheduled-message
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from http import HTTPStatus
from typing import Any

from core.deadlines import CLOCK_DOUBT, deadline
from core.outcomes import BreachCause, CancellationState
from core.reports import MessageReport
from core.statuses import Status

#: Retries wait a random part of a span that doubles from here up to the cap.
BACKOFF = timedelta(seconds=0.5)
BACKOFF_CAP = timedelta(seconds=8)
#: A refusal of a message that is still scheduled repeats itself: ask again ever so often, up to this seldom,
#: and the more often the nearer the wall.
REFUSED_CAP = timedelta(minutes=10)
REFUSED_SHARE = 100
#: The last retry leaves this much before the wall, so that it is still in time when it arrives.
LAST_TRY = timedelta(seconds=1)
#: A message may be found a little later than Telnyx has named it.
VISIBILITY = timedelta(minutes=2)
#: When Telnyx lets nobody in, nobody asks for this long.
LOCKED_OUT_PAUSE = timedelta(seconds=30)


class Action(StrEnum):
    """What is asked of Telnyx."""

    DELETE = "DELETE"
    GET = "GET"


class Trouble(StrEnum):
    """Why there is no answer."""

    TIMEOUT = "timeout"
    CONNECTION = "connection"
    TLS = "tls"
    UNEXPECTED = "unexpected"


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back from one request: a status with its body, or a trouble."""

    http_status: int | None = None
    text: str = ""
    body: Any = None
    """The text parsed as JSON; None when it is not JSON."""
    retry_after: timedelta | None = None
    """How long Telnyx asks to be left alone."""
    is_last: bool = False
    """Telnyx says that no further request would be let in before that."""
    trouble: Trouble | None = None
    has_left: bool = True
    """False when it is certain that Telnyx got nothing."""


class Meaning(StrEnum):
    """What one answer says of the message."""

    CANCELLED = "cancelled"
    SCHEDULED = "scheduled"
    LEFT = "left"
    """Past cancelling: queued, sent, or a word we do not know."""
    REFUSED = "refused"
    NOT_FOUND = "not_found"
    LOCKED_OUT = "locked_out"
    """Our key is not let in: nothing is said of the message."""
    THROTTLED = "throttled"
    UNAVAILABLE = "unavailable"
    UNCLEAR = "unclear"
    """An answer that says nothing we can rely on, such as an HTML page with status 200."""


class Outcome(StrEnum):
    """How a cancellation was settled, in one word."""

    CANCELLED = "cancelled"
    STILL_SCHEDULED = "still_scheduled"
    WALL_PASSED = "wall_passed"
    ALREADY_SENT = "already_sent"
    UNREACHABLE = "unreachable"
    UNKNOWN_MESSAGE = "unknown_message"
    REASON_LAPSED = "reason_lapsed"


@dataclass(frozen=True, slots=True)
class Asked:
    """One request to Telnyx and the cancellation that it is made for."""

    action: Action
    send_at: datetime
    registered_at: datetime
    attempts: int
    """Requests so far, this one included."""
    refusals: int
    """How many times Telnyx refused before this request."""
    lapsed: bool = False
    """The reason is gone: it is only asked what came of earlier requests."""


@dataclass(frozen=True, slots=True)
class Again:
    """Ask once more, not before ``at``."""

    at: datetime
    needs: Action
    refused: bool = False
    pause: timedelta | None = None
    """How long nobody should ask anything."""


@dataclass(frozen=True, slots=True)
class Settle:
    """It is known how this ended."""

    state: CancellationState
    outcome: Outcome


Step = Again | Settle

_CONFIRMED = Settle(CancellationState.CONFIRMED, Outcome.CANCELLED)
_SILENT = {Meaning.UNCLEAR, Meaning.UNAVAILABLE, Meaning.THROTTLED, Meaning.LOCKED_OUT}
#: Answers that are none.
FAILED = {Meaning.UNAVAILABLE, Meaning.THROTTLED, Meaning.LOCKED_OUT}
_REFUSALS = {Meaning.REFUSED, Meaning.NOT_FOUND}
_PASSING = {HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_EARLY}


def action(needs: Action, *, attempts: int, send_at: datetime, now: datetime) -> Action:
    """Return what to ask now; ``attempts`` were made before.

    The first request always tries to cancel, whatever our clock says of the
    wall: ours may be wrong, and Telnyx decides. Later ones respect the wall.
    """
    if needs is Action.GET:
        return Action.GET
    latest = deadline(send_at) if attempts else send_at + CLOCK_DOUBT
    return Action.DELETE if now < latest else Action.GET


def meaning(action: Action, message_id: str, answer: Answer, report: MessageReport | None) -> Meaning:
    """Return what an answer says; ``report`` is the message that its body holds, None when it holds none."""
    status = answer.http_status
    if status is None or status >= HTTPStatus.INTERNAL_SERVER_ERROR or status in _PASSING:
        return Meaning.UNAVAILABLE
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        return Meaning.THROTTLED
    if status == HTTPStatus.UNAUTHORIZED:
        return Meaning.LOCKED_OUT
    if status == HTTPStatus.OK:
        return _told(action, message_id, report)
    # A page that is not Telnyx's own, such as a proxy's, does not know which messages there are.
    if status == HTTPStatus.NOT_FOUND and isinstance(answer.body, dict):
        return Meaning.NOT_FOUND
    if status < HTTPStatus.BAD_REQUEST:
        return Meaning.UNCLEAR
    if action is Action.DELETE:
        return Meaning.REFUSED
    return Meaning.LOCKED_OUT if status == HTTPStatus.FORBIDDEN else Meaning.UNCLEAR


def _told(action: Action, message_id: str, report: MessageReport | None) -> Meaning:
    if report is None or report.message_id != message_id or not report.addressees:
        return Meaning.UNCLEAR
    said = {addressee.status for addressee in report.addressees}
    if said == {Status.CANCELLED}:
        return Meaning.CANCELLED
    if action is Action.DELETE:
        return Meaning.UNCLEAR
    return Meaning.SCHEDULED if said <= {Status.SCHEDULED, Status.CANCELLED} else Meaning.LEFT


def next_step(asked: Asked, said: Meaning, *, now: datetime, chance: float, retry_after: timedelta | None) -> Step:
    """Return what follows from an answer; ``chance`` in 0..1 is the jitter."""
    if said is Meaning.CANCELLED:
        return _CONFIRMED
    if asked.action is Action.GET:
        return _after_get(asked, said, now=now, chance=chance, retry_after=retry_after)
    if said in _REFUSALS or said is Meaning.UNCLEAR or now >= deadline(asked.send_at):
        return Again(now, Action.GET, refused=said in _REFUSALS, pause=_pause(said, asked, chance, retry_after))
    return _later(asked, said, Action.DELETE, now=now, chance=chance, retry_after=retry_after)


def _after_get(asked: Asked, said: Meaning, *, now: datetime, chance: float, retry_after: timedelta | None) -> Step:
    in_time = now < deadline(asked.send_at)
    if asked.lapsed and said is Meaning.SCHEDULED:
        return Settle(CancellationState.WITHDRAWN, Outcome.REASON_LAPSED)
    if said is Meaning.LEFT:
        return Settle(CancellationState.TOO_LATE, Outcome.ALREADY_SENT)
    if said is Meaning.SCHEDULED and not in_time:
        if asked.refusals:
            return Settle(CancellationState.REFUSED, Outcome.STILL_SCHEDULED)
        return Settle(CancellationState.TOO_LATE, Outcome.WALL_PASSED)
    if said is Meaning.NOT_FOUND and now - asked.registered_at >= VISIBILITY:
        return Settle(CancellationState.FAILED, Outcome.UNKNOWN_MESSAGE)
    if said in _SILENT:
        if now >= asked.send_at + CLOCK_DOUBT:
            return Settle(CancellationState.TOO_LATE, Outcome.UNREACHABLE)
        return _later(asked, said, Action.GET, now=now, chance=chance, retry_after=retry_after)
    return _later(asked, said, Action.DELETE, now=now, chance=chance, retry_after=retry_after)


def _later(
    asked: Asked, said: Meaning, needs: Action, *, now: datetime, chance: float, retry_after: timedelta | None
) -> Again:
    """Return the next try: after a random wait, but once more just before the wall rather than after it."""
    pause = _pause(said, asked, chance, retry_after)
    left = deadline(asked.send_at) - now
    cap = BACKOFF_CAP
    if said is Meaning.SCHEDULED:
        cap = max(cap, min(REFUSED_CAP, left / REFUSED_SHARE))
    wait = max(backoff(asked.attempts, chance, cap), pause or timedelta())
    if left > LAST_TRY:
        wait = min(wait, left - LAST_TRY)
    elif left > timedelta():
        wait = max(wait, left)
    return Again(now + wait, needs, pause=pause)


def _pause(said: Meaning, asked: Asked, chance: float, retry_after: timedelta | None) -> timedelta | None:
    if said is Meaning.LOCKED_OUT:
        return LOCKED_OUT_PAUSE
    if said is Meaning.THROTTLED:
        return retry_after or BACKOFF + backoff(asked.attempts, chance)
    return retry_after if said is Meaning.UNAVAILABLE else None


def backoff(attempts: int, chance: float, cap: timedelta = BACKOFF_CAP) -> timedelta:
    """Return how long to wait after this many failures: a random part of a span that doubles up to the cap."""
    # The exponent is bounded because a timedelta is.
    span: timedelta = min(cap, BACKOFF * 2 ** min(max(attempts - 1, 0), 16))
    return span * chance


@dataclass(frozen=True, slots=True)
class Asking:
    """One request of the past."""

    action: Action
    started_at: datetime
    meaning: Meaning | None
    """None when no answer was ever recorded: whoever asked has died."""


def breach_cause(
    settled: Settle,
    *,
    known_at: datetime,
    registered_at: datetime,
    send_at: datetime,
    settled_at: datetime,
    asked: Sequence[Asking],
    others: Collection[Meaning] = (),
) -> BreachCause:
    """Return why a message that should have been cancelled was not; ``known_at`` is when the reason reached us.

    ``others`` is what Telnyx answered last before the wall, whatever it was asked for: while it answers nobody, only
    a few are asked for, and the rest wait.
    """
    wall = deadline(send_at)
    if registered_at >= wall:
        return BreachCause.REGISTERED_TOO_LATE
    if known_at >= wall:
        return BreachCause.INSIDE_WALL
    if settled.state is CancellationState.FAILED:
        return BreachCause.UNKNOWN_MESSAGE
    if settled.outcome is Outcome.ALREADY_SENT and settled_at < wall:
        return BreachCause.LEFT_EARLY
    # An attempt without a meaning was begun by a worker that died: whether it left nobody knows.
    heard = {each.meaning for each in asked if each.action is Action.DELETE and each.started_at < wall} - {None}
    if heard & _REFUSALS:
        return BreachCause.REFUSED
    is_away = bool(heard) or (bool(others) and set(others) <= FAILED)
    return BreachCause.TELNYX_UNAVAILABLE if is_away else BreachCause.WORKER_LATE
