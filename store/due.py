"""Which pending messages come next, by their time of sending: for a review, for the last look, for release."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any, NamedTuple

import sqlalchemy as sa

from store.tables import AWAITS_LAST_LOOK, HAD_LAST_LOOK, IS_PENDING, IS_REQUESTED, cancellations, messages
from store.ways import Reach, ways


class Place(NamedTuple):
    """A pending message's place in the order in which messages are looked through."""

    send_at: datetime
    seq: int
    message_id: str


#: How far a walk has come: the time of sending and the ``seq`` of its last message.
After = tuple[datetime, int] | None

_PLACE = (messages.c.send_at, messages.c.seq, messages.c.id)


def in_reach(connection: sa.Connection, reach: Reach, *, after: After, limit: int) -> list[Place]:
    """Return the next pending messages within reach, the earliest first."""
    return _next(connection, reach, _beyond(after), limit)


def held_awaiting(connection: sa.Connection, reach: Reach, *, after: After, until: datetime, limit: int) -> list[Place]:
    """Return the next messages within reach, to be sent by ``until``, that await their last look, earliest first."""
    return _next(connection, reach, [AWAITS_LAST_LOOK, messages.c.send_at <= until, *_beyond(after)], limit)


def latest_looked_at(connection: sa.Connection) -> datetime | None:
    """Return the latest time of sending among the pending messages that had their last look, or None."""
    return connection.scalar(
        sa.select(messages.c.send_at)
        .where(HAD_LAST_LOOK)
        .order_by(messages.c.send_at.desc())
        .limit(1)
        .with_hint(messages, "INDEXED BY ix_messages_had_last_look", "sqlite")
    )


def for_review(connection: sa.Connection, *, now: datetime, limit: int) -> dict[str, datetime]:
    """Return pending messages on which time alone may have changed the verdict, each with since when, oldest first."""
    query = (
        sa.select(messages.c.id, messages.c.review_at)
        .where(IS_PENDING, messages.c.review_at <= now)
        .order_by(messages.c.review_at)
        .limit(limit)
        .with_hint(messages, "INDEXED BY ix_messages_pending_review_at", "sqlite")
    )
    return {message_id: since for message_id, since in connection.execute(query) if since is not None}


def awaiting_last_look(connection: sa.Connection, *, until: datetime, limit: int) -> list[Place]:
    """Return pending messages to be sent by ``until`` that nobody has looked at for the last time, earliest first."""
    query = (
        sa.select(*_PLACE)
        .where(AWAITS_LAST_LOOK, messages.c.send_at <= until)
        .order_by(messages.c.send_at)
        .limit(limit)
        .with_hint(messages, "INDEXED BY ix_messages_awaiting_last_look", "sqlite")
    )
    return _places(connection, query)


def for_release(connection: sa.Connection, *, until: datetime, limit: int) -> list[str]:
    """Return messages whose time has come, that had their last look, and that nobody is cancelling, earliest first."""
    cancelling = (
        sa.select(cancellations.c.message_id).where(cancellations.c.message_id == messages.c.id, IS_REQUESTED).exists()
    )
    query = (
        sa.select(messages.c.id)
        .where(HAD_LAST_LOOK, messages.c.send_at <= until, ~cancelling)
        .order_by(messages.c.send_at)
        .limit(limit)
        .with_hint(messages, "INDEXED BY ix_messages_had_last_look", "sqlite")
    )
    return list(connection.scalars(query))


def _next(
    connection: sa.Connection, reach: Reach, conditions: Collection[sa.ColumnElement[bool]], limit: int
) -> list[Place]:
    found: set[Place] = set()
    for way in ways([reach]):
        for query in way.each(*_PLACE):
            ordered = query.where(*conditions).order_by(messages.c.send_at, messages.c.seq).limit(limit)
            found |= set(_places(connection, ordered))
    return sorted(found)[:limit]


def _beyond(after: After) -> list[sa.ColumnElement[bool]]:
    if after is None:
        return []
    send_at, seq = after
    return [sa.tuple_(messages.c.send_at, messages.c.seq) > sa.tuple_(send_at, seq)]


def _places(connection: sa.Connection, query: sa.Select[Any]) -> list[Place]:
    # A message without a time of sending is never pending.
    return [Place(send_at, seq, of) for send_at, seq, of in connection.execute(query) if send_at is not None]
