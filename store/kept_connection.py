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
    """Runs write transactions of one thread over a connection that nobody else uses.

    Each statement commits by itself, which on PostgreSQL makes one journey of three. When the connection turns out to
    be dead, the work is done again over a new one. So work must be such that it can be done again after any of its
    statements.
    """

    def __init__(self, database: Database) -> None:
        """Connect to nothing yet."""
        self._database = database
        self._connection: sa.Connection | None = None
        self._driver: Any = None
        self._generation = 0
        self._was_dead = False
        self._line: socket.socket | None = None
        self._cutting = threading.Lock()

    def write(self, work: Callable[[sa.Connection], Result]) -> Result:
        """Return what the work returns, committed. Raises StoreUnavailable, or what the work raises."""
        was_kept = self._connection is not None
        try:
            return self._once(work)
        except StoreUnavailable:
            # A server that restarted leaves dead connections behind, which say nothing about the server now.
            if not (was_kept and self._was_dead):
                raise
        return self._once(work)

    def _once(self, work: Callable[[sa.Connection], Result]) -> Result:
        with translated(self._database), self._database.turn:
            if self._connection is not None and self._generation != self._database.generation:
                self._drop(self._connection)
            connection = self._connection or self._connect()
            try:
                with connection.begin():
                    return work(connection)
            except BaseException:
                # A statement that took too long, say, ends the work as well, and would do so again.
                self._was_dead = self._is_dead()
                self._drop(connection)
                raise

    def _connect(self) -> sa.Connection:
        connection = self._database.engine.connect()
        self._generation = self._database.generation
        self._driver = connection.connection.driver_connection
        if self._database.is_sqlite:
            connection = connection.execution_options(begin="")
        else:
            connection = connection.execution_options(isolation_level="AUTOCOMMIT")
            with self._cutting:
                # A descriptor of our own for the same socket: the driver's number may already be another connection's.
                self._line = socket.socket(fileno=os.dup(self._driver.fileno()))
        self._connection = connection
        return connection

    def _is_dead(self) -> bool:
        return not self._database.is_sqlite and bool(self._driver.closed)

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
