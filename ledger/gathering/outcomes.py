"""What failed of earlier messages: to the same recipients, and from the same senders."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import sqlalchemy as sa

from core import failures
from core.facts import Outcome
from ledger.gathering.subjects import Subject
from store import outcomes

#: How all fared is looked up once for all that ended within the same such span.
_SPAN = timedelta(minutes=5)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
#: Fewer show nothing.
_FEWEST = 20


def to_recipients(
    connection: sa.Connection, subjects: Sequence[Subject], back: timedelta
) -> Mapping[str, tuple[Outcome, ...]]:
    """Return what failed to the recipients of each message since something was last delivered to them."""
    since = min(subject.now for subject in subjects) - back
    numbers = {number for subject in subjects for number in subject.recipients}
    found = defaultdict[str, list[Outcome]](list)
    for failed in with_rates(connection, outcomes.failures_to(connection, numbers, since=since)):
        found[failed.phone_number].append(failed)
    return {subject.id: _of(subject, found) for subject in subjects}


def of_senders(
    connection: sa.Connection, subjects: Sequence[Subject], back: timedelta
) -> Mapping[str, tuple[Outcome, ...]]:
    """Return what failed for what is wrong with the sender of each message, since something of it was delivered."""
    since = min(subject.now for subject in subjects) - back
    senders = {subject.row.from_number for subject in subjects if subject.row.from_number}
    found = {sender: of_sender(connection, sender, since=since) for sender in sorted(senders)}
    return {subject.id: found.get(subject.row.from_number or "", ()) for subject in subjects}


def of_sender(connection: sa.Connection, sender: str, *, since: datetime) -> tuple[Outcome, ...]:
    """Return the same of one sender."""
    return outcomes.failures_from(connection, sender, failures.OF_SENDERS, since=since)


def _of(subject: Subject, found: Mapping[str, Sequence[Outcome]]) -> tuple[Outcome, ...]:
    """Return what concerns a message; its own end is nothing to judge it by, should it be registered after that."""
    concerning = (each for number in subject.recipients for each in found.get(number, ()))
    return tuple(
        sorted(
            (each for each in concerning if each.message_id != subject.id), key=lambda each: (each.at, each.event_id)
        )
    )


def with_rates(connection: sa.Connection, failed: Sequence[Outcome]) -> list[Outcome]:
    """Add how all fared around then, where it may matter: to what may pass, of numbers to which it came repeatedly."""
    soft = [each for each in failed if not failures.of(each.code).is_permanent]
    times = Counter(each.phone_number for each in soft)
    repeated = {id(each): _end_of_span(each.at) for each in soft if times[each.phone_number] > 1}
    rates = {until: _rate(connection, until) for until in sorted(set(repeated.values()))}
    return [replace(each, failure_rate=rates[repeated[id(each)]]) if id(each) in repeated else each for each in failed]


def _end_of_span(at: datetime) -> datetime:
    return at + (_EPOCH - at) % _SPAN


def _rate(connection: sa.Connection, until: datetime) -> float | None:
    fared = outcomes.fared(connection, until)
    return fared.failed / fared.ended if fared.ended >= _FEWEST else None
