"""Connections: one engine a process, the same transactions on SQLite and PostgreSQL."""

from __future__ import annotations

import os
import select
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext, suppress
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy import event, exc
from sqlalchemy.dialects.sqlite.base import SQLiteCompiler

from core.errors import SettingsError, StoreUnavailable
from store.write_turn import FILE_MODE, WriteTurn

#: How long SQLite waits for another process's write, and PostgreSQL for a lock, before giving up.
LOCK_TIMEOUT_MS = 1000
#: No statement of ours takes longer on a healthy server; a drain's batch is the largest.
STATEMENT_TIMEOUT_MS = 30_000
#: Both travel with PostgreSQL's BEGIN, which costs no journey more.
_ON_ONE_SNAPSHOT: dict[str, Any] = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
#: What is kept is for us alone: numbers, texts, who refused what.
_FOLDER_MODE = 0o700


class Database:
    """An SQL database: ``begin()`` to write, ``read()`` to look.

    On SQLite writers queue at a lock file beside the database instead of
    fighting for SQLite's own lock, whose waiters sleep and poll: an orderly
    queue keeps the slowest commit at a fifth.
    """

    def __init__(self, url: str | sa.URL, *, pool_size: int = 5, named_by: str = "DATABASE_URL") -> None:
        """Open nothing yet: the first connection is made in the process that uses it.

        ``named_by`` is the setting that names it, for whoever reads of a trouble with it.
        """
        self.named_by = named_by
        self.url = _checked(url) if isinstance(url, str) else url
        self.is_sqlite = self.url.get_backend_name() == "sqlite"
        self.engine = _sqlite_engine(self.url, named_by) if self.is_sqlite else _postgresql_engine(self.url, pool_size)
        #: The right to write, which one transaction at a time has on SQLite, and any number have on PostgreSQL.
        self.turn = (
            WriteTurn(Path(str(self.url.database)), replaced=self.engine.dispose) if self.is_sqlite else nullcontext()
        )

    @contextmanager
    def begin(self) -> Iterator[sa.Connection]:
        """Run a write transaction: committed when the block ends, rolled back when it raises.

        Raises StoreUnavailable when the database cannot be reached, or is locked for too long.
        """
        # A write takes its lock at once; turning a read into a write halfway fails when another wrote meanwhile.
        options = {"begin": "BEGIN IMMEDIATE"}
        with (
            translated(self),
            self.turn,
            self.engine.connect().execution_options(**options) as connection,
            connection.begin(),
        ):
            yield connection

    @contextmanager
    def read(self) -> Iterator[sa.Connection]:
        """Run statements that change nothing, all on one snapshot.

        Raises StoreUnavailable when the database cannot be reached.
        """
        with translated(self):
            if isinstance(self.turn, WriteTurn):
                self.turn.require_same_file()
            with self.engine.connect() as connection:
                yield connection if self.is_sqlite else connection.execution_options(**_ON_ONE_SNAPSHOT)

    @property
    def generation(self) -> int:
        """Which file this is, when an SQLite file was replaced: connections made for an earlier one must be dropped."""
        return self.turn.generation if isinstance(self.turn, WriteTurn) else 0

    def dispose(self) -> None:
        """Close every connection, and the lock file; using it again opens them anew."""
        self.engine.dispose()
        if isinstance(self.turn, WriteTurn):
            self.turn.close()


def _checked(raw: str) -> sa.URL:
    try:
        url = sa.make_url(raw)
    except (exc.ArgumentError, ValueError):
        raise SettingsError(
            "DATABASE_URL is not a database URL such as sqlite:///var/rescind.db or postgresql://user:password@host/name"
        ) from None
    if raw.count("@") > 1:
        raise SettingsError("DATABASE_URL has more than one '@'; write one that is part of the password as %40")
    backend = url.get_backend_name()
    if backend == "sqlite":
        if url.query:
            raise SettingsError(
                "DATABASE_URL has options behind a '?', which an SQLite file does not take; leave them out"
            )
        if not url.database or url.database == ":memory:":
            raise SettingsError(
                "DATABASE_URL names an SQLite database in memory, which several processes cannot share; name a file: sqlite:///var/rescind.db"
            )
        return url
    if backend in {"postgresql", "postgres"}:  # hosting platforms hand out the short form
        return url.set(drivername="postgresql+psycopg")
    raise SettingsError(f"DATABASE_URL starts with '{url.drivername}', supported are sqlite:/// and postgresql://")


