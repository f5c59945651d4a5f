"""Connections: who may read the files, what a reader sees, and which errors mean that the database is to blame."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest
import sqlalchemy as sa

from core.errors import StoreUnavailable
from store.engine import Database
from store.migrating import upgrade
from store.tables import inbox


@pytest.fixture
def open_umask():
    """The umask that lets others in the most."""
    before = os.umask(0)
    yield
    os.umask(before)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.mark.usefixtures("open_umask")
def test_files_of_a_new_database_are_for_nobody_else(tmp_path):
    folder = tmp_path / "var"
    database = Database(f"sqlite:///{folder}/rescind.db")
    upgrade(database)
    with database.begin() as connection, database.read():
        connection.execute(sa.update(inbox).values(tries=0))
        files = {path.name: mode(path) for path in folder.iterdir()}
    database.dispose()
    assert mode(folder) == 0o700
    assert set(files) == {"rescind.db", "rescind.db-wal", "rescind.db-shm", "rescind.db.lock"}
    assert set(files.values()) == {0o600}


@pytest.mark.usefixtures("open_umask")
def test_folder_that_is_there_stays_as_it_is(tmp_path):
    tmp_path.chmod(0o755)
    Database(f"sqlite:///{tmp_path}/rescind.db").dispose()
    assert mode(tmp_path) == 0o755
    assert list(tmp_path.iterdir()) == []


def test_folder_that_takes_no_file_is_a_database_that_is_away(tmp_path):
    database = Database(f"sqlite:///{tmp_path}/rescind.db")
    (tmp_path / "rescind.db").mkdir()
    with pytest.raises(StoreUnavailable), database.read() as connection:
        connection.exec_driver_sql("SELECT 1")


def test_reader_sees_one_moment(database):
    count = sa.select(sa.func.count()).select_from(sa.table("campaigns"))
    with database.read() as connection:
        assert connection.scalar(count) == 0
        with database.begin() as other:
            other.exec_driver_sql("INSERT INTO campaigns (key, status) VALUES ('a', 'active')")
        assert connection.scalar(count) == 0
    with database.read() as connection:
        assert connection.scalar(count) == 1


def test_reader_can_change_nothing_on_postgresql(postgresql_database):
    with pytest.raises(StoreUnavailable, match="read-only"), postgresql_database.read() as connection:
        connection.exec_driver_sql("DELETE FROM inbox")
    with postgresql_database.begin() as connection:
        connection.exec_driver_sql("DELETE FROM inbox")


@pytest.mark.parametrize("statement", ["SELECT * FROM not_made_yet", "SELECT not_made_yet FROM inbox"])
def test_table_or_column_that_is_not_there_yet_is_a_database_that_is_away(database, statement):
    with pytest.raises(StoreUnavailable, match="not_made_yet"), database.begin() as connection:
        connection.exec_driver_sql(statement)


def test_right_that_is_not_given_is_a_database_that_is_away(postgresql_database):
    without_rights = "SET LOCAL ROLE pg_monitor; SELECT * FROM inbox"
    with pytest.raises(StoreUnavailable, match="permission denied"), postgresql_database.begin() as connection:
        connection.exec_driver_sql(without_rights)


def test_value_that_cannot_be_stored_is_no_trouble_of_the_database(database):
    with pytest.raises(sa.exc.IntegrityError), database.begin() as connection:
        connection.execute(sa.insert(inbox).values(event_id=None))


def test_value_that_cannot_be_sent_is_no_trouble_of_the_database(database):
    with pytest.raises(sa.exc.DBAPIError) as refused, database.begin() as connection:
        connection.execute(
            sa.select(inbox.c.seq).where(inbox.c.seq == sa.bindparam("at", object(), sa.types.NullType()))
        )
    assert not isinstance(refused.value, sa.exc.OperationalError)


def test_value_out_of_range_is_no_trouble_of_the_database(postgresql_database):
    with pytest.raises(sa.exc.DataError), postgresql_database.begin() as connection:
        connection.execute(sa.update(inbox).values(event_id="a\x00"))
