"""Watching a panic come to its end: a bar on a terminal, and what it came to."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection
from datetime import timedelta
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from core.outcomes import CancellationState
from ledger import panicking
from ledger.panicking import Progress as State
from rescind import output
from store.engine import Database

_EVERY = timedelta(milliseconds=500)
#: So many times as long as a look took, nobody looks again.
_SPARING = 10
#: A ring that got lost is made up for.
_RING_EVERY = timedelta(seconds=5)
#: The sweeper steps in earlier than this.
NOBODY_WORKS_AFTER = timedelta(seconds=12)
_NOBODY = (
    "nothing moves: no `rescind worker` and no `rescind sweeper` seems to run, or they cannot work; the gate is set,"
    " and they go on from here as soon as they run"
)
#: The words for how cancellations end, in the order in which they are shown.
_ENDS = {
    CancellationState.CONFIRMED: "cancelled",
    CancellationState.REFUSED: "refused by Telnyx",
    CancellationState.TOO_LATE: "too late",
    CancellationState.FAILED: "unknown to Telnyx",
    CancellationState.WITHDRAWN: "no longer stopped, and left alone",
    CancellationState.REQUESTED: "still waiting",
}


def watch(
    database: Database,
    cause: str,
    *,
    expected: int,
    others: Collection[str] = (),
    ring: Callable[[], object],
    patience: timedelta = NOBODY_WORKS_AFTER,
) -> State:
    """Ring, and tell how far the panic has come, until it is done. A KeyboardInterrupt passes through.

    ``others`` are messages that were being cancelled for another reason when it began.
    """
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    moved_at = rung_at = time.monotonic()
    seen: State | None = None
    complained = False
    ring()
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task("", total=expected)
        while True:
            looked_at = time.monotonic()
            with database.read() as connection:
                state = panicking.progress(connection, cause, others)
            total = max(expected, state.ordered) if state.is_looking else state.ordered
            bar.update(task, completed=state.settled, total=total, description=_line(state))
            if state.is_done:
                return state
            at = time.monotonic()
            if state != seen:
                seen, moved_at = state, at
            elif not complained and at - moved_at >= patience.total_seconds():
                complained = True
                bar.console.print(_NOBODY, soft_wrap=True, highlight=False)
            if at - rung_at >= _RING_EVERY.total_seconds():
                rung_at = at
                ring()
            # Of a hundred thousand messages a look takes its time, which the workers have more use for.
            time.sleep(max(_EVERY.total_seconds(), _SPARING * (at - looked_at)))


def outcome(state: State) -> dict[str, Any]:
    """Return what a panic came to as JSON values."""
    return {
        "done": state.is_done,
        "cancellations": {each.value: state.states[each] for each in CancellationState},
        "ordered_before": {each.value: state.others[each] for each in CancellationState},
        "breach_causes": dict(sorted(state.causes.items())),
    }


def print_summary(state: State) -> None:
    """Print what a panic came to."""
    rows: list[tuple[str, int]] = [
        (told, state.states[each])
        for each, told in _ENDS.items()
        if state.states[each] or each is CancellationState.CONFIRMED
    ]
    rows += [
        (f"{told}, by an order that stood before", state.others[each])
        for each, told in _ENDS.items()
        if state.others[each]
    ]
    rows += [(f"  breach: {cause}", number) for cause, number in sorted(state.causes.items())]
    output.console().print(output.table(["", "messages"], rows))


def _line(state: State) -> str:
    refused, late = state.all[CancellationState.REFUSED], state.all[CancellationState.TOO_LATE]
    told = [f"{state.all[CancellationState.CONFIRMED]:,} cancelled"]
    told += [f"{refused:,} refused"] if refused else []
    told += [f"{late:,} too late"] if late else []
    return ", ".join(told)
