"""What is counted over many rows at once: how much waits, by the minute, and how fast it was worked off lately."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa

from core.cancelling import Action
from core.forecasting import Minute
from store.tables import AWAITS_LAST_LOOK, IS_REQUESTED, cancellations, decisions, messages
from store.tables import cancellation_attempts as attempts

#: The newest requests tell how fast Telnyx answers now; the last of a hundred is among them.
_NEWEST = 300
#: Some ten batches of a crowd.
_NEWEST_DECISIONS = 2000


def waiting_by_minute(connection: sa.Connection) -> Sequence[Minute]:
    """Return how many cancellations are under way, by the minute in which their messages are to be sent.

    It walks along all of them: ask for it seldom.
    """
    minute = minute_of(connection, cancellations.c.send_at)
    query = (
        sa.select(minute, sa.func.count())
        .where(IS_REQUESTED)
        .group_by(minute)
        .with_hint(cancellations, "INDEXED BY ix_cancellations_requested", "sqlite")
    )
    return minutes(connection, query)


def crowd_by_minute(connection: sa.Connection, *, until: datetime) -> Sequence[Minute]:
    """Return how many messages to be sent by then await their last look, by the minute of their sending."""
    minute = minute_of(connection, messages.c.send_at)
    query = (
        sa.select(minute, sa.func.count())
        .where(AWAITS_LAST_LOOK, messages.c.send_at <= until)
        .group_by(minute)
        .with_hint(messages, "INDEXED BY ix_messages_awaiting_last_look", "sqlite")
    )
    return minutes(connection, query)


def newest_decisions(connection: sa.Connection) -> Sequence[tuple[datetime, int]]:
    """Return the newest batches of decisions: when each was made, and how many were made with it."""
    newest = sa.select(decisions.c.decided_at).order_by(decisions.c.seq.desc()).limit(_NEWEST_DECISIONS).subquery()
    query = sa.select(newest.c.decided_at, sa.func.count()).group_by(newest.c.decided_at)
    return [(decided_at, number) for decided_at, number in connection.execute(query)]


def newest_latencies(connection: sa.Connection) -> Sequence[timedelta]:
    """Return how long the newest requests to cancel took until they were answered, or given up."""
    newest = (
        sa.select(attempts.c.action, attempts.c.started_at, attempts.c.finished_at)
        .order_by(attempts.c.started_at.desc())
        .limit(_NEWEST)
        .subquery()
    )
    query = sa.select(newest.c.started_at, newest.c.finished_at).where(
        newest.c.action == Action.DELETE, newest.c.finished_at.is_not(None)
    )
    return [finished_at - started_at for started_at, finished_at in connection.execute(query)]


def minute_of(connection: sa.Connection, at: sa.ColumnElement[datetime]) -> sa.ColumnElement[object]:
    """Return the minute of an instant as this database counts by it; ``read_minute`` reads it."""
    if connection.dialect.name == "sqlite":
        # Written out and not bound: an expression with parameters cannot be grouped by.
        return sa.func.substr(at, sa.literal_column("1"), sa.literal_column("16"), type_=sa.String())
    return sa.func.date_trunc(sa.literal_column("'minute'"), at, type_=sa.DateTime(timezone=True))


def minutes(connection: sa.Connection, query: sa.Select[*tuple[Any, ...]]) -> Sequence[Minute]:
    """Run a query for ``minute_of`` and a count; return them in the order of time."""
    return sorted(Minute(read_minute(minute), number) for minute, number in connection.execute(query))


def read_minute(minute: object) -> datetime:
    """Return when a minute began that was counted by."""
    if isinstance(minute, datetime):
        return minute.astimezone(UTC)
    return datetime.fromisoformat(f"{minute}:00").replace(tzinfo=UTC)
