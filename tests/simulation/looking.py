"""What is held, as the simulation looks at it after each step: with eyes of its own, past every fault."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa

from core import merging
from store import tables
from store.engine import Database

#: Written out, since it is asked after every step.
_MESSAGES = (
    "SELECT id, ledger, breach_cause, campaign_key, registered_at, closed_at, last_look_at FROM messages ORDER BY seq"
)
_INBOX = "SELECT event_id, event_type, status, received_at, retry_at FROM inbox ORDER BY seq"
_STATUSES = "SELECT message_id, phone_number, stamp, status FROM message_recipients"
_SUMS = "SELECT ledger, count(*) FROM messages WHERE registered_at IS NOT NULL GROUP BY ledger"


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
        ask = connection.exec_driver_sql
        return Look(
            messages={of: Held(of, *told[:3], *map(_instant, told[3:])) for of, *told in ask(_MESSAGES)},
            heights={(of, to): (merging.rank_in(stamp), status) for of, to, stamp, status in ask(_STATUSES)},
            inbox={of: Kept(of, *told[:2], *map(_instant, told[2:])) for of, *told in ask(_INBOX)},
            sums=dict(tuple(row) for row in ask(_SUMS)),
        )


def _instant(told: str | datetime | None) -> datetime | None:
    """What SQLite keeps as a text is UTC."""
    return datetime.fromisoformat(told).replace(tzinfo=UTC) if isinstance(told, str) else told


def dump(eyes: Database) -> dict[str, list[str]]:
    """Every row of every table, in an order of its own."""
    with eyes.read() as connection:
        return {
            table.name: sorted(repr(tuple(row)) for row in connection.execute(sa.select(table)))
            for table in tables.metadata.sorted_tables
        }


def rows(eyes: Database, table: sa.Table, *where: sa.ColumnElement[bool]) -> list[dict[str, Any]]:
    with eyes.read() as connection:
        return [dict(row) for row in connection.execute(sa.select(table).where(*where)).mappings()]
