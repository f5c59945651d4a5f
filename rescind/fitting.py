"""Lists on a terminal of any width: what somebody copies, such as an id, is not broken over several lines."""

from __future__ import annotations

from collections.abc import Sequence

import click
from rich.cells import cell_len

from rescind import output

#: What a table takes beside its columns: a blank at each end, and three between two columns.
_ENDS = 2
_BETWEEN = 3


def show(columns: Sequence[str], rows: Sequence[Sequence[object]], *, by_weight: Sequence[str]) -> None:
    """Print a table of those columns that a terminal has room for, and say which it has none for.

    ``by_weight`` are all columns, the first being shown whatever the width. A file or a program gets them all.
    """
    screen = output.console()
    widths = dict(zip(columns, (_width(column, index, rows) for index, column in enumerate(columns)), strict=True))
    kept = _fitting(widths, by_weight, room=screen.width) if screen.is_terminal else set(columns)
    shown = [index for index, column in enumerate(columns) if column in kept]
    table = output.table([columns[index] for index in shown], [[row[index] for index in shown] for row in rows])
    for column, index in zip(table.columns, shown, strict=True):
        # Left to itself, rich breaks every column that is wide, ids and times too.
        column.no_wrap = _ENDS + widths[columns[index]] <= screen.width and not _wraps(index, rows)
    screen.print(table)
    if left_out := [column for column in columns if column not in kept]:
        click.echo(f"not shown, for want of room: {', '.join(left_out)}; a wider terminal shows more, --json all")


def _fitting(widths: dict[str, int], by_weight: Sequence[str], *, room: int) -> set[str]:
    kept = {by_weight[0]}
    taken = _ENDS + widths[by_weight[0]]
    for column in by_weight[1:]:
        if taken + _BETWEEN + widths[column] <= room:
            kept.add(column)
            taken += _BETWEEN + widths[column]
    return kept


def _width(column: str, index: int, rows: Sequence[Sequence[object]]) -> int:
    """Return how wide a column has to be for no word in it to be broken."""
    words = [column, *(word for row in rows for word in output.cell(row[index]).plain.split())]
    return max(cell_len(word) for word in words)


def _wraps(index: int, rows: Sequence[Sequence[object]]) -> bool:
    return any(" " in output.cell(row[index]).plain for row in rows)
