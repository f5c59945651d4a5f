"""Real processes for a benchmark: a simulated Telnyx, and those of ours that a machine runs."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from bench import box, serving

_KEY = "KEY0123456789"


class Box:
    """A simulated Telnyx that runs."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process
        told = self._heard()
        self.url: str = told["url"]
        self.scheduled: list[tuple[str, str, str]] = [(of, to, at) for of, to, at in told["scheduled"]]
        """Each message's id, recipient and time of sending."""
        self.environment = {
            "TELNYX_PUBLIC_KEY": told["public_key"],
            "TELNYX_API_KEY": _KEY,
            "TELNYX_BASE_URL": told["base_url"],
        }

    def seen(self) -> dict[str, Any]:
        """Return every request that came in, and how many messages have which status."""
        assert self._process.stdin is not None
        self._process.stdin.write("\n")
        self._process.stdin.flush()
        return self._heard()

    def _heard(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        told: dict[str, Any] = json.loads(self._process.stdout.readline())
        return told


@contextmanager
def boxed(options: box.Options) -> Iterator[Box]:
    """Run a simulated Telnyx."""
    with subprocess.Popen(
        box.command(options), cwd=serving.ROOT, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        try:
            yield Box(process)
        finally:
            process.kill()


@contextmanager
def running(names: Sequence[str], environment: Mapping[str, str], *, folder: Path) -> Iterator[dict[str, int]]:
    """Run commands of ours, such as ``worker``, and yield the process of each once it works."""
    ours = ("TELNYX_", "RESCIND_", "DATABASE_URL", "REDIS_URL")
    environ = {name: value for name, value in os.environ.items() if not name.startswith(ours)} | dict(environment)
    started: dict[str, subprocess.Popen[bytes]] = {}
    try:
        for name in names:
            log = folder / f"{name}.log"
            with log.open("wb") as output:
                started[name] = subprocess.Popen(
                    [sys.executable, "-m", "rescind", name], cwd=serving.ROOT, env=environ, stdout=output, stderr=output
                )
        for name in names:
            words = "warmed_up" if name == "worker" else f"{name}_started"
            wait_for(lambda: words in (folder / f"{name}.log").read_text(), 60)  # noqa: B023 - called at once
        yield {name: process.pid for name, process in started.items()}
    finally:
        for process in started.values():
            process.terminate()
        for process in started.values():
            process.wait(timeout=30)


def wait_for(is_so: Callable[[], bool], seconds: float, *, every: float = 0.2) -> None:
    """Wait until something is so. Raises TimeoutError."""
    give_up_at = time.monotonic() + seconds
    while not is_so():
        if time.monotonic() > give_up_at:
            raise TimeoutError(f"it did not come about within {seconds:.0f} seconds")
        time.sleep(every)


def resident_mb(pid: int) -> float:
    """Return how much memory a process holds, on Linux."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    raise ProcessLookupError(pid)
