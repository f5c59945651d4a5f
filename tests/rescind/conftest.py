"""Commands run in this process, with nothing of the developer's settings around them."""

from __future__ import annotations

import os
from dataclasses import dataclass

import pytest

from rescind import cli


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
