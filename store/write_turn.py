"""The right to write to an SQLite file: one writer at a time, and always to the file that was opened."""

from __future__ import annotations

import fcntl
import logging
import os
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from core.errors import StoreUnavailable

FILE_MODE = 0o600

_log = logging.getLogger(__name__)


class WriteTurn:
    """One writer at a time, over threads and processes, in the order the kernel wakes them."""

    def __init__(self, database: Path, *, replaced: Callable[[], None]) -> None:
        """Open nothing yet; ``replaced`` is called when the database's file has become another one."""
        self._database = database
        self._replaced = replaced
        self._path = Path(f"{database}.lock")
        self._threads = threading.Lock()
        self._file: int | None = None
        self._opened_in = os.getpid()
        self._identity: tuple[int, int] | None = None
        self.generation = 0
        """Counts the files that there have been: a connection from before goes to one that is gone."""

    def __enter__(self) -> None:
        self._threads.acquire()
        try:
            # A lock that came by a fork is the parent's as well, and keeps nobody out.
            if self._file is None or self._opened_in != os.getpid():
                self._file = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, FILE_MODE)
                self._opened_in = os.getpid()
            fcntl.flock(self._file, fcntl.LOCK_EX)
            self.require_same_file()
        except OSError as error:
            self.__exit__()
            raise StoreUnavailable(f"the lock file {self._path} cannot be used: {error.strerror}") from error
        except StoreUnavailable:
            self.__exit__()
            raise

    def __exit__(self, *_: object) -> None:
        if self._file is not None:
            with suppress(OSError):
                fcntl.flock(self._file, fcntl.LOCK_UN)
        self._threads.release()

    def close(self) -> None:
        """Let go of the lock file until the next turn; while it is somebody's turn, it stays open."""
        if self._threads.acquire(blocking=False):
            try:
                if self._file is not None:
                    os.close(self._file)
                    self._file = None
            finally:
                self._threads.release()

    def require_same_file(self) -> None:
        """See to it that no connection goes to a file that is gone: what is written there is lost.

        One that has taken its place, a backup say, is used from here on. Raises StoreUnavailable when there is none.
        """
        try:
            found = self._database.stat()
        except FileNotFoundError:
            identity = None
        else:
            identity = found.st_dev, found.st_ino
        if self._identity is None or self._identity == identity:
            self._identity = identity
            return
        self._identity = identity
        self.generation += 1
        self._replaced()
        if identity is None:
            raise StoreUnavailable(f"the database file {self._database} was removed while in use")
        _log.warning("the database file %s was replaced while in use; what is there now is used", self._database)
