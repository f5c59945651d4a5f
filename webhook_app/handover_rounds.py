"""Handing over in rounds: what is due in the spool goes to the primary, and what it said of each event is marked.

One event that the primary chokes on must not hold up the others: when a batch does not go through although the
primary answers, its events go one by one.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from core.failpoints import Failpoint
from schemas import handover as wire
from schemas.handover import TAKEN, Handed, Ruling, Verdict
from store import failpoints
from store.spool import Spool, SpooledEvent
from webhook_app.handover_client import Answered, Away, Primary, Rejected

#: After so many refusals of an event somebody has to look at it.
MAX_TRIES = 5
#: What the primary does not find signed by Telnyx may be signed with a key that it is about to be given.
REFUSED_WAITS = (timedelta(minutes=1), timedelta(minutes=5), timedelta(minutes=20), timedelta(hours=1))
_FIRST_WAIT = timedelta(seconds=0.5)
#: What waits may be an opt-out, and asking whether the primary is back costs little.
_LONGEST_WAIT = timedelta(seconds=15)
_NO_VERDICT = "the primary says nothing of it"


@dataclass(frozen=True, slots=True)
class Round:
    """What came of one round."""

    taken: int = 0
    parked: int = 0
    postponed: int = 0
    refused: str | None = None
    """Why the primary refused some, or one of them."""
    away: str | None = None
    """Why the primary takes nothing now, when it does not."""

    @property
    def is_idle(self) -> bool:
        """Return True when nothing was due."""
        return self == Round()

    def __add__(self, other: Round) -> Round:
        """Return what came of both."""
        return Round(
            self.taken + other.taken,
            self.parked + other.parked,
            self.postponed + other.postponed,
            other.refused or self.refused,
            other.away or self.away,
        )


class Rounds:
    """Hands over what is due, a batch a round. It belongs to one thread; others may do the same, to no harm."""

    def __init__(self, *, spool: Spool, primary: Primary, clock: Callable[[], datetime]) -> None:
        """Send nothing yet."""
        self._spool = spool
        self._primary = primary
        self._clock = clock
        self._was_away = False

    def one(self) -> Round:
        """Hand the next batch over. Raises StoreUnavailable when the spool cannot be used."""
        due = self._spool.due(self._clock(), wire.MAX_EVENTS)
        if not due:
            return Round()
        if self._was_away and (away := self._away()):
            # A small question finds out as well, where a batch would carry megabytes in vain.
            return away
        done = self._batch(_together(due))
        self._was_away = done.away is not None
        return done

    def _batch(self, batch: Sequence[SpooledEvent]) -> Round:
        outcome = self._primary.take([_handed(each) for each in batch])
        if isinstance(outcome, Answered):
            return self._marked(batch, outcome.rulings)
        if isinstance(outcome, Away) and not self._was_away:
            return Round(away=outcome.reason)
        # The primary answers other questions, so it may be about one of these.
        if not self._was_away and (away := self._away()):
            return away
        if len(batch) == 1:
            return self._blamed(batch[0], outcome)
        done = Round()
        for each in batch:
            done += self._alone(each)
            if done.away:
                break
        return done

    def _alone(self, event: SpooledEvent) -> Round:
        outcome = self._primary.take([_handed(event)])
        if isinstance(outcome, Answered):
            return self._marked([event], outcome.rulings)
        if isinstance(outcome, Away) and (away := self._away()):
            return away
        return self._blamed(event, outcome)

    def _away(self) -> Round | None:
        """Ask the primary whether it would take events over, and return None when it would."""
        outcome = self._primary.take([])
        return None if isinstance(outcome, Answered) else Round(away=outcome.reason)

    def _marked(self, batch: Sequence[SpooledEvent], rulings: Sequence[Ruling]) -> Round:
        """Mark what the primary has explicitly spoken of; all else waits on."""
        failpoints.reach(Failpoint.H1)
        now = self._clock()
        taken = {ruling.id: ruling.verdict.value for ruling in rulings if ruling.verdict in TAKEN}
        refused = {
            ruling.id: ruling.reason or ruling.verdict.value for ruling in rulings if ruling.verdict is Verdict.REFUSED
        }
        spoken_of = {ruling.id for ruling in rulings}
        silent = [each for each in batch if each.id not in spoken_of]
        self._spool.handed(taken, now)
        parked = self._refused([each for each in batch if each.id in refused], refused, now)
        for each in silent:
            self._postpone(each, _NO_VERDICT, now)
        failpoints.reach(Failpoint.H2)
        return Round(
            taken=len(taken),
            parked=parked,
            postponed=len(silent) + len(refused) - parked,
            refused=next(iter(refused.values()), None),
        )

    def _refused(self, events: Sequence[SpooledEvent], reasons: Mapping[int, str], now: datetime) -> int:
        """Put off what was refused, and park what was refused for long; return how many are parked."""
        parked = {each.id: reasons[each.id] for each in events if each.refusals >= len(REFUSED_WAITS)}
        waits = {
            each.id: (now + REFUSED_WAITS[each.refusals], reasons[each.id]) for each in events if each.id not in parked
        }
        if waits:
            self._spool.put_off(waits)
        if parked:
            self._spool.park(parked)
        return len(parked)

    def _blamed(self, event: SpooledEvent, outcome: Rejected | Away) -> Round:
        """Put an event aside that does not go through alone: for a while, or for good when it was refused for long."""
        now = self._clock()
        if isinstance(outcome, Rejected) and event.tries + 1 >= MAX_TRIES:
            self._spool.park({event.id: f"{outcome.reason}, {MAX_TRIES} times"})
            return Round(parked=1)
        self._postpone(event, outcome.reason, now)
        return Round(postponed=1)

    def _postpone(self, event: SpooledEvent, reason: str, now: datetime) -> None:
        self._spool.postpone([event.id], now + backoff(event.tries + 1), reason)


def backoff(failures: int) -> timedelta:
    """Return how long to wait after so many failures: any time up to a bound that doubles."""
    bound: timedelta = min(_FIRST_WAIT * 2 ** min(failures - 1, 16), _LONGEST_WAIT)
    return bound * random.random()  # noqa: S311 - no secret depends on it


def _together(due: Sequence[SpooledEvent]) -> Sequence[SpooledEvent]:
    """Return what goes into one request: what did not go through before goes alone, so that it holds up nobody."""
    if due[0].tries:
        return due[:1]
    fresh = [each for each in due if not each.tries]
    return fresh[: wire.fitting([wire.encoded(_handed(each)) for each in fresh])]


def _handed(event: SpooledEvent) -> Handed:
    return Handed(event.id, event.received_at, event.raw, event.signature, event.signature_timestamp)
