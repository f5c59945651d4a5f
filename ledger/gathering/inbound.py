"""What the recipients of messages wrote."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta

import sqlalchemy as sa

from core.facts import Inbound
from ledger.gathering.subjects import Subject
from store import inbound


def find(connection: sa.Connection, subjects: Sequence[Subject], back: timedelta) -> Mapping[str, tuple[Inbound, ...]]:
    """Return what the recipients of each message wrote, so far back from now."""
    since = min(subject.now for subject in subjects) - back
    numbers = {number for subject in subjects for number in subject.recipients}
    told = inbound.of(connection, numbers, since=since)
    return {subject.id: _of(subject, told) for subject in subjects}


def _of(subject: Subject, told: Mapping[str, Sequence[Inbound]]) -> tuple[Inbound, ...]:
    texts = (text for number in subject.recipients for text in told.get(number, ()))
    return tuple(sorted(texts, key=lambda text: (text.at, text.event_id)))
