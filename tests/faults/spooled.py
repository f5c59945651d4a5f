"""What is in the failover receiver's spool, read from its file."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any


def event_ids(path: Path) -> set[str]:
    """Return the ids of all events that the spool holds, handed over or not."""
    return {row[0] for row in _rows(path, "SELECT event_id FROM spooled_events")}


def waiting(path: Path, event_type: str = "%") -> int:
    """Count the events that are still to be handed over, or those of one type."""
    return _counted(path, "waiting", event_type)


def parked(path: Path) -> int:
    """Count the events that the primary would not take."""
    return _counted(path, "parked")


def _counted(path: Path, state: str, event_type: str = "%") -> int:
    where = f"state = '{state}' AND event_type LIKE '{event_type}'"
    rows = _rows(path, f"SELECT count(*) FROM spooled_events WHERE {where}")
    return int(rows[0][0]) if rows else 0


def _rows(path: Path, query: str) -> list[tuple[Any, ...]]:
    if not path.exists():
        return []
    with closing(sqlite3.connect(path, timeout=5)) as connection:
        return connection.execute(query).fetchall()
