"""A spool of the test's own, events for it, and what befalls its file."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

from store.group_commit import GroupCommit
from store.inbox import NewEvent
from store.spool import Spool
from tests.processes import wait_for

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
PAGE = 4096


def event(number: int, **changes: object) -> NewEvent:
    """One event of many, received as many seconds after the first."""
    fields: dict[str, object] = {
        "event_id": f"event-{number}",
        "event_type": "message.sent",
        "received_at": NOW + timedelta(seconds=number),
        "source": "failover",
        "raw": f"{number:05}".encode() * 300,
        "signature": "c2ln" * 22,
        "signature_timestamp": "1772366400",
        "digest": f"{number:064x}",
    }
    return NewEvent(**{**fields, **changes})


class Spooled:
    """One process's spool and its writer."""

    def __init__(self, path: Path, *, max_events: int = 1_000_000, max_bytes: int = 500_000_000) -> None:
        self.path = path
        self.spool = Spool(path, max_events=max_events, max_bytes=max_bytes)
        self.commit = GroupCommit(self.spool.database, self.spool, mend=self.spool.mend, deadline=timedelta(seconds=60))

    def waiting(self) -> list[str]:
        """The ids of all that waits, in the order of the hand-over."""
        return self.due(NOW + timedelta(days=1))

    def due(self, now: datetime, limit: int = 100_000) -> list[str]:
        """The ids of what is due, in the order of the hand-over."""
        named = {row.id: row.event_id for row in self.spool.listing(limit=100_000)}
        return [named[each.id] for each in self.spool.due(now, limit)]

    def column(self, name: str) -> dict[str, object]:
        """What a column holds, by the events' ids."""
        with closing(sqlite3.connect(self.path)) as connection:
            return dict(connection.execute(f"SELECT event_id, {name} FROM spooled_events"))

    def waits_for(self, count: int) -> bool:
        return wait_for(lambda: self.spool.figures().waiting == count)

    def set_aside(self) -> list[Path]:
        return sorted(each for each in self.path.parent.glob(f"{self.path.name}.*Z"))


def flip(path: Path, start: int, size: int = 16) -> None:
    """Turn some bytes of a file into others."""
    with path.open("r+b") as file:
        file.seek(start)
        turned = bytes(each ^ 0xFF for each in file.read(size))
        file.seek(start)
        file.write(turned)


def at_rest(path: Path) -> None:
    """Have all that is in the write-ahead log written into the file."""
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
