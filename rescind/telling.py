"""What children print, on one terminal: each line behind its child's name, JSON made readable."""

from __future__ import annotations

import json
import threading
from contextlib import suppress

import click

_COLOURS = ("cyan", "green", "magenta", "blue", "yellow")
_LOUD = {"warning": "yellow", "error": "red", "critical": "red"}
_APART = {"event", "level", "timestamp", "logger", "exception"}


class Teller:
    """Prints lines from several threads, one at a time."""

    def __init__(self, names: list[str]) -> None:
        self._width = max(map(len, names), default=0)
        self._colours = {name: _COLOURS[at % len(_COLOURS)] for at, name in enumerate(names)}
        self._turn = threading.Lock()

    def __call__(self, name: str, line: str) -> None:
        """Print one line of a child's."""
        prefix = click.style(f"{name:<{self._width}} |", fg=self._colours.get(name))
        # A full disk, or a reader that has gone: who waits here in vain stops the child that talks.
        with self._turn, suppress(OSError):
            for each in readable(line).splitlines() or [""]:
                click.echo(f"{prefix} {each}")


def readable(line: str) -> str:
    """Return a log line for a person; what is not a line of our log stays as it is."""
    try:
        told = json.loads(line)
    except ValueError:
        return line
    if not isinstance(told, dict) or "event" not in told:
        return line
    rest = " ".join(f"{name}={_plain(value)}" for name, value in told.items() if name not in _APART)
    at = str(told.get("timestamp", ""))[11:19]
    event = click.style(str(told["event"]), fg=_LOUD.get(str(told.get("level"))))
    shown = " ".join(filter(None, [at, event, rest]))
    return f"{shown}\n{told['exception']}" if told.get("exception") else shown


def _plain(value: object) -> str:
    return value if isinstance(value, str) and value and " " not in value else json.dumps(value, ensure_ascii=False)