def _sqlite_engine(url: sa.URL, named_by: str) -> sa.Engine:
    path = Path(str(url.database))
    try:
        path.parent.mkdir(_FOLDER_MODE, parents=True, exist_ok=True)
    except OSError as error:
        raise SettingsError(
            f"{named_by} names {path}, whose folder cannot be made: {error.strerror}; name one that may be written"
        ) from None
    engine = sa.create_engine(
        url,
        hide_parameters=True,
        connect_args={"timeout": LOCK_TIMEOUT_MS / 1000, "check_same_thread": False},
    )

    engine.dialect.statement_compiler = _HintedCompiler

    @event.listens_for(engine, "do_connect")
    def _create(*_: object) -> None:
        # SQLite would let everybody read it. Its other files get the rights of this one. A file that is there already
        # must not be opened: closing it again lets go of every lock that this process has on it, and then the next
        # program to end removes the write-ahead log that we still write to.
        with suppress(OSError):
            os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, FILE_MODE))

    @event.listens_for(engine, "begin")
    def _begin(connection: sa.Connection) -> None:
        how = connection.get_execution_options().get("begin", "BEGIN")
        if how:
            connection.exec_driver_sql(how)

    @event.listens_for(engine, "connect")
    def _prepare(connection: sqlite3.Connection, _record: Any) -> None:  # noqa: ANN401 - SQLAlchemy's record is opaque
        # We begin transactions ourselves: Python's own would begin them late, after the first read.
        connection.isolation_level = None
        for pragma in (
            "journal_mode=WAL",
            "synchronous=FULL",
            "foreign_keys=ON",
            "temp_store=MEMORY",
            "cache_size=-8000",
        ):
            connection.execute(f"PRAGMA {pragma}")

    return engine


class _HintedCompiler(SQLiteCompiler):
    """Writes out ``INDEXED BY``, which SQLAlchemy leaves away: without statistics SQLite picks the wrong index."""

    def get_from_hint_text(self, table: sa.FromClause, text: str | None) -> str | None:  # noqa: ARG002 - SQLAlchemy's signature
        """Return the hint as given to ``with_hint``."""
        return text


def _postgresql_engine(url: sa.URL, pool_size: int) -> sa.Engine:
    options = (
        f"-c lock_timeout={LOCK_TIMEOUT_MS * 5} -c statement_timeout={STATEMENT_TIMEOUT_MS} "
        f"-c idle_in_transaction_session_timeout={STATEMENT_TIMEOUT_MS} -c timezone=UTC"
    )
    engine = sa.create_engine(
        url,
        hide_parameters=True,
        pool_size=pool_size,
        max_overflow=pool_size,
        pool_timeout=1,
        connect_args={
            "options": options,
            "connect_timeout": 2,
            "prepare_threshold": 2,
            "keepalives_idle": 5,
            "keepalives_interval": 2,
            "keepalives_count": 3,
            "tcp_user_timeout": 5000,
        },
    )

    @event.listens_for(engine, "checkout")
    def _look(connection: Any, *_: object) -> None:  # noqa: ANN401 - the driver's own
        # A server that ended has closed the line, and of one that vanished the keepalives tell. Either shows here, so
        # that no transaction has to ask first. What else a server may say unasked is a reason to begin anew as well.
        if connection.closed or _has_come_in(connection.fileno()):
            raise exc.DisconnectionError

    return engine


def _has_come_in(descriptor: int) -> bool:
    line = select.poll()
    line.register(descriptor, select.POLLIN)
    return bool(line.poll(0))


@contextmanager
def translated(database: Database) -> Iterator[None]:
    """Turn what the drivers raise when the database is away, or not as we need it, into our one retryable error."""
    try:
        yield
    except (exc.OperationalError, exc.TimeoutError, exc.InterfaceError, exc.InternalError) as error:
        raise StoreUnavailable(
            f"the database that {database.named_by} names cannot be used now: {_first_line(error)}"
        ) from error
    except exc.DBAPIError as error:
        if error.connection_invalidated:
            raise StoreUnavailable(f"the database connection broke: {_first_line(error)}") from error
        if _is_about_the_database(error):
            raise StoreUnavailable(
                f"the database that {database.named_by} names is not as it should be: {_first_line(error)};"
                f" see that {database.named_by} names the right one"
            ) from error
        raise


def _is_about_the_database(error: exc.DBAPIError) -> bool:
    """Return True when it is no database, lacks a table or a column, or denies us one, whatever the statement's values.

    A value that the driver cannot send is a ProgrammingError as well; then no server was asked, and none gave a state.
    """
    if isinstance(error, exc.ProgrammingError):
        return getattr(error.orig, "sqlstate", None) is not None or "connection option" in str(error.orig)
    return type(error) is exc.DatabaseError


def _first_line(error: BaseException) -> str:
    original = getattr(error, "orig", None) or error
    return (str(original).strip().splitlines() or [type(original).__name__])[0]
