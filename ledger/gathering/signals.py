"""What was signalled about the recipients of messages, what the messages speak of, and their profiles."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

import sqlalchemy as sa

from core.facts import Signal, SignalKind
from ledger.gathering.subjects import Subject
from store import signals


def find(connection: sa.Connection, subjects: Sequence[Subject], back: timedelta) -> Mapping[str, tuple[Signal, ...]]:
    """Return the signals that concern each message, so far back from when it was scheduled."""
    since = min(map(_scheduled_at, subjects)) - back
    numbers = {number for subject in subjects for number in subject.recipients}
    told = defaultdict[str, list[Signal]](list)
    for signal in signals.about_numbers(connection, numbers, since=since):
        told[signal.phone_number or ""].append(signal)
    keys = {subject.labels.about for subject in subjects} - {None}
    for signal in signals.about_everybody(connection, SignalKind.REVISION, _named(keys), since=since):
        told[f"{SignalKind.REVISION}:{signal.value}"].append(signal)
    profiles = {subject.row.messaging_profile_id for subject in subjects} - {None}
    for signal in signals.about_everybody(connection, SignalKind.SPEND_LIMIT, _named(profiles), since=since):
        told[f"{SignalKind.SPEND_LIMIT}:{signal.value}"].append(signal)
    return {subject.id: _of(subject, told) for subject in subjects}


def _named(values: set[str | None]) -> set[str]:
    return {value for value in values if value}


def _of(subject: Subject, told: Mapping[str, Sequence[Signal]]) -> tuple[Signal, ...]:
    keys = (
        *subject.recipients,
        f"{SignalKind.REVISION}:{subject.labels.about}",
        f"{SignalKind.SPEND_LIMIT}:{subject.row.messaging_profile_id}",
    )
    concerning = (signal for key in keys for signal in told.get(key, ()))
    return tuple(sorted((each for each in concerning if _concerns(each, subject)), key=lambda each: (each.at, each.id)))


def _concerns(signal: Signal, subject: Subject) -> bool:
    """Return False for what was said about a recipient, but not about what this message is for."""
    match signal.kind:
        case SignalKind.GOAL:
            return signal.value in subject.labels.goals
        case SignalKind.REVISION:
            return signal.value == subject.labels.about
        case SignalKind.SPEND_LIMIT | SignalKind.FORGIVEN:
            return True


def _scheduled_at(subject: Subject) -> datetime:
    return min(subject.row.scheduled_at or subject.row.registered_at or subject.now, subject.now)
