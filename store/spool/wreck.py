"""What can be read of a spool that was set aside, damaged as it may be."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

from store.spool.table import SpoolState, instant, rows

_COLUMNS = [column.name for column in rows.columns if column.name != "id"]
_SELECT = f"SELECT id, {', '.join(_COLUMNS)} FROM spooled_events NOT INDEXED"  # noqa: S608 - names of our own
_AT_ONCE = 100
#: So many rows one after the other that cannot be read are the end of what can.
_GIVE_UP_AFTER = 10_000
_PAGE = 4096

Row = dict[str, Any]


class EndUnreadable(Exception):
    """From some row on nothing can be read."""


def readable(aside: Path) -> Iterator[Row | None]:
    """Yield the rows that can be read, and None for each that cannot.

    Raises EndUnreadable after the last when it is not the end, and sqlite3's errors when nothing can be read at all.
    """
    if not aside.stat().st_size:
        # Beside an empty file SQLite throws the log away, and beside an empty page it reads it.
        os.truncate(aside, _PAGE)
    # Read-only, or SQLite would move what its log holds into a file that is damaged.
    with closing(sqlite3.connect(f"{aside.absolute().as_uri()}?mode=ro", uri=True)) as connection:
        connection.text_factory = bytes
        # With this SQLite reads a file, too, that is shorter than it says itself.
        connection.execute("PRAGMA writable_schema = ON")
        connection.execute(f"{_SELECT} LIMIT 0")
        for found in _walk(connection):
            yield None if found is None else _sound(found)


def _walk(connection: sqlite3.Connection) -> Iterator[Sequence[Any] | None]:
    """Yield every row that can be read, and None for each between two of them that cannot."""
    last, misses = 0, 0
    while misses < _GIVE_UP_AFTER:
        try:
            found = connection.execute(f"{_SELECT} WHERE id > ? ORDER BY id LIMIT {_AT_ONCE}", [last]).fetchall()
        except sqlite3.DatabaseError:
            # Row by row over the damaged place.
            last += 1
            try:
                found = connection.execute(f"{_SELECT} WHERE id = ?", [last]).fetchall()
            except sqlite3.DatabaseError:
                misses += 1
                continue
        else:
            if not found:
                return
            last = found[-1][0]
        if found:
            yield from [None] * misses
            misses = 0
            yield from (row[1:] for row in found)
    raise EndUnreadable


def _sound(found: Sequence[Any]) -> Row | None:
    """Return a row fit to be inserted, or None when what matters of it cannot be read."""
    row: Row = dict(zip(_COLUMNS, found, strict=True))
    try:
        instant(row["received_at"])
        for name in ("signature", "signature_timestamp"):
            row[name] = row[name].decode("ascii")
        row["raw"] = memoryview(row["raw"]).tobytes()
        for name, value in row.items():
            if isinstance(value, bytes) and name != "raw":
                row[name] = value.decode(errors="replace")
        row |= {name: int(row[name]) for name in ("priority", "deliveries", "tries")}
    except (AttributeError, TypeError, ValueError):
        return None
    if row["state"] not in set(SpoolState):
        row["state"] = SpoolState.WAITING.value
    return row
