"""The failover's own durable store: events wait here, on its own disk, until the primary has them.

An SQLite file and nothing else: no SQL server, no Redis. Its file may be damaged, removed, or on a full disk;
``store.spool.file`` sees to that.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import TypeVar

import sqlalchemy as sa

from core.errors import StoreUnavailable
from core.failpoints import Failpoint
from core.inbox import Acceptance
from store.engine import Database
from store.inbox import NewEvent
from store.spool import accepting, handing, looking
from store.spool.file import SpoolFile
from store.spool.handing import SpooledEvent
from store.spool.looking import SpoolRow
from store.spool.room import Room
from store.spool.salvage import Salvage
from store.spool.table import SpoolState

__all__ = ["Spool", "SpoolFigures", "SpoolRow", "SpoolState", "SpooledEvent"]

#: Deleting or changing more at once would keep a delivery waiting.
_AT_ONCE = 500
#: Bytes of a row besides the signed ones, and of a usual event.
_BESIDES = 1000
_TYPICAL = 4096
_DAMAGED = "the row cannot be read any more"

_log = logging.getLogger(__name__)

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class SpoolFigures:
    """How much there is in the spool."""

    waiting: int
    parked: int
    parked_texts: int
    """Of those, how many are inbound: opt-outs may be among them."""
    handed: int
    oldest_waiting_at: datetime | None
    bytes: int
    """On disk, without the pages that are free to be used again."""
    fill: float
    """0 to 1, of the rows or of the bytes that it may have, whichever is more; handed ones make room when needed."""


class Spool:
    """One process's hold on the spool; any number of processes may share the file."""

    WRITING = Failpoint.P1
    COMMITTED = Failpoint.P2

    def __init__(self, path: Path, *, max_events: int, max_bytes: int, only_looks: bool = False) -> None:
        """Open nothing yet. Raises SettingsError when its folder cannot be made.

        One that ``only_looks`` makes no file, and sets none aside.
        """
        self.path = path
        self.database = Database(sa.URL.create("sqlite", database=str(path)), named_by="RESCIND_SPOOL")
        self._file = SpoolFile(path, self.database)
        self._room = Room(path, max_events=max_events, max_bytes=max_bytes)
        self._salvage = Salvage(self._file.set_asides, read=self._read, write=self._write)
        self._numbered_in: int | None = None
        """Which file the ids that were due last are of."""
        self._only_looks = only_looks

    def open(self) -> None:
        """Make the file fit to be used: made when missing, set aside and replaced when damaged.

        Raises StoreUnavailable when that cannot be done now, and SettingsError for another program's file.
        """
        if self._only_looks:
            self._file.require_sound()
            return
        self._file.open()
        # Nothing that is open may go through a server's fork.
        self.dispose()
        self._salvage.soon()

    def mend(self, error: StoreUnavailable) -> bool:
        """Put right what stands behind an error, if that can be done at once, and return whether to try again."""
        is_mended = not self._only_looks and self._file.mend(error)
        if is_mended:
            self._room.recount()
            self._salvage.soon()
        return is_mended

    def await_salvage(self, patience: timedelta) -> bool:
        """Wait until all that can be read of files set aside is here, and return False when it is not after so long."""
        return self._salvage.wait(patience)

    def unsalvaged(self) -> int:
        """Return how many files that were set aside are not brought in here, or not yet. Raises StoreUnavailable."""
        return self._salvage.left()

    def accept(self, connection: sa.Connection, events: Sequence[NewEvent]) -> list[Acceptance | StoreUnavailable]:
        """Store deliveries and return what became of each, or that there is no room for it."""
        size = sum(len(event.raw) + _BESIDES for event in events)
        room = self._room.rows_for(connection, count=len(events), size=size)
        return accepting.accept(connection, events, room=room)

    def require_writable(self, connection: sa.Connection) -> None:
        """Do what storing an event does, without an event. Raises StoreUnavailable when there is no room for one."""
        if not self._room.has_room(connection, size=_TYPICAL):
            raise StoreUnavailable(accepting.FULL)
        accepting.require_writable(connection)

    def due(self, now: datetime, limit: int) -> list[SpooledEvent]:
        """Return the next events to hand over: inbound texts first, then new ones, then the oldest.

        Rows that cannot be read any more are parked. Raises StoreUnavailable, as all that follow.
        """
        self._numbered_in = self.database.generation
        while True:
            events, damaged = self._read(lambda connection: handing.due(connection, now, limit))
            if damaged:
                self.park(dict.fromkeys(damaged, _DAMAGED))
            for row_id in damaged:
                _log.error("event %d in the spool %s cannot be read any more: parked", row_id, self.path)
            if events or not damaged:
                return events

    def handed(self, verdicts: Mapping[int, str], now: datetime) -> None:
        """Mark events that the primary has, with what it said of each."""
        self._write_by_id(lambda connection: handing.hand(connection, verdicts, now))

    def park(self, reasons: Mapping[int, str]) -> None:
        """Put events aside that the primary will not take, for somebody to look at."""
        self._write_by_id(lambda connection: handing.park(connection, reasons))

    def unpark(self, ids: Collection[int] | None = None) -> int:
        """Let parked events wait again, all of them unless some are named, and return how many."""
        return self._write(lambda connection: handing.unpark(connection, ids))

    def again(self, since: datetime, now: datetime) -> int:
        """Let events handed over since then wait again, for a primary that has lost them, and return how many."""
        # What is handed over while this goes on is not meant.
        return self._in_parts(lambda connection: handing.hand_again(connection, since=since, until=now, limit=_AT_ONCE))

    def postpone(self, ids: Collection[int], retry_at: datetime, reason: str) -> None:
        """Let events wait until then."""
        self._write_by_id(lambda connection: handing.postpone(connection, ids, retry_at, reason))

    def put_off(self, refused: Mapping[int, tuple[datetime, str]]) -> None:
        """Let events that the primary refused wait, each until a time, with the reason."""
        self._write_by_id(lambda connection: handing.put_off(connection, refused))

    def hasten(self, now: datetime) -> None:
        """Make all that wait due now."""
        self._write(lambda connection: handing.hasten(connection, now))

    def prune(self, older_than: datetime) -> int:
        """Forget events handed over before then, and return how many; what waits or is parked stays."""
        return self._in_parts(lambda connection: handing.forget(connection, older_than=older_than, limit=_AT_ONCE))

    def figures(self) -> SpoolFigures:
        """Return how much there is."""
        return self._read(self._figures)

    def listing(self, *, states: Collection[SpoolState] = (), limit: int = 100) -> list[SpoolRow]:
        """Return rows, newest first, of some states or of all."""
        return self._read(lambda connection: looking.listing(connection, states=states, limit=limit))

    def dispose(self) -> None:
        """Close every connection but the one that a writer keeps."""
        self.database.dispose()

    def _figures(self, connection: sa.Connection) -> SpoolFigures:
        counts = looking.counts(connection)
        return SpoolFigures(
            waiting=counts.waiting,
            parked=counts.parked,
            parked_texts=counts.parked_texts,
            handed=counts.handed,
            oldest_waiting_at=counts.oldest_waiting_at,
            bytes=self._room.used(connection),
            fill=self._room.fill(connection, kept=counts.waiting + counts.parked),
        )

    def _in_parts(self, work: Callable[[sa.Connection], int]) -> int:
        """Do what concerns at most so many rows at once until there are no more, and return how many there were."""
        total = 0
        while True:
            part = self._write(work)
            total += part
            if part < _AT_ONCE:
                return total

    def _write_by_id(self, work: Callable[[sa.Connection], None]) -> None:
        """Write to rows that were due. In a file that has taken the place of theirs the same ids are other events."""

        def checked(connection: sa.Connection) -> None:
            if self._numbered_in not in {None, self.database.generation}:
                raise StoreUnavailable(f"the spool {self.path} was replaced while its events were handed over")
            work(connection)

        self._write(checked)

    def _write(self, work: Callable[[sa.Connection], Result]) -> Result:
        def transaction() -> Result:
            with self.database.begin() as connection:
                return work(connection)

        return self._mending(transaction)

    def _read(self, work: Callable[[sa.Connection], Result]) -> Result:
        def look() -> Result:
            with self.database.read() as connection:
                return work(connection)

        return self._mending(look)

    def _mending(self, work: Callable[[], Result]) -> Result:
        try:
            return work()
        except StoreUnavailable as error:
            if not self.mend(error):
                raise
        return work()
