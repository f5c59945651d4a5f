from __future__ import annotations

import shlex
from pathlib import Path

import pytest

from rescind import serving

PROCFILE = Path(__file__).parents[2] / "Procfile"


def options(arguments: list[str]) -> dict[str, str]:
    """The options of a gunicorn command, and its application under no name."""
    found: dict[str, str] = {}
    rest = iter(arguments)
    for each in rest:
        if each == "--no-control-socket":
            found[each] = ""
        elif each.startswith("--"):
            found[each] = next(rest)
        else:
            found[""] = each
    return found


@pytest.mark.parametrize(("line", "serve"), [("web", serving.receiver), ("failover", serving.failover)])
def test_web_processes_are_served_as_the_procfile_says(line, serve):
    commands = dict(each.split(": ", 1) for each in PROCFILE.read_text().splitlines())
    said = options(shlex.split(commands[line].removeprefix("gunicorn")))
    ours = options(serve("127.0.0.1", 8000)[3:])

    assert ours.pop("--bind") == "127.0.0.1:8000"
    assert said.pop("--bind") == "0.0.0.0:$PORT"
    assert ours == said


def test_an_ipv6_address_is_bound_in_brackets():
    assert "[::1]:8000" in serving.receiver("::1", 8000)
