"""What is in the failover receiver's spool, read from its file."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any


def event_ids(path: Path) -> set[str]:
    """Return the ids of all events that the spool holds, handed over or not."""
    return {row[0] for row in _rows(path, "SELECT event_id FROM spooled_events")}


def waiting(path: Path) -> int:
    """Count the events that are still to be handed over."""
    return _counted(path, "waiting")


def is_waiting(path: Path, *, priority: int = 1) -> bool:
    """Return whether any is still to be handed over that matters so much, 0 for texts; it costs next to nothing."""
    query = f"SELECT 1 FROM spooled_events WHERE state = 'waiting' AND priority <= {priority} LIMIT 1"
    return bool(_rows(path, query))


def parked(path: Path) -> int:
    """Count the events that the primary would not take."""
    return _counted(path, "parked")


def _counted(path: Path, state: str) -> int:
    rows = _rows(path, f"SELECT count(*) FROM spooled_events WHERE state = '{state}'")
    return int(rows[0][0]) if rows else 0


def _rows(path: Path, query: str) -> list[tuple[Any, ...]]:
    if not path.exists():
        return []
    with closing(sqlite3.connect(path, timeout=5)) as connection:
        return connection.execute(query).fetchall()
