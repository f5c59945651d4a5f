"""Every request made of Telnyx for a cancellation, written down before it leaves and again when it is answered."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from store import upserting
from store.tables import cancellation_attempts as attempts

_ANSWER_LENGTH = 2048
_FEW = 5


@dataclass(frozen=True, slots=True)
class Begun:
    """A request about to leave."""

    id: str
    message_id: str
    action: str
    started_at: datetime


@dataclass(frozen=True, slots=True)
class Answered:
    """What one request came to."""

    id: str
    finished_at: datetime
    http_status: int | None
    answer: str
    outcome: str


@dataclass(frozen=True, slots=True)
class Attempt:
    """One request; without an end, whoever made it has not lived to tell."""

    id: str
    message_id: str
    action: str
    started_at: datetime
    finished_at: datetime | None
    http_status: int | None
    answer: str | None
    outcome: str | None


_COLUMNS = [attempts.c[name] for name in Attempt.__slots__]


def begin(connection: sa.Connection, rows: Sequence[Begun]) -> None:
    """Write down requests before they leave."""
    if rows:
        connection.execute(
            sa.insert(attempts), [{name: getattr(row, name) for name in Begun.__slots__} for row in rows]
        )


def finish(connection: sa.Connection, answers: Sequence[Answered]) -> None:
    """Write down what requests came to, whoever holds the cancellation by now."""
    if answers:
        written = ("finished_at", "http_status", "answer", "outcome")
        connection.execute(
            sa.update(attempts)
            .where(attempts.c.id == sa.bindparam("of"))
            .values({name: sa.bindparam(f"new_{name}", type_=attempts.c[name].type) for name in written}),
            [
                {
                    "of": each.id,
                    "new_finished_at": each.finished_at,
                    "new_http_status": each.http_status,
                    # PostgreSQL's text takes everything but a NUL.
                    "new_answer": each.answer[:_ANSWER_LENGTH].replace("\0", "\N{REPLACEMENT CHARACTER}"),
                    "new_outcome": each.outcome,
                }
                for each in sorted(answers, key=lambda each: each.id)
            ],
        )


def newest_outcomes(connection: sa.Connection, *, since: datetime, until: datetime) -> list[str]:
    """Return what the last few requests begun within a span came to, whatever they were made for."""
    query = (
        sa.select(attempts.c.outcome)
        .where(attempts.c.started_at >= since, attempts.c.started_at < until, attempts.c.outcome.is_not(None))
        .order_by(attempts.c.started_at.desc())
        .limit(_FEW)
    )
    return [outcome for outcome in connection.scalars(query) if outcome is not None]


def of(connection: sa.Connection, message_ids: Collection[str]) -> dict[str, list[Attempt]]:
    """Return the requests made for each of these messages, oldest first."""
    found: dict[str, list[Attempt]] = {}
    for part in upserting.parts(sorted(message_ids)):
        query = (
            sa.select(*_COLUMNS).where(attempts.c.message_id.in_(part)).order_by(attempts.c.started_at, attempts.c.id)
        )
        for row in connection.execute(query):
            found.setdefault(row.message_id, []).append(Attempt(*row))
    return found
