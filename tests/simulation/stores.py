"""The databases of a simulation: real ones, each process with connections of its own, and SQL that can fail.

Making an engine and compiling its statements takes longer than a whole history, so engines live as long as the test
session. What is emptied between histories, and closed when a process dies, is what is behind them.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import sqlalchemy as sa

from store import migrating, tables
from store.engine import Database

ROLES = ("primary", "worker", "sweeper", "reconciler", "eyes")
#: In memory, where there is such a place: the disk is not what is tested here.
_MEMORY = Path("/dev/shm")


class Sql:
    """How the database is at the moment, for all who use it but the one that only looks."""

    def __init__(self) -> None:
        self.is_down = False
        self.lost_commits = 0
        """So many commits are carried out, and their answers lost."""
        self.struck = 0
        """How often something failed."""

    def heal(self) -> None:
        self.is_down, self.lost_commits = False, 0


class Stores:
    """The database of one simulated installation, and a folder for its spool."""

    def __init__(self, folder: Path, *, url: str | None = None) -> None:
        self.sql = Sql()
        self.folder = folder
        self._is_file = url is None
        self._file = folder / "rescind.db"
        self.url = url or f"sqlite:///{self._file}"
        self.of = {role: Database(self.url) for role in ROLES}
        migrating.upgrade(self.of["eyes"])
        self._close()
        self._other = folder / "other.db"
        self._beside = Database(f"sqlite:///{self._other}")
        migrating.upgrade(self._beside)
        self._beside.dispose()
        self._template = self._other.read_bytes()
        for role, database in self.of.items():
            if role != "eyes":
                _let_fail(database.engine, self.sql)

    def reset(self) -> None:
        """Begin with an empty database, and no spool."""
        self.sql.__init__()
        self._close()
        for left in self.folder.glob("spool.db*"):
            left.unlink()
        if self._is_file:
            for ending in ("-wal", "-shm"):
                Path(f"{self._file}{ending}").unlink(missing_ok=True)
            # Into the same file: a database that is replaced while in use is refused.
            self._file.write_bytes(self._template)
        else:
            named = ", ".join(f'"{table.name}"' for table in tables.metadata.sorted_tables)
            with self.of["eyes"].begin() as connection:
                connection.exec_driver_sql(f"TRUNCATE {named} RESTART IDENTITY")

    @contextmanager
    def empty(self) -> Iterator[Database]:
        """Another database, empty."""
        self._other.write_bytes(self._template)
        yield self._beside
        self._beside.dispose()

    @property
    def spool(self) -> Path:
        return self.folder / "spool.db"

    def _close(self) -> None:
        for database in self.of.values():
            database.dispose()


@contextmanager
def stores(url: str | None = None) -> Iterator[Stores]:
    """An installation in a folder of its own, on SQLite unless a migrated database is named."""
    folder = Path(tempfile.mkdtemp(prefix="rescind-simulation-", dir=_MEMORY if _MEMORY.is_dir() else None))
    made = Stores(folder, url=url)
    yield made
    for database in made.of.values():
        database.dispose()
    shutil.rmtree(folder)


def _let_fail(engine: sa.Engine, sql: Sql) -> None:
    # The second, because what is written most often goes past the first.
    @sa.event.listens_for(engine, "before_cursor_execute")
    @sa.event.listens_for(engine, "begin")
    def _refuse(*_: object) -> None:
        if sql.is_down:
            sql.struck += 1
            raise sa.exc.OperationalError("", {}, ConnectionError("the simulated database is down"))

    @sa.event.listens_for(engine, "commit")
    def _lose_answer(connection: sa.Connection) -> None:
        if sql.lost_commits:
            sql.lost_commits -= 1
            sql.struck += 1
            connection.connection.driver_connection.commit()
            raise sa.exc.OperationalError("", {}, ConnectionError("the answer to a simulated commit is lost"))
