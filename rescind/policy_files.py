"""A file of policies that a command is given to look at, or standard input."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from schemas import policies
from schemas.policies import Chosen

STDIN = Path("-")
#: What a command takes that reads one.
readable = click.Path(exists=True, dir_okay=False, allow_dash=True, path_type=Path)


def read(file: Path) -> Chosen:
    """Return the settings that it holds. Raises SettingsError."""
    if file == STDIN:
        return policies.parse(sys.stdin.buffer.read(policies.LARGEST + 1), Path(named(file)))
    return policies.load(file)


def named(file: Path) -> str:
    """Return what it is called in what is told of it."""
    return "standard input" if file == STDIN else str(file)
