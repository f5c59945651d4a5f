"""The trial write that says whether an event could be stored: it must really need room, and take none."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
import sqlalchemy as sa

from core.errors import StoreUnavailable
from store import inbox
from store.engine import Database
from store.kept_connection import KeptConnection


@contextmanager
def kept_on(database: Database) -> Iterator[KeptConnection]:
    kept = KeptConnection(database)
    yield kept
    # Work that fails is what closes it.
    with suppress(StoreUnavailable):
        kept.write(lambda connection: connection.exec_driver_sql("SELECT * FROM no_such_table"))


def test_trial_write_leaves_one_row_and_no_event(database):
    with kept_on(database) as kept:
        for _ in range(3):
            kept.write(inbox.require_writable)
    with database.read() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM write_trials").scalar_one() == 1
        assert connection.exec_driver_sql("SELECT count(*) FROM inbox").scalar_one() == 0


def test_trial_write_needs_pages_of_its_own_each_time_on_postgresql(postgresql_database):
    size = sa.text("SELECT pg_total_relation_size('write_trials')")
    found = []
    with kept_on(postgresql_database) as kept:
        for _ in range(4):
            kept.write(inbox.require_writable)
            found += kept.write(lambda connection: list(connection.scalars(size)))
    assert found == sorted(set(found))


def test_trial_write_commits_pages_on_sqlite(sqlite_database):
    log = Path(f"{sqlite_database.url.database}-wal")
    with kept_on(sqlite_database) as kept:
        kept.write(inbox.require_writable)
        before = log.stat().st_size
        kept.write(inbox.require_writable)
        assert log.stat().st_size - before >= 16 * 1024


def test_full_disk_is_not_writable_until_there_is_room_again(sqlite_template, disk):
    path = disk.folder / "rescind.db"
    path.write_bytes(sqlite_template.read_bytes())
    database = Database(f"sqlite:///{path}")
    with kept_on(database) as kept:
        kept.write(inbox.require_writable)
        disk.fill()
        with pytest.raises(StoreUnavailable):
            kept.write(inbox.require_writable)
        disk.make_room()
        kept.write(inbox.require_writable)
    database.dispose()
