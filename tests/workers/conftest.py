"""Telnyx over a socket, with its lists for everything that reconciles."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from schemas.secret import Secret
from tests.cancelling_world import KEY
from tests.reconciling_world import Lists
from tests.scripted_telnyx import ScriptedTelnyx
from workers.telnyx import TelnyxClient


@pytest.fixture
def lists() -> Lists:
    return Lists()


@pytest.fixture
def telnyx(lists) -> Iterator[ScriptedTelnyx]:
    server = ScriptedTelnyx(lists)
    yield server
    server.stop()


@pytest.fixture
def client(telnyx) -> Iterator[TelnyxClient]:
    """Asks the Telnyx of the test."""
    client = TelnyxClient(Secret(KEY), telnyx.url)
    yield client
    client.close()
