from __future__ import annotations

import shlex
import sys
from pathlib import Path

import pytest

from rescind import serving

PROCFILE = Path(__file__).parents[2] / "Procfile"


@pytest.mark.parametrize(("line", "serve"), [("web", serving.receiver), ("failover", serving.failover)])
def test_web_processes_are_served_as_the_procfile_says(line, serve):
    commands = dict(each.split(": ", 1) for each in PROCFILE.read_text().splitlines())
    said = shlex.split(commands[line].replace("0.0.0.0:$PORT", "127.0.0.1:8000"))

    assert serve("127.0.0.1", 8000) == [sys.executable, "-m", *said]


def test_an_ipv6_address_is_bound_in_brackets():
    assert "[::1]:8000" in serving.receiver("::1", 8000)
