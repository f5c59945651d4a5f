"""The messages whose cancellation was ordered because of a gate: how far it has come, and which they are."""

from __future__ import annotations

from datetime import datetime
from typing import Any, NamedTuple

import sqlalchemy as sa

from store.tables import IS_BY_HOLD, cancellations, decisions, messages

#: The decision that ordered a cancellation was made in the same moment. A later one on the same message may give
#: another gate as its cause, and orders nothing while a cancellation is under way.
_ORDERED = sa.and_(
    cancellations.c.message_id == decisions.c.message_id, cancellations.c.requested_at == decisions.c.decided_at
)


class Ended(NamedTuple):
    """How many cancellations stand alike."""

    state: str
    breach_cause: str | None
    """Why messages were not cancelled although they should have been."""
    number: int
    attempts: int
    """Requests made of Telnyx for them."""


def standings(connection: sa.Connection, cause: str) -> list[Ended]:
    """Return how the cancellations stand that a gate is the cause of."""
    stand = (cancellations.c.state, messages.c.breach_cause)
    query = (
        sa.select(*stand, sa.func.count(), sa.func.sum(cancellations.c.attempts))
        .select_from(_joined().join(messages, messages.c.id == cancellations.c.message_id))
        .where(*_because_of(cause))
        .group_by(*stand)
    )
    return [Ended(state, why, number, attempts) for state, why, number, attempts in connection.execute(query)]


def cancelled(
    connection: sa.Connection, cause: str, *, after: tuple[datetime, str] | None = None, limit: int
) -> list[tuple[datetime, str]]:
    """Return the next messages that a gate had cancelled, by when they were to be sent: that time, and the id."""
    place = (cancellations.c.send_at, cancellations.c.message_id)
    query = sa.select(*place).select_from(_joined()).where(*_because_of(cause)).order_by(*place).limit(limit)
    if after is not None:
        query = query.where(sa.tuple_(*place) > sa.tuple_(*after))
    return [(send_at, message_id) for send_at, message_id in connection.execute(query)]


def _joined() -> sa.Join:
    return decisions.join(cancellations, _ORDERED)


def _because_of(cause: str) -> tuple[sa.ColumnElement[Any], ...]:
    return (
        IS_BY_HOLD,
        decisions.c.event_id == cause,
        decisions.c.verdict == "cancel",
        decisions.c.mode == "enforce",
    )
