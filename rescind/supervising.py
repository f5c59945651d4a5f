"""Keep several children running: their output on our terminal, the dead ones restarted, all of them ended with us."""

from __future__ import annotations

import subprocess
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol

from core.errors import SettingsError
from rescind.processes import Process
from workers.stopping import StopFlag

#: A child that ends by itself this soon after its first start would do so again: its settings are wrong.
_AT_ONCE = timedelta(seconds=10)
_LOOK = 0.1
_FIRST_WAIT = 0.5
_LONGEST_WAIT = 15.0
_BY_SIGNAL = 128


class Child(Protocol):
    """What can be kept running."""

    name: str

    def start(self) -> None:
        """Start, or start again."""

    def poll(self) -> int | None:
        """Return the exit status, or None while it runs."""

    def ask_to_stop(self) -> None:
        """Begin to stop, without waiting."""

    def stop(self) -> None:
        """Stop, and return when it is gone."""


class Command:
    """A child that is a command; each line it prints is told."""

    def __init__(
        self, name: str, command: Sequence[str], *, environ: Mapping[str, str], tell: Callable[[str, str], None]
    ) -> None:
        self.name = name
        self._command = command
        self._environ = environ
        self._tell = tell
        self._process: Process | None = None
        self._reader: threading.Thread | None = None

    def start(self) -> None:
        """Start the command, and a thread that reads what it prints."""
        self._process = Process(self._command, environ=self._environ, output=subprocess.PIPE)
        self._reader = threading.Thread(target=self._read, args=(self._process,), daemon=True)
        self._reader.start()

    def poll(self) -> int | None:
        """Return the exit status, or None while it runs."""
        return self._process.poll() if self._process else None

    def ask_to_stop(self) -> None:
        """Send SIGTERM."""
        if self._process:
            self._process.ask_to_stop()

    def stop(self) -> None:
        """End it, and read what it still had to say."""
        if self._process and self._reader:
            self._process.wait_for_end()
            self._reader.join(1)
            self._process.close()
            self._process = None

    def _read(self, process: Process) -> None:
        if process.output is not None:
            for line in process.output:
                self._tell(self.name, line.decode(errors="replace").rstrip())


@dataclass(slots=True)
class _Kept:
    child: Child
    started_at: float
    failures: int = 0
    restart_at: float | None = None


class Supervisor:
    """Starts children in order, and ends them together."""

    def __init__(self, children: Sequence[Child], *, tell: Callable[[str, str], None], stop: StopFlag) -> None:
        self._children = children
        self._tell = tell
        self._stop = stop

    def run(self, *, once_up: Callable[[], None] = lambda: None) -> None:
        """Keep them running until a stop is asked for. Raises SettingsError when one cannot even start."""
        kept: list[_Kept] = []
        try:
            for child in self._children:
                child.start()
                kept.append(_Kept(child, time.monotonic()))
            once_up()
            while not self._stop.wait(_LOOK):
                for each in kept:
                    self._look_after(each)
        finally:
            for each in kept:
                each.child.ask_to_stop()
            for each in kept:
                each.child.stop()

    def _look_after(self, kept: _Kept) -> None:
        now = time.monotonic()
        if kept.restart_at is not None:
            if now >= kept.restart_at:
                kept.child.start()
                kept.started_at, kept.restart_at = now, None
            return
        status = kept.child.poll()
        if status is None:
            return
        ran_for = now - kept.started_at
        kept.child.stop()
        if kept.failures == 0 and ran_for < _AT_ONCE.total_seconds() and status < _BY_SIGNAL:
            raise SettingsError(
                f"{kept.child.name} ended with status {status} as soon as it was started; see its lines above"
            )
        kept.failures = 1 if ran_for > _LONGEST_WAIT else kept.failures + 1
        wait = min(_FIRST_WAIT * 2 ** (kept.failures - 1), _LONGEST_WAIT)
        kept.restart_at = now + wait
        self._tell(kept.child.name, f"ended with status {status}, starts again in {wait:g} s")
