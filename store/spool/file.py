"""The spool's file: made when it is missing, and set aside when it is damaged, so that events are always taken.

All of it happens under the right to write, so of several processes one does it and the others follow.
"""

from __future__ import annotations

import glob
import logging
import os
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import closing, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

from core.errors import SettingsError, StoreUnavailable
from store.engine import Database, translated
from store.spool import place
from store.spool.table import APPLICATION, FORMAT, create
from store.write_turn import FILE_MODE, WriteTurn

#: How long the whole file is looked through at most when it is opened; what is found later is found later.
_LOOK_FOR = timedelta(seconds=2)
#: Instructions of SQLite's machine between two looks at the clock.
_STEPS = 10_000
#: An error that comes so soon after a file was set aside is about that one.
_SETTLING = timedelta(seconds=10)
_BROKEN = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}
#: A file that was cut off while in use; the other one is the file system's own word for damage.
_BROKEN_IN_USE = {sqlite3.SQLITE_IOERR_SHORT_READ, sqlite3.SQLITE_IOERR_CORRUPTFS}

_log = logging.getLogger(__name__)


class SpoolFile:
    """The file of one spool, as one process sees it."""

    def __init__(self, path: Path, database: Database) -> None:
        """Look at nothing yet."""
        self._path = path
        self._database = database
        self._mending = threading.Lock()
        self._ready_for: int | None = None
        self._set_aside_at = float("-inf")

    def open(self) -> None:
        """Look the file through, set it aside when it is damaged or another release's, and make it when it is missing.

        Raises StoreUnavailable when that cannot be done now, and SettingsError for another program's file.
        """
        place.require_own(self._path)
        with self._mending:
            try:
                seen, trouble = self._identity(), self._examined()
            except StoreUnavailable:
                # It may have been moved while it was looked at; nobody moves it while this process has the turn.
                with translated(self._database), self._database.turn:
                    seen, trouble = self._identity(), self._examined()
            self._make_ready(seen, trouble)

    def require_sound(self) -> None:
        """Raise StoreUnavailable when the file is not fit to be used, and change nothing.

        Raises SettingsError for another program's file.
        """
        place.require_own(self._path)
        trouble = self._examined()
        if trouble is not None:
            raise StoreUnavailable(
                f"the spool {self._path} {_said_of(trouble)}; the failover process sets it aside and saves what can be"
                " read"
            )
        if not _has_content(self._path):
            # To open it would throw away a write-ahead log that is left of it.
            raise StoreUnavailable(f"the spool {self._path} is empty; the failover process makes it fit to be used")

    def mend(self, error: StoreUnavailable) -> bool:
        """Return True when the file was gone or damaged and is a good one now, so that it is worth trying again."""
        with self._mending:
            broken = _is_broken(error.__cause__)
            if not broken and self._ready_for == self._database.generation:
                return False
            if not broken and self._identity() is None:
                _log.error("the spool %s was removed while in use: a new one is opened in its place", self._path)
            has_settled = time.monotonic() - self._set_aside_at > _SETTLING.total_seconds()
            self._make_ready(self._identity(), str(error) if broken and has_settled else None)
            return True

    def set_asides(self) -> Iterator[Path]:
        """Return the files that were set aside and that this release can read."""
        for word in ("corrupt", f"format{FORMAT}"):
            yield from self._beside(f"{word}-*Z")

    def _make_ready(self, seen: object, trouble: str | None) -> None:
        while True:
            generation = self._database.generation
            try:
                with translated(self._database), self._database.turn:
                    if trouble is not None and self._identity() == seen:
                        self._replace(trouble)
                    elif not _has_content(self._path) and _has_content(self._log_of(self._path)):
                        # SQLite would throw the write-ahead log away, and the events in it.
                        self._replace("all of it is gone but its log")
                    self._finish_setting_aside()
                    self._create()
                    self._ready_for = self._database.generation
            except StoreUnavailable:
                # Somebody else has set it aside; what they have put there is looked at in its turn.
                if self._database.generation == generation:
                    raise
            else:
                return

    def _identity(self) -> tuple[int, int] | None:
        try:
            found = self._path.stat()
        except OSError:
            return None
        return found.st_dev, found.st_ino

    def _examined(self) -> str | None:
        """Return what is wrong with the file, if anything."""
        if not _has_content(self._path):
            return None
        try:
            with closing(sqlite3.connect(self._path, timeout=1, isolation_level=None)) as connection:
                return self._trouble(connection)
        except sqlite3.DatabaseError as error:
            if _is_broken(error):
                return str(error)
            raise StoreUnavailable(f"the spool {self._path} cannot be opened: {error}") from error

    def _trouble(self, connection: sqlite3.Connection) -> str | None:
        (tables,) = connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()
        (application,) = connection.execute("PRAGMA application_id").fetchone()
        (number,) = connection.execute("PRAGMA user_version").fetchone()
        if tables and application != APPLICATION:
            raise SettingsError(
                f"RESCIND_SPOOL names {self._path}, which is a database of something else; name a file of its own"
            )
        if tables and number != FORMAT:
            return f"format {number}"
        until = time.monotonic() + _LOOK_FOR.total_seconds()
        connection.set_progress_handler(lambda: time.monotonic() > until, _STEPS)
        try:
            (said,) = connection.execute("PRAGMA quick_check(1)").fetchone()
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_INTERRUPT:
                raise
            return None
        return None if said == "ok" else str(said).replace("\n", " ")

    def _replace(self, trouble: str) -> None:
        word = trouble.replace(" ", "") if _is_of_another_release(trouble) else "corrupt"
        aside = _free_name(f"{self._path}.{word}-{datetime.now(UTC):%Y%m%dT%H%M%S}")
        self._move(aside)
        told = "the spool %s %s: it is set aside as %s, and a new one opened in its place"
        _log.error(told, self._path, _said_of(trouble), aside)

    def _finish_setting_aside(self) -> None:
        """Move the rest of a file of which a process that was killed has moved the write-ahead log only."""
        for log in self._beside("*Z-wal"):
            aside = Path(str(log).removesuffix("-wal"))
            if not aside.exists():
                self._move(aside)

    def _move(self, aside: Path) -> None:
        """Move the file under another name, its write-ahead log first: SQLite must never find a log of another file."""
        log, log_aside = self._log_of(self._path), self._log_of(aside)
        if log.exists() and not log_aside.exists():
            log.rename(log_aside)
        Path(f"{self._path}-shm").unlink(missing_ok=True)
        try:
            self._path.rename(aside)
        except FileNotFoundError:
            aside.touch(FILE_MODE)
        folder = os.open(self._path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
        self._set_aside_at = time.monotonic()
        if isinstance(self._database.turn, WriteTurn):
            # Have every connection of this process notice.
            with suppress(StoreUnavailable):
                self._database.turn.require_same_file()

    def _beside(self, ending: str) -> list[Path]:
        return sorted(self._path.parent.glob(f"{glob.escape(self._path.name)}.{ending}"))

    @staticmethod
    def _log_of(path: Path) -> Path:
        return Path(f"{path}-wal")

    def _create(self) -> None:
        options = {"begin": "BEGIN IMMEDIATE"}
        with self._database.engine.connect().execution_options(**options) as connection, connection.begin():
            if not connection.exec_driver_sql("SELECT count(*) FROM sqlite_schema").scalar():
                create(connection)


def _is_of_another_release(trouble: str) -> bool:
    return trouble.startswith("format ")


def _said_of(trouble: str) -> str:
    return f"is of another release ({trouble})" if _is_of_another_release(trouble) else f"is damaged ({trouble})"


def _is_broken(error: BaseException | None) -> bool:
    code = getattr(getattr(error, "orig", error), "sqlite_errorcode", 0)
    return code in _BROKEN_IN_USE or code & 0xFF in _BROKEN


def _has_content(path: Path) -> bool:
    return path.exists() and path.stat().st_size > 0


def _free_name(start: str) -> Path:
    """Return a name that no file has, ending in Z as the UTC time that it holds does."""
    number, name = 1, Path(f"{start}Z")
    while name.exists():
        number += 1
        name = Path(f"{start}.{number}Z")
    return name
