"""What tests of the web processes share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from store.engine import Database
from tests.api_calls import Api, untouched
from tests.door_world import DoorWorld, door


@pytest.fixture
def api(database) -> Api:
    """The API over a database of each kind."""
    return Api(database)


@pytest.fixture
def quick_api(sqlite_database) -> Api:
    """The API for what never comes to the database."""
    return Api(sqlite_database)


@pytest.fixture(scope="module")
def untouched_api(sqlite_template, tmp_path_factory) -> Iterator[Api]:
    """The API for what leaves no trace in the database."""
    with untouched(sqlite_template, tmp_path_factory.mktemp("api")) as api:
        yield api


@pytest.fixture
def postgresql(postgresql_database_url) -> Iterator[Database]:
    """A look past the server at its database."""
    database = Database(postgresql_database_url)
    yield database
    database.dispose()


@pytest.fixture
def world(database) -> Iterator[DoorWorld]:
    """The door over a database of each kind."""
    with door(database) as world:
        yield world


@pytest.fixture
def small_world(sqlite_database) -> Iterator[DoorWorld]:
    """The door over SQLite, for what does not depend on the kind."""
    with door(sqlite_database) as world:
        yield world
