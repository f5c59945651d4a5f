"""What a scope reaches among the pending messages, counted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from core.forecasting import Minute
from store import figures
from store.tables import IS_REQUESTED, cancellations, messages
from store.ways import Reach, within


@dataclass(frozen=True, slots=True)
class Reached:
    """How many pending messages are within reach."""

    pending: int
    recallable: int
    """Those for which Telnyx still accepts a cancellation."""


def count(connection: sa.Connection, reach: Reach, *, send_after: datetime) -> Reached:
    """Count the pending messages within reach, and those of them that are to be sent after a moment."""
    found = within([reach], messages.c.id, messages.c.send_at)
    query = sa.select(sa.func.count(), sa.func.count().filter(found.c.send_at > send_after)).select_from(found)
    pending, recallable = connection.execute(query).one()
    return Reached(pending, recallable)


def by_minute(
    connection: sa.Connection, reach: Reach, *, until: datetime | None = None, awaiting: bool = False
) -> Sequence[Minute]:
    """Return how many pending messages within reach nobody is cancelling yet, by the minute of their sending.

    ``until`` leaves out those to be sent later, ``awaiting`` those that had their last look.
    """
    found = within([reach], messages.c.id, messages.c.send_at, messages.c.last_look_at)
    cancelling = sa.select(sa.literal(1)).where(cancellations.c.message_id == found.c.id, IS_REQUESTED).exists()
    conditions = [~cancelling]
    if until is not None:
        conditions.append(found.c.send_at <= until)
    if awaiting:
        conditions.append(found.c.last_look_at.is_(None))
    minute = figures.minute_of(connection, found.c.send_at)
    return figures.minutes(connection, sa.select(minute, sa.func.count()).where(*conditions).group_by(minute))
