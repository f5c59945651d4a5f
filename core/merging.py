"""Merge what many reports say of one thing, in any order, any number of times, to the same result.

Every field is a register that remembers the *stamp* of the report it came from;
the higher stamp wins, field by field. That makes the merge commutative,
associative and idempotent, so no event ever has to wait for an earlier one.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

#: A field's name, to the stamp of the report that set it and the value it set: ``{"parts": ["05|…", 2]}``.
#: Lists and not tuples, since this is stored as JSON.
Fields = dict[str, list[Any]]


def stamp(rank: int, occurred_at: datetime, source_id: str) -> str:
    """Return a string that sorts as (rank, time, source): the order in which reports outrank each other."""
    return f"{rank:02d}|{occurred_at.astimezone(UTC).isoformat(timespec='microseconds')}|{source_id}"


def rank_in(a_stamp: str) -> int:
    """Return the rank that a stamp was made with."""
    return int(a_stamp[:2])


def join(held: Mapping[str, list[Any]], told: Mapping[str, Any], told_stamp: str) -> Fields:
    """Return the held fields with what a report tells merged in.

    A value of None says nothing and never erases: Telnyx leaves out, or nulls,
    what it does not know at the moment.
    """
    joined: Fields = dict(held)
    for name, value in told.items():
        if value is None:
            continue
        current = joined.get(name)
        if current is None or told_stamp > current[0]:
            joined[name] = [told_stamp, value]
    return joined


def values(fields: Mapping[str, list[Any]]) -> dict[str, Any]:
    """Return the plain values of merged fields."""
    return {name: register[1] for name, register in fields.items()}
