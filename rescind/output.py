"""What commands print: tables for people, JSON for programs."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence

import click
from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

as_json = click.option("--json", "wants_json", is_flag=True, help="Print JSON instead.")

_COLOURS = {
    "cancelled": "green",
    "applied": "green",
    "confirmed": "green",
    "cancel": "yellow",
    "released": "cyan",
    "breach": "bold red",
    "failed": "red",
    "parked": "red",
    "invalid": "red",
    "conflict": "red",
    "stale": "red",
}
_WIDE = 200


class _Console(Console):
    def on_broken_pipe(self) -> None:
        """Leave it to whoever runs the command how that ends: rich would end it here."""
        raise  # noqa: PLE0704 - rich calls this where it handles the error


def console() -> Console:
    """Return a console on stdout; piped into a file or a program it does not wrap lines."""
    found = _Console(highlight=False)
    return found if found.is_terminal else _Console(highlight=False, width=_WIDE, soft_wrap=True)


def print_json(value: object) -> None:
    """Print a value as JSON."""
    click.echo(json.dumps(value, indent=2, ensure_ascii=False))


def table(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> Table:
    """Return a table; states are coloured, and what others wrote cannot steer the terminal."""
    made = Table(box=box.SIMPLE, pad_edge=False)
    for column in columns:
        made.add_column(column, overflow="fold")
    for row in rows:
        made.add_row(*(cell(value) for value in row))
    return made


def cell(value: object) -> Text:
    """Return a value as text for a terminal."""
    text = printable("" if value is None else str(value))
    return Text(text, style=_COLOURS.get(text, ""))


def printable(text: str) -> str:
    """Return the text with everything escaped that a terminal would obey, or that turns its direction."""
    return "".join(
        char if char.isprintable() else char.encode("unicode_escape").decode("ascii", "replace") for char in text
    )


def brief(instant: str | None) -> str:
    """Return an instant to the second."""
    return f"{instant[:19]}Z" if instant else ""
