"""What an import says while it runs, and at its end."""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Self

import click
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn
from rich.text import Text

from rescind import output

#: So many are named in the summary; all failed lines are told on stderr as they come.
_FIRST = 20
_COUNTS_EVERY = 10.0


class Fate(StrEnum):
    """What became of one line."""

    REGISTERED = "registered"
    KNOWN = "known"
    """Registered before."""
    REPEATED = "repeated"
    """A later line names the message too, and stands for it."""
    LEFT = "not_scheduled"
    """Sent, or cancelled: recorded, and not registered."""
    UNKNOWN = "unknown"
    """Telnyx does not know it."""
    REFUSED = "refused"
    """Telnyx does not tell of it, or it cannot be watched."""
    UNREADABLE = "unreadable"


FAILED = (Fate.UNKNOWN, Fate.REFUSED, Fate.UNREADABLE)


@dataclass(slots=True)
class Tally:
    """What an import came to; every line has one fate."""

    fates: Counter[Fate] = field(default_factory=Counter)
    statuses: Counter[str] = field(default_factory=Counter)
    """Of those that are not scheduled any more, in Telnyx's words."""
    stopped: Counter[str] = field(default_factory=Counter)
    """Of those registered, how many are cancelled at once, by policy."""
    first_stopped: list[dict[str, Any]] = field(default_factory=list)
    on_hold: int = 0
    first_failed: list[dict[str, Any]] = field(default_factory=list)

    @property
    def failed(self) -> int:
        """Return how many lines failed."""
        return sum(self.fates[fate] for fate in FAILED)

    def fail(self, fate: Fate, number: int, problem: str) -> None:
        """Count a line that failed."""
        self.fates[fate] += 1
        if len(self.first_failed) < _FIRST:
            self.first_failed.append({"line": number, "fate": fate.value, "problem": problem})

    def stop(self, number: int, message_id: str, policy: str, reason: str) -> None:
        """Count a message that is to be cancelled as soon as it is registered."""
        self.stopped[policy] += 1
        if len(self.first_stopped) < _FIRST:
            self.first_stopped.append({"line": number, "id": message_id, "policy": policy, "reason": reason})

    def shown(self, *, is_dry: bool) -> dict[str, Any]:
        """Return it as JSON values."""
        return {
            "dry_run": is_dry,
            "lines": self.fates.total(),
            **{fate.value: self.fates[fate] for fate in Fate},
            "cancelled_at_once": dict(sorted(self.stopped.items())),
            "first_cancelled_at_once": self.first_stopped,
            "on_hold": self.on_hold,
            "statuses": dict(sorted(self.statuses.items())),
            "first_failed": self.first_failed,
        }

    def line(self) -> str:
        """Return the counts in one line."""
        counts = ", ".join(f"{self.fates[fate]:,} {fate.replace('_', ' ')}" for fate in Fate if self.fates[fate])
        return f"{self.fates.total():,} lines" + (f": {counts}" if counts else "")


class Screen:
    """Tells of an import on stderr: a bar on a terminal, else a line of counts ever so often."""

    def __init__(self, tally: Tally, *, size: int | None) -> None:
        """Show nothing yet; ``size`` is how many bytes there are to read, if that is known."""
        self._tally = tally
        self._console = Console(stderr=True, highlight=False)
        columns = (
            BarColumn(),
            TaskProgressColumn(),
            DownloadColumn(),
            TimeRemainingColumn(),
            TextColumn("{task.description}"),
        )
        self._progress = Progress(
            *columns, console=self._console, transient=True, disable=not self._console.is_terminal
        )
        self._task = self._progress.add_task("", total=size)
        self._reached = 0
        self._counted_at = time.monotonic()

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

    def advance(self, reached: int) -> None:
        """Show that what ends after so many bytes of the file is dealt with; answers come in no order."""
        if self._console.is_terminal:
            self._reached = max(self._reached, reached)
            self._progress.update(self._task, completed=self._reached, description=self._tally.line())
        elif time.monotonic() - self._counted_at >= _COUNTS_EVERY:
            self._counted_at = time.monotonic()
            self.say(f"rescind: {self._tally.line()} so far")

    def fail(self, fate: Fate, number: int, problem: str) -> None:
        """Count a line that failed, and tell why."""
        self._tally.fail(fate, number, problem)
        self.say(f"line {number}: {problem}")

    def say(self, line: str) -> None:
        """Print a line beside the bar."""
        if self._console.is_terminal:
            self._console.print(Text(output.printable(line)), soft_wrap=True)
        else:
            click.echo(output.printable(line), err=True)


def print_summary(tally: Tally, *, is_dry: bool) -> None:
    """Print what an import came to."""
    would = "would be " if is_dry else ""
    fates = tally.fates
    told = ", ".join(f"{number} {status}" for status, number in sorted(tally.statuses.items()))
    rows: list[tuple[str, int, str]] = [
        (f"  {would}cancelled at once", number, f"because of {policy}")
        for policy, number in sorted(tally.stopped.items())
    ]
    rows += [
        ("  on hold", tally.on_hold, "`rescind why` tells of each"),
        ("known already", fates[Fate.KNOWN], ""),
        ("named again below", fates[Fate.REPEATED], ""),
        ("not scheduled any more", fates[Fate.LEFT], f"{would}recorded, not registered: {told}"),
        ("unknown to Telnyx", fates[Fate.UNKNOWN], ""),
        ("could not be registered", fates[Fate.REFUSED], ""),
        ("unreadable", fates[Fate.UNREADABLE], ""),
    ]
    shown = [(f"{would}registered", fates[Fate.REGISTERED], ""), *(row for row in rows if row[1])]
    screen = output.console()
    screen.print(output.table(["", "lines", ""], shown))
    if tally.first_stopped:
        stopped = [(each["line"], each["id"], each["reason"]) for each in tally.first_stopped]
        screen.print(output.table(["line", f"{would}cancelled at once", "because"], stopped))
