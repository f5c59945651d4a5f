"""Commands run in this process, with nothing of the developer's settings around them."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest

from rescind import cli
from store.spool import Spool
from tests.fake_primary import FakePrimary
from tests.waiting import spool_in


@dataclass(frozen=True)
class Ran:
    """What a command printed, and how it ended."""

    status: int
    out: str
    err: str


@pytest.fixture
def run(monkeypatch, capsys, tmp_path):
    """Runs a command in an empty folder, with the settings given."""
    monkeypatch.chdir(tmp_path)
    for name in list(os.environ):
        if name.startswith(("RESCIND_", "TELNYX_", "DATABASE_URL", "REDIS_URL")):
            monkeypatch.delenv(name)

    def run_(*arguments: str, **settings: str) -> Ran:
        with monkeypatch.context() as patch:
            for name, value in settings.items():
                patch.setenv(name, value)
            status = cli.main(list(arguments))
        captured = capsys.readouterr()
        return Ran(status, captured.out, captured.err)

    return run_


@pytest.fixture
def asking(sqlite_url) -> Callable[[str], dict[str, str]]:
    """The settings of a command that asks a Telnyx of the test's own, as quickly as it likes."""
    ours = {"DATABASE_URL": sqlite_url, "TELNYX_API_KEY": "KEY_test", "RESCIND_CANCEL_RATE": "1000"}
    return lambda telnyx: ours | {"TELNYX_BASE_URL": telnyx}


@pytest.fixture
def primary() -> Iterator[FakePrimary]:
    with FakePrimary() as primary:
        yield primary


@pytest.fixture
def spool(tmp_path) -> Iterator[Spool]:
    folder = tmp_path / "failover"
    folder.mkdir()
    with spool_in(folder) as spool:
        yield spool
