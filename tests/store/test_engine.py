"""Connections: who may read the files, what a reader sees, and which errors mean that the database is to blame."""

from __future__ import annotations

import os
import shutil
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, closing
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from core.errors import SettingsError, StoreUnavailable
from core.inbox import Acceptance
from store.engine import Database
from store.group_commit import GroupCommit
from store.inbox import NewEvent
from store.migrating import upgrade
from store.tables import inbox
from tests.reports import NOW


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


@pytest.mark.parametrize(
    ("url", "said"),
    [
        pytest.param("nonsense", "is not a database URL", id="no URL"),
        pytest.param("postgresql://u:p@host:abc/d", "is not a database URL", id="no port"),
        pytest.param("postgresql://u:right@pw@127.0.0.1/d", "as %40", id="an unescaped @ in the password"),
        pytest.param("mysql://host/d", "supported are", id="another kind of database"),
        pytest.param("sqlite://", "in memory", id="in memory"),
        pytest.param("sqlite:///x.db?mode=ro", "leave them out", id="options"),
        pytest.param("sqlite:////proc/none/x.db", "cannot be made", id="a folder that cannot be made"),
    ],
)
def test_wrong_url_is_refused_in_one_line_without_its_password(url, said):
    with pytest.raises(SettingsError) as refusal:
        Database(url)
    assert said in str(refusal.value)
    assert str(refusal.value).startswith("DATABASE_URL ")
    assert "\n" not in str(refusal.value)
    assert "pw" not in str(refusal.value)


def test_file_that_is_no_database_is_said_to_be_none(tmp_path):
    (tmp_path / "notes.db").write_text("buy milk, " * 500)
    with pytest.raises(StoreUnavailable, match="not a database; see that DATABASE_URL names the right one"):
        upgrade(Database(f"sqlite:///{tmp_path}/notes.db"))


def test_database_of_a_newer_release_is_refused_with_the_remedy(database):
    with database.begin() as connection:
        connection.execute(sa.text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(SettingsError, match="newer release"):
        upgrade(database)


def remove(path: Path) -> None:
    for part in path.parent.glob(f"{path.name}*"):
        if part.suffix != ".lock":
            part.unlink()


def test_nothing_is_acknowledged_into_a_file_that_is_gone(sqlite_database):
    commit = GroupCommit(sqlite_database, deadline=timedelta(seconds=60))
    assert commit.put(new_event("before")) is Acceptance.ACCEPTED
    path = Path(sqlite_database.url.database)
    remove(path)

    with pytest.raises(StoreUnavailable, match="removed while in use"):
        commit.put(new_event("meanwhile"))
    with pytest.raises(StoreUnavailable):
        commit.put(new_event("still away"))
    upgrade(sqlite_database)
    assert commit.put(new_event("after")) is Acceptance.ACCEPTED
    assert accepted_in(path) == ["after"]


def test_file_that_was_put_in_place_is_used_at_once_however_late_that_is_seen(sqlite_database, sqlite_template, caplog):
    """A process that had nothing to do while a backup was restored refuses nobody because of it."""
    commit = GroupCommit(sqlite_database, deadline=timedelta(seconds=60))
    looking = Database(sqlite_database.url)
    assert commit.put(new_event("before")) is Acceptance.ACCEPTED
    assert count_in(looking) == 1
    path = Path(sqlite_database.url.database)
    remove(path)
    shutil.copy(sqlite_template, path)

    assert count_in(looking) == 0
    assert commit.put(new_event("after")) is Acceptance.ACCEPTED
    assert accepted_in(path) == ["after"]
    assert count_in(looking) == 1
    assert [record.getMessage() for record in caplog.records] == [
        f"the database file {path} was replaced while in use; what is there now is used"
    ] * 2
    looking.dispose()


def accepted_in(path: Path) -> list[str]:
    with closing(sqlite3.connect(path)) as look:
        return [event_id for (event_id,) in look.execute("SELECT event_id FROM inbox")]


def count_in(database: Database) -> int:
    with database.read() as connection:
        return int(connection.scalar(sa.select(sa.func.count()).select_from(inbox)))


def test_log_stays_while_it_is_in_use_whoever_else_connects_and_ends(sqlite_database):
    commit = GroupCommit(sqlite_database, deadline=timedelta(seconds=60))
    path = str(sqlite_database.url.database)
    assert commit.put(new_event("before")) is Acceptance.ACCEPTED
    assert count_in(sqlite_database) == 1

    assert count_elsewhere(path) == 1
    assert commit.put(new_event("after")) is Acceptance.ACCEPTED

    assert count_elsewhere(path) == 2


def count_elsewhere(path: str) -> int:
    """Look into a database from another process, which would clean up after itself if it thought to be the last."""
    look = f"import sqlite3; c = sqlite3.connect({path!r}); print(*c.execute('SELECT count(*) FROM inbox').fetchone())"
    ran = subprocess.run([sys.executable, "-c", f"{look}; c.close()"], capture_output=True, check=True, text=True)
    return int(ran.stdout)


def new_event(event_id: str) -> NewEvent:
    return NewEvent(
        event_id=event_id,
        event_type="message.sent",
        received_at=NOW,
        source="webhook",
        raw=b"{}",
        signature="",
        signature_timestamp="",
        digest=event_id,
    )


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="this system does not show a process its open files")
def test_disposed_database_holds_no_file_open_and_can_be_used_again(sqlite_database, sqlite_url):
    path = sa.make_url(sqlite_url).database
    with sqlite_database.begin() as connection:
        connection.execute(sa.select(inbox))

    sqlite_database.dispose()

    held = [str(each.readlink()) for each in Path("/proc/self/fd").iterdir() if each.is_symlink()]
    assert not [each for each in held if each.startswith(path)]
    with sqlite_database.begin() as connection:
        assert connection.execute(sa.select(inbox)).all() == []


@pytest.fixture
def onlooker(postgresql_database) -> Iterator[Database]:
    """Another process's way to the same server."""
    database = Database(postgresql_database.url)
    yield database
    database.dispose()


def servers_of(database: Database, number: int) -> list[int]:
    """Have the pool hold so many connections that nobody uses; the process ids of their servers."""
    with ExitStack() as stack:
        used = [stack.enter_context(database.read()) for _ in range(number)]
        return [connection.scalar(sa.text("SELECT pg_backend_pid()")) for connection in used]


def test_taking_a_connection_asks_the_server_nothing(postgresql_database, onlooker):
    (pid,) = servers_of(postgresql_database, 1)

    def asked_at():
        with onlooker.read() as connection:
            return connection.scalar(
                sa.text("SELECT state_change FROM pg_stat_activity WHERE pid = :pid"), {"pid": pid}
            )

    before = asked_at()
    with postgresql_database.engine.connect() as connection:
        assert connection.connection.driver_connection.info.backend_pid == pid
        assert asked_at() == before


def test_connections_that_the_server_has_closed_are_replaced_unnoticed(postgresql_database, onlooker):
    ended = servers_of(postgresql_database, 3)
    with onlooker.begin() as connection:
        for pid in ended:
            assert connection.scalar(sa.text("SELECT pg_terminate_backend(:pid, 10000)"), {"pid": pid})
    assert not set(ended) & set(servers_of(postgresql_database, 3))
