"""What is held, as the simulation looks at it after each step: with eyes of its own, past every fault."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from core import merging
from store import tables
from store.engine import Database

_MESSAGES = [
    tables.messages.c[name]
    for name in ("id", "ledger", "breach_cause", "campaign_key", "registered_at", "closed_at", "last_look_at")
]
_INBOX = [tables.inbox.c[name] for name in ("event_id", "event_type", "status", "received_at", "retry_at")]
_IN_DOUBT = sa.select(tables.messages.c.ledger, sa.func.count()).where(tables.messages.c.registered_at.is_not(None))
_SUMS = _IN_DOUBT.group_by(tables.messages.c.ledger)


@dataclass(frozen=True)
class Held:
    """A message as held."""

    id: str
    ledger: str | None
    breach_cause: str | None
    campaign_key: str | None
    registered_at: datetime | None
    closed_at: datetime | None
    last_look_at: datetime | None


@dataclass(frozen=True)
class Kept:
    """An event as held."""

    event_id: str
    event_type: str
    status: str
    received_at: datetime
    retry_at: datetime | None


@dataclass(frozen=True)
class Look:
    """Everything that a step may have changed and that is checked after it."""

    messages: dict[str, Held]
    heights: dict[tuple[str, str], tuple[int, str]]
    """How far each message has come with each recipient, with the word for it."""
    inbox: dict[str, Kept]
    sums: dict[str | None, int]


def look(eyes: Database) -> Look:
    with eyes.read() as connection:
        statuses = sa.select(*(tables.message_recipients.c[name] for name in ("message_id", "phone_number")))
        columns = (tables.message_recipients.c.stamp, tables.message_recipients.c.status)
        return Look(
            messages={row.id: Held(*row) for row in connection.execute(sa.select(*_MESSAGES))},
            heights={
                (of, to): (merging.rank_in(stamp), status)
                for of, to, stamp, status in connection.execute(statuses.add_columns(*columns))
            },
            inbox={row.event_id: Kept(*row) for row in connection.execute(sa.select(*_INBOX))},
            sums={row[0]: row[1] for row in connection.execute(_SUMS)},
        )


def dump(eyes: Database, *, without: frozenset[str] = frozenset()) -> dict[str, list[str]]:
    """Every row of every table, in an order of its own."""
    with eyes.read() as connection:
        return {
            table.name: sorted(repr(tuple(row)) for row in connection.execute(sa.select(table)))
            for table in tables.metadata.sorted_tables
            if table.name not in without
        }


def rows(eyes: Database, table: sa.Table, *where: sa.ColumnElement[bool]) -> list[dict[str, Any]]:
    with eyes.read() as connection:
        return [dict(row) for row in connection.execute(sa.select(table).where(*where)).mappings()]
