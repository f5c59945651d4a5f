"""What the audience sees: a live picture on a terminal, plain lines anywhere else."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Mapping
from types import TracebackType
from typing import Any, Protocol, Self

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from rescind import output

_ROWS = 12
_SUMS = ("pending", "cancelled", "released", "breach")
_COLUMNS = ("to", "campaign", "send at", "cancel by", "ledger", "why")


class Screen(Protocol):
    """What shows how far it has come."""

    def __enter__(self) -> Self:
        """Begin."""

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End."""

    def act(self, title: str) -> None:
        """Begin another act."""

    def expect(self, number: int) -> None:
        """Say how many messages are to be cancelled by now."""

    def sums(self, ledger: Mapping[str, Any]) -> None:
        """Show the ledger."""

    def cancelled(self, message: Mapping[str, Any], reason: str) -> None:
        """Show a message that was cancelled."""


class Lines:
    """Plain lines, for a log or a pipe."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._last = ""
        self._expected = 0
        self._began_at = time.monotonic()
        self._turn = threading.Lock()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        return

    def act(self, title: str) -> None:
        """Print the act."""
        self._print(title)

    def expect(self, number: int) -> None:
        """Keep the number for the next line of sums."""
        self._expected = number

    def sums(self, ledger: Mapping[str, Any]) -> None:
        """Print the ledger when it has changed."""
        told = ", ".join(f"{name} {ledger[name]}" for name in _SUMS)
        if told != self._last:
            self._last = told
            self._print(f"  {told} (to be cancelled: {self._expected})")

    def cancelled(self, message: Mapping[str, Any], reason: str) -> None:
        """Print nothing: there are too many."""

    def _print(self, line: str) -> None:
        with self._turn:
            self._console.print(f"{time.monotonic() - self._began_at:5.1f} s  {line}", markup=False)


class Picture:
    """A picture that is drawn anew several times a second."""

    def __init__(self, console: Console) -> None:
        self._acts: list[tuple[str, float]] = []
        self._expected = 0
        self._ledger: Mapping[str, Any] = {}
        self._rows: deque[tuple[object, ...]] = deque(maxlen=_ROWS)
        self._began_at = time.monotonic()
        self._turn = threading.Lock()
        self._has_ended = False
        # It draws as soon as it is made.
        self._live = Live(console=console, get_renderable=self._draw, refresh_per_second=8)

    def __enter__(self) -> Self:
        self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._has_ended = True
        self._live.stop()

    def act(self, title: str) -> None:
        """Tick the act before off, and show this one."""
        with self._turn:
            self._acts.append((title, time.monotonic() - self._began_at))

    def expect(self, number: int) -> None:
        """Stretch the bar."""
        self._expected = number

    def sums(self, ledger: Mapping[str, Any]) -> None:
        """Move the bar."""
        self._ledger = ledger

    def cancelled(self, message: Mapping[str, Any], reason: str) -> None:
        """Add a row below the others."""
        with self._turn:
            self._rows.append(
                (
                    ", ".join(each["phone_number"] for each in message["recipients"]),
                    message["campaign"],
                    output.brief(message["send_at"])[11:],
                    output.brief(message["cancel_by"])[11:],
                    message["ledger"],
                    reason,
                )
            )

    def _draw(self) -> RenderableType:
        with self._turn:
            acts, rows = list(self._acts), list(self._rows)
        return Group(*self._told(acts), Text(), self._bar(), Text(), output.table(_COLUMNS, rows))

    def _told(self, acts: list[tuple[str, float]]) -> list[Text]:
        done = len(acts) if self._has_ended else len(acts) - 1
        return [
            Text.assemble(
                ("✓ ", "green") if at < done else ("▸ ", "bold cyan"),
                (f"{began:5.1f} s  ", "dim"),
                output.printable(act),
            )
            for at, (act, began) in enumerate(acts)
        ]

    def _bar(self) -> Table:
        done = self._ledger.get("cancelled", 0)
        line = Table.grid(padding=(0, 2))
        line.add_row(
            ProgressBar(total=max(self._expected, 1), completed=done, width=40),
            Text(f"{done}/{self._expected} cancelled", style="green"),
            *(Text(f"{name} {self._ledger.get(name, 0)}") for name in _SUMS if name != "cancelled"),
        )
        return line


def screen() -> Screen:
    """Return the screen that suits where the output goes."""
    console = output.console()
    return Picture(console) if console.is_terminal else Lines(console)
