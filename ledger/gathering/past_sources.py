"""The kinds of fact as they were known at earlier moments: for each message at its own."""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import sqlalchemy as sa

from core import failures, merging, statuses
from core.deadlines import deadline, last_look
from core.deciding import Act
from core.facts import Ending, Inbound, Outcome, Progress, Signal, Tally, Traffic
from core.outcomes import LedgerState
from core.spans import span_of
from core.statuses import Status
from ledger.gathering import inbound, outcomes, signals, tallies, traffic
from ledger.gathering.subjects import Subject
from store import decisions
from store import outcomes as ended
from store import signals as signalled
from store import traffic as held
from store.decisions import Brief
from store.outcomes import PastOutcome
from store.tallies import Counted
from store.traffic import PastTrafficRow

_MINUTE = timedelta(minutes=1)


def traffic_then(
    connection: sa.Connection, subjects: Sequence[Subject], back: timedelta
) -> Mapping[str, tuple[Traffic, ...]]:
    """Return the other messages to each one's recipients, as far as they had come then."""
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
                    and _was_there(other, subject.now)
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

    def seen(self, now: datetime) -> Traffic:
        """Return it as policies would have looked at it; made once for each of the few ways there are."""
        progress = _progress(self, now)
        if progress not in self._seen:
            self._seen[progress] = traffic.as_traffic(self.past.row, self.at, progress)
        return self._seen[progress]

    def standing(self, now: datetime) -> Brief | None:
        """Return the decision that stood; what is decided at one moment is decided in one go, which looks first."""
        return next((each for each in reversed(self.decided) if each.decided_at < now), None)


def _was_there(other: _Other, now: datetime) -> bool:
    """Return True for a message that was known of, and that nobody had cancelled or had begun to."""
    past = other.past
    if (past.registered_at or other.at) > now:
        return False
    if past.closed_at is not None and past.closed_at < now:
        return past.row.ledger != LedgerState.CANCELLED
    standing = other.standing(now)
    is_being_cancelled = standing is not None and standing.verdict == Act.CANCEL
    is_cancelled = past.row.status == Status.CANCELLED and merging.time_in(past.row.stamp) <= now
    return not is_being_cancelled and not is_cancelled


def _progress(other: _Other, now: datetime) -> Progress:
    row, closed_at = other.past.row, other.past.closed_at
    # Only the last word on it is at hand, and when that was said. What was told before the message was settled told
    # nothing of its end.
    is_told = merging.time_in(row.stamp) <= now and (row.ledger is None or (closed_at is not None and closed_at <= now))
    if is_told and row.status in traffic.FAILED:
        return Progress.FAILED
    has_left = is_told and statuses.has_left(merging.rank_in(row.stamp))
    is_open = row.ledger is not None and (closed_at is None or closed_at > now)
    waits = is_open and deadline(other.at) > now and not _is_let_go(other, now)
    return Progress.PENDING if waits and not has_left else Progress.SENT


def _is_let_go(other: _Other, now: datetime) -> bool:
    standing = other.standing(now)
    if standing is None:
        return False
    return standing.trigger == decisions.LAST_LOOK or standing.decided_at >= last_look(other.at)


def inbound_then(
    connection: sa.Connection, subjects: Sequence[Subject], back: timedelta
) -> Mapping[str, tuple[Inbound, ...]]:
    """Return what the recipients of each message had written by then."""
    told = inbound.find(connection, subjects, back)
    return {subject.id: tuple(text for text in told[subject.id] if text.at <= subject.now) for subject in subjects}


def signals_then(
    connection: sa.Connection, subjects: Sequence[Subject], back: timedelta
) -> Mapping[str, tuple[Signal, ...]]:
    """Return the signals concerning each message that had reached us by then."""
    told = signals.find(connection, subjects, back)
    rows = signalled.find(connection, {signal.id for each in told.values() for signal in each})
    return {
        subject.id: tuple(each for each in told[subject.id] if rows[each.id].received_at <= subject.now)
        for subject in subjects
    }


