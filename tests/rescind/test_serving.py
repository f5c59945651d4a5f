from __future__ import annotations

import shlex
from pathlib import Path

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


def test_the_receiver_is_served_as_the_procfile_says():
    web = next(line for line in PROCFILE.read_text().splitlines() if line.startswith("web:"))
    said = options(shlex.split(web.removeprefix("web: gunicorn")))
    ours = options(serving.receiver("127.0.0.1", 8000)[3:])

    assert ours.pop("--bind") == "127.0.0.1:8000"
    assert said.pop("--bind") == "0.0.0.0:$PORT"
    assert ours == said


def test_an_ipv6_address_is_bound_in_brackets():
    assert "[::1]:8000" in serving.receiver("::1", 8000)
