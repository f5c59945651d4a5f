"""The other messages to the recipients as they stood at earlier moments: for each message at its own."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import sqlalchemy as sa

from core import merging, statuses
from core.deadlines import deadline, last_look
from core.deciding import Act
from core.facts import Progress, Traffic
from core.outcomes import LedgerState
from core.statuses import Status
from ledger.gathering import traffic
from ledger.gathering.subjects import Subject
from store import decisions
from store import traffic as held
from store.decisions import Brief
from store.traffic import PastTrafficRow


def find(connection: sa.Connection, subjects: Sequence[Subject], back: timedelta) -> Mapping[str, tuple[Traffic, ...]]:
    """Return the others that were there then, as far as they had come, so far around its time of sending, in order."""
    found = held.ever_to(
        connection,
        {number for subject in subjects for number in subject.recipients},
        since=min(subject.send_at for subject in subjects) - back,
        until=max(subject.send_at for subject in subjects) + back,
    )
    decided = decisions.brief(connection, {past.row.message_id for past in found})
    others = defaultdict[str, list[_Other]](list)
    for past in found:
        others[past.row.phone_number].append(_Other(past, traffic.when(past.row), decided.get(past.row.message_id, ())))
    return {
        subject.id: tuple(
            sorted(
                (
                    other.seen(subject.now)
                    for number in subject.recipients
                    for other in others.get(number, ())
                    if other.past.row.message_id != subject.id
                    and abs(other.at - subject.send_at) <= back
                    and other.was_there(subject.now)
                ),
                key=lambda other: (other.at, other.message_id, other.phone_number),
            )
        )
        for subject in subjects
    }


@dataclass(frozen=True, slots=True)
class _Other:
    """Another message, and all that was decided on it."""

    past: PastTrafficRow
    at: datetime
    """When it was, or is to be, sent."""
    decided: Sequence[Brief]
    _seen: dict[Progress, Traffic] = field(default_factory=dict)

    def was_there(self, now: datetime) -> bool:
        """Return True when it was known of, and nobody had cancelled it or had begun to."""
        row, closed_at = self.past.row, self.past.closed_at
        if (self.past.registered_at or self.at) > now:
            return False
        if closed_at is not None and closed_at < now:
            return row.ledger != LedgerState.CANCELLED
        standing = self._standing(now)
        is_being_cancelled = standing is not None and standing.verdict == Act.CANCEL
        is_cancelled = row.status == Status.CANCELLED and merging.time_in(row.stamp) <= now
        return not is_being_cancelled and not is_cancelled

    def seen(self, now: datetime) -> Traffic:
        """Return it as policies would have looked at it; made once for each of the few ways there are."""
        progress = self._progress(now)
        if progress not in self._seen:
            self._seen[progress] = traffic.as_traffic(self.past.row, self.at, progress)
        return self._seen[progress]

    def _progress(self, now: datetime) -> Progress:
        row, closed_at = self.past.row, self.past.closed_at
        is_settled = row.ledger is None or (closed_at is not None and closed_at <= now)
        # Only the last word on it is at hand. One that was said before it was settled told nothing of its end.
        is_told = is_settled and merging.time_in(row.stamp) <= now
        if is_told and row.status in traffic.FAILED:
            return Progress.FAILED
        has_left = is_told and statuses.has_left(merging.rank_in(row.stamp))
        waits = not is_settled and deadline(self.at) > now and not self._is_let_go(now)
        return Progress.PENDING if waits and not has_left else Progress.SENT

    def _is_let_go(self, now: datetime) -> bool:
        standing = self._standing(now)
        if standing is None:
            return False
        return standing.trigger == decisions.LAST_LOOK or standing.decided_at >= last_look(self.at)

    def _standing(self, now: datetime) -> Brief | None:
        """Return the decision that stood; what is decided at one moment is decided in one go, which looks first."""
        return next((each for each in reversed(self.decided) if each.decided_at < now), None)
