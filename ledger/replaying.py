"""Replay: apply stored events again, with their effects off unless asked for.

Here they are only put back into the backlog. The workers apply them by the same
code as the first time, and since state is a join, what was merged before is not
merged twice; of a replay that does not act, the decisions are recorded as a
policy in shadow mode records its own, and nothing is asked of Telnyx.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from core.errors import NotFound, NotReplayable
from core.inbox import InboxStatus
from store import replays
from store.replays import Candidate, Selection

#: Events a transaction, so that nobody waits long behind it.
BATCH = 500


@dataclass(frozen=True, slots=True)
class Order:
    """How to replay, who asked for it, and when."""

    acts: bool
    by: str
    """``api`` or ``command line``."""
    at: datetime


@dataclass(frozen=True, slots=True)
class Replayed:
    """What became of some events of a selection."""

    waiting: list[Candidate]
    """As they were before they were put back."""
    refused: list[Candidate]
    reached: int
    """The ``seq`` to go on after."""


def replay(connection: sa.Connection, event_id: str, order: Order) -> Candidate:
    """Put one event back, and return how it was before.

    Raises NotFound, and NotReplayable when it waits to be applied anyway or its bytes were pruned.
    """
    found = look(connection, event_id)
    if not replays.put_back(connection, [found.seq], acts=order.acts, by=order.by, now=order.at):
        raise NotReplayable(f"event {event_id} waits to be applied already")
    return found


def look(connection: sa.Connection, event_id: str) -> Candidate:
    """Return an event that can be put back. Raises what ``replay`` raises."""
    found = replays.find(connection, event_id)
    if found is None:
        raise NotFound(f"no event {event_id!r} is known; `rescind events` lists them")
    refusal = why_not(found)
    if refusal is not None:
        raise NotReplayable(f"event {event_id} {refusal}")
    return found


def replay_next(
    connection: sa.Connection, selection: Selection, order: Order | None, *, after: int, until: int
) -> Replayed:
    """Put the next events of a selection back, in the order of their receipt; without an order only look at them."""
    page = replays.page(connection, selection, after=after, until=until, limit=BATCH)
    able = [row for row in page.rows if why_not(row) is None]
    refused = [row for row in page.rows if why_not(row) is not None]
    if order is not None:
        back = replays.put_back(connection, [row.seq for row in able], acts=order.acts, by=order.by, now=order.at)
        able = [row for row in able if row.seq in back]
    return Replayed(able, refused, page.reached)


def why_not(row: Candidate) -> str | None:
    """Return why an event cannot be replayed, or None when it can."""
    if row.status is InboxStatus.PENDING:
        return "waits to be applied already"
    return None if row.has_raw else "cannot be applied again: its bytes were pruned"
