"""What the sender told of the recipients of messages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta

import sqlalchemy as sa

from core.facts import Person
from ledger.gathering.subjects import Subject
from store import people


def find(connection: sa.Connection, subjects: Sequence[Subject], back: timedelta) -> Mapping[str, tuple[Person, ...]]:
    """Return what was told of each message's recipients, in their order; it does not matter when."""
    del back
    told = people.of(connection, {number for subject in subjects for number in subject.recipients})
    return {subject.id: tuple(told[number] for number in subject.recipients if number in told) for subject in subjects}
