from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path

import click
import pytest

from rescind.telling import Teller, readable

FULL = Path("/dev/full")
LINE = {"event": "swept", "level": "info", "timestamp": "2026-05-01T12:00:01.5Z", "late": ["events"], "rang": True}


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        pytest.param(json.dumps(LINE), '12:00:01 swept late=["events"] rang=true', id="our log"),
        pytest.param("Listening at: http://127.0.0.1", "Listening at: http://127.0.0.1", id="plain"),
        pytest.param('{"a": 1}', '{"a": 1}', id="other JSON"),
        pytest.param("{", "{", id="broken JSON"),
        pytest.param('{"event": "x", "to": "a b"}', 'x to="a b"', id="spaces are quoted"),
        pytest.param('{"event": "x", "exception": "Trace\\nback"}', "x\nTrace\nback", id="traceback below"),
    ],
)
def test_line_is_shown_for_a_person(line, shown):
    assert click.unstyle(readable(line)) == shown


def test_each_line_stands_behind_the_name_of_its_process(capsys):
    tell = Teller(["worker", "sweeper"])

    tell("worker", '{"event": "x", "exception": "Trace\\nback"}')
    tell("sweeper", "")

    assert capsys.readouterr().out.splitlines() == [
        "worker  | x",
        "worker  | Trace",
        "worker  | back",
        "sweeper | ",
    ]


@pytest.mark.skipif(not FULL.exists(), reason="no device here is always full")
def test_line_that_cannot_be_printed_is_dropped(monkeypatch, capsys):
    tell = Teller(["worker"])
    with suppress(OSError), FULL.open("w") as full:
        monkeypatch.setattr("sys.stdout", full)
        tell("worker", "lost")
        monkeypatch.undo()

    tell("worker", "told")

    assert capsys.readouterr().out == "worker | told\n"
