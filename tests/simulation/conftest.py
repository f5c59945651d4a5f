"""How many histories are played, how long they are, from which seed, and on which database."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from typing import Any

import pytest
import sqlalchemy as sa
import structlog

from tests.simulation.processes import Web
from tests.simulation.stores import Stores, stores


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("simulation")
    group.addoption("--simulation-examples", type=int, help="how many histories, or interleavings")
    group.addoption("--simulation-steps", type=int, help="how long each history is")
    group.addoption("--simulation-seed", type=int, help="other histories are played from another seed")
    group.addoption("--simulation-replay", help="what a failure gives for @reproduce_failure: its last argument")
    group.addoption("--simulation-database", choices=["sqlite", "postgresql"], help="SQLite unless chosen")


@pytest.fixture(scope="session")
def installation(request) -> Iterator[tuple[Stores, Web]]:
    """A database and an application to play histories on, one after the other."""
    is_server = request.config.getoption("--simulation-database", None) == "postgresql"
    with stores(_database_on(request.getfixturevalue("postgresql_url")) if is_server else None) as made:
        yield made, Web(made.of["primary"])


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    """Histories log what they break; other tests, in the same session, look at what is logged."""
    before = structlog.get_config()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger("critical"))
    yield
    structlog.configure(**before)


@pytest.fixture
def chosen(request):
    """What an option says, or what is usual without it: of a run of all tests they are not even known."""

    def option(name: str, usual: Any) -> Any:
        return request.config.getoption(f"--simulation-{name}", None) or usual

    return option


def _database_on(server: str) -> str:
    name = f"rescind_simulation_{uuid.uuid4().hex[:8]}"
    url = sa.make_url(server).set(drivername="postgresql+psycopg")
    engine = sa.create_engine(url, poolclass=sa.NullPool)
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql(f'CREATE DATABASE "{name}"')
    return url.set(drivername="postgresql", database=name).render_as_string(hide_password=False)
