"""Decisions: append only."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from store import upserting
from store.tables import decisions, messages

#: What calls for the decision that lets a message go.
LAST_LOOK = "last_look"


@dataclass(frozen=True, slots=True)
class DecisionRow:
    """One decision as kept."""

    message_id: str
    decided_at: datetime
    trigger: str
    verdict: str
    policy: str | None
    mode: str
    reason: str
    facts: dict[str, Any]
    verdicts: list[dict[str, Any]]
    event_id: str | None
    rules: str | None = None
    """The digest of the settings by which it was made; None for one that is older than digests are."""


@dataclass(frozen=True, slots=True)
class Brief:
    """When one decision was made, what called for it, and what it came to."""

    decided_at: datetime
    trigger: str
    verdict: str


_COLUMNS = [decisions.c[name] for name in DecisionRow.__slots__]


#: Numbers are given when a decision is made, and transactions end in another order: so far they may be apart.
_OVERLAP = 10_000
#: So many are read at once, lest the database takes it for a statement that hangs.
_WINDOW = 50_000
#: Made once: to make a statement takes longer than to run it.
_ADD = sa.insert(decisions)
_BRIEF = (
    sa.select(*(decisions.c[name] for name in ("message_id", *Brief.__slots__)))
    .where(decisions.c.message_id.in_(sa.bindparam("ids", expanding=True)), decisions.c.mode == "enforce")
    .order_by(decisions.c.seq)
)


def add(connection: sa.Connection, rows: Sequence[DecisionRow]) -> None:
    """Keep decisions."""
    if rows:
        connection.execute(_ADD, [{name: getattr(row, name) for name in DecisionRow.__slots__} for row in rows])


def of(connection: sa.Connection, message_id: str) -> list[DecisionRow]:
    """Return every decision on one message, oldest first."""
    query = sa.select(*_COLUMNS).where(decisions.c.message_id == message_id).order_by(decisions.c.seq)
    return [DecisionRow(*row) for row in connection.execute(query)]


def numbered(connection: sa.Connection, message_id: str) -> list[tuple[int, DecisionRow]]:
    """Return every decision on one message with its number, oldest first."""
    query = sa.select(decisions.c.seq, *_COLUMNS).where(decisions.c.message_id == message_id).order_by(decisions.c.seq)
    return [(row[0], DecisionRow(*row[1:])) for row in connection.execute(query)]


def last_since(connection: sa.Connection, since: datetime, *, campaign: str | None = None) -> list[int]:
    """Return the numbers of the decisions that stand, of each message that was decided on since then, in their order.

    ``campaign`` limits it to the messages of one, by its key or its id at the registry. What is older is not read.
    """
    query = sa.select(decisions.c.message_id, sa.func.max(decisions.c.seq).label("seq")).where(
        decisions.c.seq.between(sa.bindparam("low"), sa.bindparam("high")),
        decisions.c.mode == "enforce",
        decisions.c.decided_at >= since,
    )
    if campaign is not None:
        its = sa.or_(messages.c.campaign_key == campaign, messages.c.tcr_campaign_id == campaign)
        query = query.join(messages, messages.c.id == decisions.c.message_id).where(its)
    query = query.group_by(decisions.c.message_id)
    latest = connection.scalar(sa.select(sa.func.max(decisions.c.seq))) or 0
    found: dict[str, int] = {}
    for low in range(max(_first_since(connection, since, latest) - _OVERLAP, 1), latest + 1, _WINDOW):
        window = {"low": low, "high": low + _WINDOW - 1}
        found |= {row.message_id: row.seq for row in connection.execute(query, window)}
    return sorted(found.values())


def _first_since(connection: sa.Connection, since: datetime, latest: int) -> int:
    """Return about where the decisions made since then begin, found by halving: numbers are given in order of time."""
    next_after = (
        sa.select(decisions.c.decided_at)
        .where(decisions.c.seq >= sa.bindparam("at_least"))
        .order_by(decisions.c.seq)
        .limit(1)
    )

    def is_since(seq: int) -> bool:
        decided_at = connection.scalar(next_after, {"at_least": seq})
        return decided_at is None or decided_at >= since

    return bisect_left(range(latest + 1), x=True, key=is_since)


def brief(connection: sa.Connection, message_ids: Collection[str]) -> dict[str, list[Brief]]:
    """Return what was decided on each message, oldest first; without what was only a shadow."""
    found: dict[str, list[Brief]] = {}
    for part in upserting.parts(sorted(message_ids)):
        for message_id, *told in connection.execute(_BRIEF, {"ids": part}):
            found.setdefault(message_id, []).append(Brief(*told))
    return found


def those(connection: sa.Connection, seqs: Collection[int]) -> list[DecisionRow]:
    """Return the decisions with these numbers, in their order."""
    query = sa.select(*_COLUMNS).where(decisions.c.seq.in_(seqs)).order_by(decisions.c.seq)
    return [DecisionRow(*row) for row in connection.execute(query)]


def latest(connection: sa.Connection, message_id: str) -> DecisionRow | None:
    """Return the decision that stands for one message: the last one that was not only a shadow."""
    query = (
        sa.select(*_COLUMNS)
        .where(decisions.c.message_id == message_id, decisions.c.mode == "enforce")
        .order_by(decisions.c.seq.desc())
        .limit(1)
    )
    row = connection.execute(query).first()
    return DecisionRow(*row) if row else None
