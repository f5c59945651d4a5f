"""The client's own ledger: what it was promised, written to disk and synced before it counts.

What the program keeps is compared with this file, so a line is written only
after a whole 200 was read, and what might have taken effect without an answer
has lines of its own.
"""

from __future__ import annotations

import os
import threading
from collections import defaultdict
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

_SYNC_EVERY = 0.02


class Entry(StrEnum):
    """What a line says; each names an id and a phone number."""

    ACKED = "acked"
    """An event that was answered 200."""
    STOP_TRIED = "stop-tried"
    """An opt-out that was sent at least once, whatever came back."""
    STOP_ACKED = "stop-acked"
    SCHEDULED = "scheduled"
    """A message that Telnyx has accepted for later."""
    REGISTERED = "registered"
    """A message of which the program has said that it is registered."""
    FORGED = "forged"
    """A request that nobody signed, by the event id in it."""
    FORGED_ACKED = "forged-acked"
    """One of those that was answered with a 2xx all the same."""


class Pen:
    """Writes lines; a thread syncs them to disk many at a time."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("ab", buffering=0)
        self._lines: list[bytes] = []
        self._lock = threading.Lock()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._sync_forever, name="book", daemon=True)
        self._thread.start()

    def write(self, entry: Entry, of: str, phone_number: str = "-") -> None:
        with self._lock:
            self._lines.append(f"{entry} {of} {phone_number}\n".encode())

    def close(self) -> None:
        """Return when every line is on disk."""
        self._ended.set()
        self._thread.join()
        self._file.close()

    def _sync_forever(self) -> None:
        while not self._ended.wait(_SYNC_EVERY):
            self._sync()
        self._sync()

    def _sync(self) -> None:
        with self._lock:
            lines, self._lines = self._lines, []
        if lines:
            self._file.write(b"".join(lines))
            os.fdatasync(self._file.fileno())


@dataclass(frozen=True, slots=True)
class Book:
    """All lines, by what they say: ids with their phone numbers."""

    of: dict[Entry, dict[str, str]]

    def ids(self, entry: Entry) -> set[str]:
        return set(self.of[entry])

    def phone_numbers(self, entry: Entry) -> set[str]:
        return set(self.of[entry].values())


def read(*paths: Path) -> Book:
    """Read one client's file, or several as if one client had written them."""
    found: defaultdict[Entry, dict[str, str]] = defaultdict(dict)
    for path in paths:
        for line in path.read_text().splitlines():
            entry, of, phone_number = line.split(" ")
            found[Entry(entry)][of] = phone_number
    return Book({entry: found[entry] for entry in Entry})
