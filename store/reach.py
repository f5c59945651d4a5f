"""What a scope reaches among the pending messages, counted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from core.forecasting import Minute
from core.scopes import Scope
from store import figures
from store.tables import IS_PENDING, IS_REQUESTED, cancellations, messages
from store.tables import message_recipients as recipients


@dataclass(frozen=True, slots=True)
class Reach:
    """A scope, and for a campaign everything that its messages may be filed under."""

    scope: Scope
    value: str
    keys: frozenset[str] = frozenset()
    """Our own keys."""
    tcr_campaign_ids: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Reached:
    """How many pending messages are within reach."""

    pending: int
    recallable: int
    """Those for which Telnyx still accepts a cancellation."""


def count(connection: sa.Connection, reach: Reach, *, send_after: datetime) -> Reached:
    """Count the pending messages within reach, and those of them that are to be sent after a moment."""
    found = _pending(reach).subquery()
    query = sa.select(sa.func.count(), sa.func.count().filter(found.c.send_at > send_after)).select_from(found)
    pending, recallable = connection.execute(query).one()
    return Reached(pending, recallable)


def by_minute(
    connection: sa.Connection, reach: Reach, *, until: datetime | None = None, awaiting: bool = False
) -> Sequence[Minute]:
    """Return how many pending messages within reach nobody is cancelling yet, by the minute of their sending.

    ``until`` leaves out those to be sent later, ``awaiting`` those that had their last look.
    """
    found = _pending(reach).subquery()
    cancelling = sa.select(sa.literal(1)).where(cancellations.c.message_id == found.c.id, IS_REQUESTED).exists()
    conditions = [~cancelling]
    if until is not None:
        conditions.append(found.c.send_at <= until)
    if awaiting:
        conditions.append(found.c.last_look_at.is_(None))
    minute = figures.minute_of(connection, found.c.send_at)
    return figures.minutes(connection, sa.select(minute, sa.func.count()).where(*conditions).group_by(minute))


def _pending(reach: Reach) -> sa.Select[Any] | sa.CompoundSelect[Any]:
    """Return the id, the time of sending and the last look of each; every part of a union is a walk along one index."""
    query = sa.select(messages.c.id, messages.c.send_at, messages.c.last_look_at).where(IS_PENDING)
    match reach.scope:
        case Scope.ALL:
            return query
        case Scope.CAMPAIGN:
            own = query.where(messages.c.campaign_key.in_(sorted(reach.keys)))
            return own.union(query.where(messages.c.tcr_campaign_id.in_(sorted(reach.tcr_campaign_ids))))
        case Scope.SENDER:
            return query.where(messages.c.from_number == reach.value)
        case Scope.PROFILE:
            return query.where(messages.c.messaging_profile_id == reach.value)
        case Scope.RECIPIENT:
            theirs = sa.select(recipients.c.message_id).where(recipients.c.phone_number == reach.value)
            return query.where(messages.c.id.in_(theirs))
