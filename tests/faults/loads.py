"""The client's process from the outside: start it, see how far it is, and what it saw."""

from __future__ import annotations

import statistics
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from tests.faults import sending
from tests.faults.figures import Failed
from tests.faults.sending import Load
from tests.processes import environ

ROOT = Path(__file__).parents[2]
_STALLED_AFTER = 120.0


@dataclass(frozen=True, slots=True)
class Attempt:
    """One delivery attempt, as the client saw it."""

    at: float
    """When it began, in Unix seconds."""
    where: str
    """``primary`` or ``failover``."""
    kind: str
    status: int
    """0 when no whole answer came in time."""
    ms: float
    trouble: str


class RunningLoad:
    """A client at work; ``with`` ends it."""

    def __init__(self, load: Load) -> None:
        self.load = load
        self.acked = 0
        self.given_up = 0
        self.late_ms = 0.0
        """How late the client itself got its turn, but for one time in a hundred: a busy machine is not the program."""
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.faults.sending"],
            cwd=ROOT,
            env=environ(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._process.stdin is not None
        self._process.stdin.write(sending.as_json(load) + "\n")
        self._process.stdin.close()
        self._reader = threading.Thread(target=self._read, name="load", daemon=True)
        self._reader.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._process.poll() is None:
            self._process.kill()
        self._process.wait()
        self._reader.join()

    def is_running(self) -> bool:
        return self._process.poll() is None

    def stop(self) -> list[Attempt]:
        """Let it see through what is under way, and return all its attempts."""
        if self.is_running():
            self._process.terminate()
        return self.wait()

    def until(self, condition: Callable[[], object], *, check: Callable[[], None] = lambda: None) -> None:
        """Let it work until the condition holds. Raises Failed when nothing is acknowledged any more."""
        seen, since = self.acked, time.monotonic()
        while not condition():
            check()
            time.sleep(0.05)
            if self.acked != seen:
                seen, since = self.acked, time.monotonic()
            if not self.is_running() or time.monotonic() - since > _STALLED_AFTER:
                raise Failed(f"nothing is acknowledged any more, after {self.acked} events")

    def wait(self) -> list[Attempt]:
        """Wait for its end and return all its attempts."""
        if self._process.wait() != 0:
            raise Failed(f"the client ended with status {self._process.returncode}")
        self._reader.join()
        return attempts(self.load.attempts)

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            _, acked, given_up, late = line.split()
            self.acked, self.given_up, self.late_ms = int(acked), int(given_up), float(late)


def attempts(path: Path) -> list[Attempt]:
    """Read the list of attempts that a client left."""
    found = []
    for line in path.read_text().splitlines():
        at, where, kind, status, ms, trouble = line.split(" ")
        found.append(Attempt(float(at), where, kind, int(status), float(ms), trouble))
    return found


@dataclass(frozen=True, slots=True)
class Latency:
    """Milliseconds."""

    p50: float
    p99: float
    most: float


def latency(seen: Iterable[Attempt]) -> Latency:
    """Return how long answers took."""
    times = sorted(attempt.ms for attempt in seen)
    if not times:
        return Latency(0.0, 0.0, 0.0)
    return Latency(statistics.median(times), times[min(len(times) - 1, int(len(times) * 0.99))], times[-1])


def statuses(seen: Iterable[Attempt]) -> Counter[str]:
    """Count the answers by status, and what was none by its trouble."""
    return Counter(str(attempt.status or attempt.trouble) for attempt in seen)