def outcomes_then(
    connection: sa.Connection, subjects: Sequence[Subject], back: timedelta
) -> Mapping[str, tuple[Outcome, ...]]:
    """Return what had failed to the recipients of each message since something had last been delivered to them."""
    since = min(subject.now for subject in subjects) - back
    found = defaultdict[str, list[PastOutcome]](list)
    for past in ended.ended_to(
        connection, {number for subject in subjects for number in subject.recipients}, since=since
    ):
        found[past.outcome.phone_number].append(past)
    failed = {subject.id: _failed_by(subject, found) for subject in subjects}
    rated = outcomes.with_rates(connection, list({id(each): each for of in failed.values() for each in of}.values()))
    rates = {(each.message_id, each.phone_number): each for each in rated}
    return {of: tuple(rates[each.message_id, each.phone_number] for each in told) for of, told in failed.items()}


def _failed_by(subject: Subject, found: Mapping[str, Sequence[PastOutcome]]) -> list[Outcome]:
    failed: list[Outcome] = []
    for number in subject.recipients:
        known = [past.outcome for past in found.get(number, ()) if past.recorded_at <= subject.now]
        delivered_at = max((each.at for each in known if each.ending is Ending.DELIVERED), default=None)
        failed += [
            each
            for each in known
            if each.ending is Ending.FAILED
            and each.message_id != subject.id
            and (delivered_at is None or each.at > delivered_at)
        ]
    return sorted(failed, key=lambda each: (each.at, each.event_id))


def sender_outcomes_then(
    connection: sa.Connection, subjects: Sequence[Subject], back: timedelta
) -> Mapping[str, tuple[Outcome, ...]]:
    """Return what had failed for what is wrong with the sender of each, since something of it had been delivered."""
    since = min(subject.now for subject in subjects) - back
    senders = {subject.row.from_number for subject in subjects} - {None}
    refused = {
        sender: ended.refused_from(connection, sender, failures.OF_SENDERS, since=since) for sender in senders if sender
    }
    told: dict[str, tuple[Outcome, ...]] = {}
    for subject in subjects:
        sender = subject.row.from_number
        known = [past.outcome for past in refused.get(sender or "", ()) if past.recorded_at <= subject.now]
        if sender and known:
            delivered_at = ended.last_delivery_from(connection, sender, known_by=subject.now)
            known = [each for each in known if delivered_at is None or each.at > delivered_at]
        told[subject.id] = tuple(known[-ended.MOST :])
    return told


def tallies_then(
    connection: sa.Connection, subjects: Sequence[Subject], back: timedelta
) -> Mapping[str, tuple[Tally, ...]]:
    """Return what had happened to each message's campaign by then, so far back, to the minute."""
    names = {subject.id: frozenset(subject.campaigns) for subject in subjects}
    since = min(subject.now for subject in subjects) - back
    minutes = tallies.by_minute(connection, set(names.values()), since=since)
    known = {campaign: _Counts(counted) for campaign, counted in minutes.items() if campaign}
    return {
        subject.id: known[names[subject.id]].between(subject.now - back, subject.now)
        for subject in subjects
        if names[subject.id]
    }


class _Counts:
    """What happened to one campaign, to be asked how it stood at many moments."""

    def __init__(self, counted: Sequence[Counted]) -> None:
        self._spans = tallies.in_spans(counted)
        self._minutes = defaultdict[datetime, list[Counted]](list)
        for each in counted:
            self._minutes[span_of(each.at)].append(each)

    def between(self, since: datetime, until: datetime) -> tuple[Tally, ...]:
        """Return the spans of a time; of the last of them the minutes that were over at its end."""
        last = span_of(until)
        begins, ends = (bisect_left(self._spans, at, key=lambda span: span.at) for at in (span_of(since), last))
        return self._spans[begins:ends] + tallies.in_spans(
            each for each in self._minutes[last] if each.at + _MINUTE <= until
        )
