"""A connection that one thread keeps for writing, so that a transaction costs as little as it can."""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any, TypeVar

import sqlalchemy as sa

from core.errors import StoreUnavailable
from store.engine import Database, translated

Result = TypeVar("Result")


class KeptConnection:
    """Runs write transactions of one thread, on PostgreSQL over a connection of its own.

    A connection from the pool is asked first whether it is alive, and a
    transaction begins and ends with statements of its own: four journeys where
    the work is one. So this one is not asked, and each statement commits by
    itself: several statements are not one transaction, and work must be such
    that it can be done again after any of them. SQLite has no journeys to save.
    """

    def __init__(self, database: Database) -> None:
        """Connect to nothing yet."""
        self._database = database
        self._connection: sa.Connection | None = None
        self._driver: Any = None
        self._line: socket.socket | None = None
        self._cutting = threading.Lock()

    def write(self, work: Callable[[sa.Connection], Result]) -> Result:
        """Return what the work returns, committed. Raises StoreUnavailable, or what the work raises."""
        if self._database.is_sqlite:
            with self._database.begin() as connection:
                return work(connection)
        was_kept = self._connection is not None
        try:
            return self._once(work)
        except StoreUnavailable:
            # A server that restarted leaves dead connections behind; one of those says nothing about the server now.
            if not was_kept or self._connection is not None:
                raise
        return self._once(work)

    def _once(self, work: Callable[[sa.Connection], Result]) -> Result:
        with translated():
            connection = self._connection or self._connect()
            try:
                with connection.begin():
                    return work(connection)
            except BaseException:
                if self._driver.closed:
                    self._drop(connection)
                raise

    def _connect(self) -> sa.Connection:
        connection = self._database.engine.connect().execution_options(isolation_level="AUTOCOMMIT")
        self._driver = connection.connection.driver_connection
        with self._cutting:
            # A descriptor of our own for the same socket: the driver's number may already be another connection's.
            self._line = socket.socket(fileno=os.dup(self._driver.fileno()))
        self._connection = connection
        return connection

    def _drop(self, connection: sa.Connection) -> None:
        self._connection = None
        with self._cutting:
            if self._line is not None:
                self._line.close()
                self._line = None
        with suppress(sa.exc.SQLAlchemyError):
            connection.invalidate()
            connection.close()

    def cut(self) -> None:
        """Break the connection from another thread, because the driver waits without end for a server that hangs."""
        with self._cutting, suppress(OSError):
            if self._line is not None:
                self._line.shutdown(socket.SHUT_RDWR)
