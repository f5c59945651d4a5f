"""Which pending messages come next, by their time of sending: for a review, for the last look, for release."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any, NamedTuple

import sqlalchemy as sa

from core.scopes import Scope
from store.reach import Reach
from store.tables import AWAITS_LAST_LOOK, HAD_LAST_LOOK, IS_PENDING, IS_REQUESTED, cancellations, messages
from store.tables import message_recipients as recipients


class Place(NamedTuple):
    """A pending message's place in the order in which messages are looked through."""

    send_at: datetime
    seq: int
    message_id: str


#: How far a walk has come: the time of sending and the ``seq`` of its last message.
After = tuple[datetime, int] | None

_PLACE = (messages.c.send_at, messages.c.seq, messages.c.id)
_INDICES: dict[Scope, tuple[str, sa.Column[str] | None]] = {
    Scope.ALL: ("ix_messages_pending_send_at", None),
    Scope.CAMPAIGN: ("ix_messages_pending_campaign", messages.c.campaign_key),
    Scope.SENDER: ("ix_messages_pending_sender", messages.c.from_number),
    Scope.PROFILE: ("ix_messages_pending_profile", messages.c.messaging_profile_id),
}


def in_campaigns(
    connection: sa.Connection, *, keys: Collection[str], tcr_campaign_ids: Collection[str], after: After, limit: int
) -> list[Place]:
    """Return the next pending messages of these campaigns, the earliest first."""
    found: set[Place] = set()
    for column, index, names in (
        (messages.c.campaign_key, "ix_messages_pending_campaign", keys),
        (messages.c.tcr_campaign_id, "ix_messages_pending_tcr", tcr_campaign_ids),
    ):
        # One name a query: then each is a walk along its index, however many other messages are pending.
        for name in sorted(names):
            found |= set(_next(connection, index, column == name, after, limit))
    return sorted(found)[:limit]


def in_scope(connection: sa.Connection, scope: Scope, value: str, *, after: After, limit: int) -> list[Place]:
    """Return the next pending messages of a scope, the earliest first; for a campaign, only those under this key."""
    if scope is Scope.RECIPIENT:
        theirs = sa.select(recipients.c.message_id).where(recipients.c.phone_number == value)
        query = sa.select(*_PLACE).where(IS_PENDING, messages.c.id.in_(theirs), *_beyond(after))
        return _places(connection, query.order_by(messages.c.send_at, messages.c.seq).limit(limit))
    index, column = _INDICES[scope]
    return _next(connection, index, sa.true() if column is None else column == value, after, limit)


def held_awaiting(connection: sa.Connection, reach: Reach, *, after: After, until: datetime, limit: int) -> list[Place]:
    """Return the next messages within reach, to be sent by ``until``, that await their last look, earliest first."""
    awaiting = (AWAITS_LAST_LOOK, messages.c.send_at <= until)
    if reach.scope is not Scope.CAMPAIGN:
        index, column = _INDICES[reach.scope]
        condition = sa.true() if column is None else column == reach.value
        return _next(connection, index, sa.and_(condition, *awaiting), after, limit)
    found: set[Place] = set()
    for column, index, names in (
        (messages.c.campaign_key, "ix_messages_pending_campaign", reach.keys),
        (messages.c.tcr_campaign_id, "ix_messages_pending_tcr", reach.tcr_campaign_ids),
    ):
        for name in sorted(names):
            found |= set(_next(connection, index, sa.and_(column == name, *awaiting), after, limit))
    return sorted(found)[:limit]


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
    connection: sa.Connection, index: str, condition: sa.ColumnElement[bool], after: After, limit: int
) -> list[Place]:
    query = (
        sa.select(*_PLACE)
        .where(IS_PENDING, condition, *_beyond(after))
        .order_by(messages.c.send_at, messages.c.seq)
        .limit(limit)
        .with_hint(messages, f"INDEXED BY {index}", "sqlite")
    )
    return _places(connection, query)


def _beyond(after: After) -> list[sa.ColumnElement[bool]]:
    if after is None:
        return []
    send_at, seq = after
    return [sa.tuple_(messages.c.send_at, messages.c.seq) > sa.tuple_(send_at, seq)]


def _places(connection: sa.Connection, query: sa.Select[Any]) -> list[Place]:
    # A message without a time of sending is never pending.
    return [Place(send_at, seq, of) for send_at, seq, of in connection.execute(query) if send_at is not None]
