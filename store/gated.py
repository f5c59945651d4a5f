"""The messages that were cancelled because of a gate, or of their campaign: how many, how far that is, and which."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any, NamedTuple

import sqlalchemy as sa

from core.outcomes import CancellationState
from store import upserting
from store.tables import IS_BY_HOLD, IS_CANCELLED, IS_REQUESTED, cancellations, decisions, messages
from store.ways import Reach, within

#: The decision that ordered a cancellation was made in the same moment. A later one on the same message may give
#: another gate as its cause, and orders nothing while a cancellation is under way.
_ORDERED = sa.and_(
    cancellations.c.message_id == decisions.c.message_id, cancellations.c.requested_at == decisions.c.decided_at
)
#: What Telnyx confirmed to us. A message whose cancellation was taken back may have been cancelled by somebody else.
_BY_US = cancellations.c.state == CancellationState.CONFIRMED


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
    return _standings(connection, _joined(), *_because_of(cause))


def under_way_besides(connection: sa.Connection, reach: Reach, cause: str) -> list[str]:
    """Return the pending messages within reach that are being cancelled, and not because of a gate."""
    found = within([reach], messages.c.id)
    query = sa.select(found.c.id).join(cancellations, cancellations.c.message_id == found.c.id)
    return list(connection.scalars(query.where(IS_REQUESTED, ~_is_because_of(cause))))


def standings_besides(connection: sa.Connection, message_ids: Collection[str], cause: str) -> list[Ended]:
    """Return how the cancellations of these messages stand, less those that a gate is the cause of by now."""
    found: list[Ended] = []
    for part in upserting.parts(sorted(message_ids)):
        theirs = cancellations.c.message_id.in_(part)
        found += _standings(connection, cancellations, theirs, ~_is_because_of(cause))
    return found


def cancelled(connection: sa.Connection, cause: str) -> list[tuple[datetime, str]]:
    """Return the messages that were cancelled because of a gate, by when they were to be sent."""
    place = (cancellations.c.send_at, cancellations.c.message_id)
    query = sa.select(*place).select_from(_joined()).where(*_because_of(cause), _BY_US).order_by(*place)
    return [(send_at, message_id) for send_at, message_id in connection.execute(query)]


def cancelled_in(connection: sa.Connection, reach: Reach, *, sparing: str) -> list[tuple[datetime, str]]:
    """Return the messages of a campaign that we cancelled, save by one policy, by when they were to be sent."""
    place = (cancellations.c.send_at, cancellations.c.message_id)
    # An OR of two columns would be looked for in all that was ever cancelled.
    theirs = (
        ("INDEXED BY ix_messages_sums", messages.c.campaign_key.in_(sorted(reach.keys))),
        ("INDEXED BY ix_messages_cancelled_tcr", messages.c.tcr_campaign_id.in_(sorted(reach.tcr_campaign_ids))),
    )
    ids = sa.union(
        *(
            sa.select(messages.c.id).where(IS_CANCELLED, each).with_hint(messages, hint, "sqlite")
            for hint, each in theirs
        )
    )
    query = (
        sa.select(*place)
        .where(cancellations.c.message_id.in_(ids), _BY_US, cancellations.c.policy != sparing)
        .order_by(*place)
    )
    return [(send_at, message_id) for send_at, message_id in connection.execute(query)]


def _standings(connection: sa.Connection, source: sa.FromClause, *conditions: sa.ColumnElement[bool]) -> list[Ended]:
    stand = (cancellations.c.state, messages.c.breach_cause)
    query = (
        sa.select(*stand, sa.func.count(), sa.func.sum(cancellations.c.attempts))
        .select_from(source.join(messages, messages.c.id == cancellations.c.message_id))
        .where(*conditions)
        .group_by(*stand)
    )
    return [Ended(state, why, number, attempts) for state, why, number, attempts in connection.execute(query)]


def _joined() -> sa.Join:
    return decisions.join(cancellations, _ORDERED)


def _because_of(cause: str) -> tuple[sa.ColumnElement[Any], ...]:
    return (
        IS_BY_HOLD,
        decisions.c.event_id == cause,
        decisions.c.verdict == "cancel",
        decisions.c.mode == "enforce",
    )


def _is_because_of(cause: str) -> sa.ColumnElement[bool]:
    return sa.select(sa.literal(1)).where(_ORDERED, *_because_of(cause)).correlate(cancellations).exists()
