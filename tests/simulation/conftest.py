"""How many histories are played, how long they are, and from which seed."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import structlog

from tests.simulation.processes import Web
from tests.simulation.stores import Stores, stores


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("simulation")
    group.addoption("--simulation-examples", type=int, default=300, help="how many histories")
    group.addoption("--simulation-steps", type=int, default=40, help="how long each of them is")
    group.addoption("--simulation-seed", type=int, default=1, help="others are played from another seed")


@pytest.fixture(scope="session")
def installation() -> Iterator[tuple[Stores, Web]]:
    """A database and an application to play histories on, one after the other."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger("critical"))
    with stores() as made:
        yield made, Web(made.of["primary"])
    structlog.reset_defaults()
