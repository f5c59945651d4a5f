"""The kinds of fact as they were known at earlier moments: for each message at its own."""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

import sqlalchemy as sa

from core import failures
from core.facts import Ending, Inbound, Outcome, Signal, Tally
from core.spans import span_of
from ledger.gathering import inbound, outcomes, signals, tallies
from ledger.gathering.subjects import Subject
from store import outcomes as ended
from store import signals as signalled
from store.outcomes import PastOutcome
from store.tallies import Counted

_MINUTE = timedelta(minutes=1)


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
