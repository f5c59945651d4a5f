"""What tests of the web processes share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.door_world import DoorWorld, door


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
