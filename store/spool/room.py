"""How much may be put into the spool, and how full it is: bounded by rows and by bytes on disk.

What waits is never thrown away. What the primary has is, as soon as there is less than a fifth of the room left.
"""

from __future__ import annotations

import logging
import os
import time
from datetime import timedelta
from pathlib import Path

import sqlalchemy as sa

from store.spool import handing, looking

#: From this share on handed events make room, and if there are none the log says so.
_SCARCE = 0.8
_WARN_EVERY = timedelta(minutes=1)
#: Deleted at once while deliveries wait.
_FORGOTTEN_AT_ONCE = 500
_HIGHEST = "SELECT coalesce(max(id), 0) FROM spooled_events"
_PAGES = (
    "SELECT (page_count - freelist_count) * page_size"
    " FROM pragma_page_count(), pragma_freelist_count(), pragma_page_size()"
)

_log = logging.getLogger(__name__)


class Room:
    """The bounds of one spool. It belongs to whoever has the right to write."""

    def __init__(self, path: Path, *, max_events: int, max_bytes: int) -> None:
        """Measure nothing yet."""
        self._path = path
        self._max_events = max_events
        self._max_bytes = max_bytes
        self._anchor: tuple[int, int] | None = None
        """The highest id, and how many rows there were, when they were counted last."""
        self._warned_at = float("-inf")

    def rows_for(self, connection: sa.Connection, *, count: int, size: int) -> int:
        """Return how many rows may be added, when ``count`` of ``size`` bytes together are wanted."""
        held, used = self._measured(connection)
        if self._share(held + count, used + size) >= _SCARCE:
            held, used = self._with_room_made(connection, count=count, size=size)
            self._warn(self._share(held + count, used + size))
        return self._max_events - held if used + size <= self._max_bytes else 0

    def has_room(self, connection: sa.Connection, *, size: int) -> bool:
        """Return whether one more row of so many bytes would find room, and forget nothing for it."""
        held, used = self._measured(connection)
        if held < self._max_events and used + size <= self._max_bytes:
            return True
        self._anchor = None
        if used + size > self._max_bytes:
            _shorten_the_log(connection)
        held, used = self._measured(connection)
        count, freed = handing.forgettable(connection, limit=_FORGOTTEN_AT_ONCE)
        return held - count < self._max_events and used - freed + size <= self._max_bytes

    def _with_room_made(self, connection: sa.Connection, *, count: int, size: int) -> tuple[int, int]:
        """Delete some of what was handed over, and return the rows and bytes as they are then."""
        dropped = handing.forget(connection, older_than=None, limit=_FORGOTTEN_AT_ONCE)
        highest, held = self._anchor or (0, 0)
        self._anchor = highest, held - dropped
        held, used = self._measured(connection)
        if held + count > self._max_events:
            self._anchor = None
        if used + size > self._max_bytes:
            _shorten_the_log(connection)
        return self._measured(connection)

    def recount(self) -> None:
        """Count anew: the file is another one."""
        self._anchor = None

    def used(self, connection: sa.Connection) -> int:
        """Return the bytes on disk, without the pages that are free to be used again."""
        return int(connection.exec_driver_sql(_PAGES).scalar_one()) + _size(Path(f"{self._path}-wal"))

    def fill(self, connection: sa.Connection, *, kept: int) -> float:
        """Return how full it is, 0 to 1, with so many rows that are not handed over."""
        return min(self._share(kept, self.used(connection)), 1.0)

    def _measured(self, connection: sa.Connection) -> tuple[int, int]:
        """Return how many rows there are, never less than there are, and the bytes."""
        highest = int(connection.exec_driver_sql(_HIGHEST).scalar_one())
        if self._anchor is None:
            self._anchor = highest, looking.count(connection)
        known_highest, known = self._anchor
        # Ids only go up, since the row with the highest is never deleted; counting a million takes too long.
        return known + highest - known_highest, self.used(connection)

    def _share(self, held: int, used: int) -> float:
        # A disk that is nearly full leaves less than the bound.
        limit = min(self._max_bytes, used + _free(self._path.parent))
        return max(held / self._max_events, used / limit if limit else 1.0)

    def _warn(self, share: float) -> None:
        now = time.monotonic()
        if share >= _SCARCE and now - self._warned_at >= _WARN_EVERY.total_seconds():
            self._warned_at = now
            _log.warning(
                "the spool %s is %d %% full, and refuses events when it is full: see that the primary takes them over,"
                " or give it more room (disk, RESCIND_SPOOL_MAX_EVENTS, RESCIND_SPOOL_MAX_MB)",
                self._path,
                min(share, 1) * 100,
            )


def _shorten_the_log(connection: sa.Connection) -> None:
    """Give back what SQLite's write-ahead log takes, unless somebody reads it just now."""
    (patience,) = connection.exec_driver_sql("PRAGMA busy_timeout").one()
    connection.exec_driver_sql("PRAGMA busy_timeout = 0")
    connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)").all()
    connection.exec_driver_sql(f"PRAGMA busy_timeout = {patience}")


def _free(folder: Path) -> int:
    try:
        found = os.statvfs(folder)
    except OSError:
        return 0
    return found.f_bavail * found.f_frsize


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0
