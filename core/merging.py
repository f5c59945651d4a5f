"""Merge what many reports say of one thing, in any order, any number of times, to the same result.

Every field keeps the word of the report with the highest *stamp* that said
anything about it. That makes the merge commutative, associative and
idempotent, so no event ever has to wait for an earlier one.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

#: By stamp, what still stands of the report that bears it: ``{"05|2026-…|event": {"parts": 2}}``. Stored as JSON.
Fields = dict[str, dict[str, Any]]


def stamp(rank: int, occurred_at: datetime, source_id: str) -> str:
    """Return a string that sorts as (rank, time, source): the order in which reports outrank each other."""
    return f"{rank:02d}|{occurred_at.astimezone(UTC).isoformat(timespec='microseconds')}|{source_id}"


def rank_in(a_stamp: str) -> int:
    """Return the rank that a stamp was made with."""
    return int(a_stamp[:2])


def time_in(a_stamp: str) -> datetime:
    """Return the time that a stamp was made with, aware UTC."""
    return datetime.fromisoformat(a_stamp.split("|", 2)[1])


def source_in(a_stamp: str) -> str:
    """Return the source that a stamp was made with, such as an event's id."""
    return a_stamp.split("|", 2)[2]


def join(held: Mapping[str, Mapping[str, Any]], told: Mapping[str, Any], told_stamp: str) -> Fields:
    """Return the held fields with what a report tells merged in.

    A value of None says nothing and never erases: Telnyx leaves out, or nulls,
    what it does not know at the moment.
    """
    spoken = {name: value for name, value in told.items() if value is not None}
    reports = {**held, told_stamp: {**held.get(told_stamp, {}), **spoken}}
    joined: Fields = {}
    settled: set[str] = set()
    for each in sorted(reports, reverse=True):
        standing = {name: value for name, value in reports[each].items() if name not in settled}
        if standing:
            joined[each] = standing
            settled |= standing.keys()
    return joined


def values(fields: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """Return the plain values of merged fields."""
    return {name: value for report in fields.values() for name, value in report.items()}
