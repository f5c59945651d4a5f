"""Telnyx's lists over a socket, for everything that reconciles."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.reconciling_world import Lists
from tests.scripted_telnyx import ScriptedTelnyx


@pytest.fixture
def lists() -> Lists:
    return Lists()


@pytest.fixture
def telnyx(lists) -> Iterator[ScriptedTelnyx]:
    server = ScriptedTelnyx(lists)
    yield server
    server.stop()
