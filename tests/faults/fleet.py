"""The program's processes by their public commands, and somebody who restarts the dead, as a platform does."""

from __future__ import annotations

import http.client
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from rescind import serving
from tests.faults import ports
from tests.faults.figures import Failed
from tests.processes import descendants, is_alive, wait_for

ROOT = Path(__file__).parents[2]
HOST = "127.0.0.1"
_LOOK = 0.05
#: A platform does not notice at once either.
_RESTART_AFTER = 0.3
_UP_SECONDS = 60.0


@dataclass(slots=True)
class Kept:
    """One command that is to run for as long as it is wanted."""

    name: str
    command: list[str]
    environ: Mapping[str, str]
    log: Path
    says: str = ""
    """The word in its log that it is up; a receiver answers instead."""
    port: int | None = None
    is_wanted: bool = False
    process: subprocess.Popen[bytes] | None = None
    died_at: float | None = None
    log_start: int = 0
    restarts: int = 0
    failpoint: str = ""
    lock: threading.RLock = field(default_factory=threading.RLock)

    def start(self) -> None:
        with self.lock, self.log.open("ab") as log:
            self.log_start = log.tell()
            self.died_at = None
            armed = {"FAILPOINT": self.failpoint} if self.failpoint else {}
            self.process = subprocess.Popen(
                self.command,
                cwd=self.log.parent,
                env={**self.environ, **armed},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def pids(self) -> list[int]:
        """The command's process first, then those below it."""
        if self.process is None or not is_alive(self.process.pid):
            return []
        with suppress(OSError):
            return [self.process.pid, *sorted(descendants(self.process.pid))]
        return []

    def kill(self) -> None:
        """SIGKILL it and whatever it started: what a platform does with the rest of a dead service."""
        if self.process is not None:
            with suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
            # Its number may be somebody else's from now on.
            self.process = None

    def is_up(self) -> bool:
        if self.process is None or self.process.poll() is not None:
            return False
        if self.port is not None:
            return _answers(self.port)
        with self.log.open("rb") as log:
            log.seek(self.log_start)
            return self.says.encode() in log.read()


class Fleet:
    """Receiver, workers, sweeper and failover receiver, each restarted when it died."""

    def __init__(
        self, environ: Mapping[str, str], folder: Path, *, workers: int = 2, failover: bool = True, root: Path = ROOT
    ) -> None:
        """``root`` is the source tree that runs: another than ours where a fault was planted in a copy."""
        self.port = ports.reserve()
        self.failover_port = ports.reserve() if failover else None
        ours = {
            **environ,
            "PYTHONPATH": str(root),
            "PYTHONUNBUFFERED": "1",
            "RESCIND_HANDOVER_URL": f"http://{HOST}:{self.port}/internal/handover",
        }
        rescind = [sys.executable, "-m", "rescind"]
        self.of: dict[str, Kept] = {}

        def keep(name: str, command: list[str], *, says: str = "", port: int | None = None) -> None:
            self.of[name] = Kept(name, command, ours, folder / f"{name}.log", says, port)

        keep("web", serving.receiver(HOST, self.port), port=self.port)
        for number in range(workers):
            keep(f"worker-{number + 1}", [*rescind, "worker"], says="worker_started")
        keep("sweeper", [*rescind, "sweeper"], says="sweeper_started")
        if self.failover_port is not None:
            keep("failover", serving.failover(HOST, self.failover_port), port=self.failover_port)
        self._ending = threading.Event()
        self._supervisor = threading.Thread(target=self._supervise, name="fleet", daemon=True)

    def start(self) -> None:
        """Start everything and return when all of it is up."""
        for kept in self.of.values():
            kept.is_wanted = True
            kept.start()
        self._supervisor.start()
        self.wait_until_up()

    def stop(self) -> None:
        """End everything at once."""
        self._ending.set()
        if self._supervisor.is_alive():
            self._supervisor.join()
        for kept in self.of.values():
            kept.kill()

    def wait_until_up(self, *names: str) -> None:
        """Return when those named, or all that are wanted, are up. Raises Failed with the log of one that is not."""
        for kept in [self.of[name] for name in names] or list(self.of.values()):
            if kept.is_wanted and not wait_for(kept.is_up, _UP_SECONDS):
                tail = kept.log.read_text(errors="replace")[-2000:]
                raise Failed(f"{kept.name} is not up after {_UP_SECONDS:g} s; its log ends:\n{tail}")

    def take_down(self, *names: str) -> None:
        """Kill these, and leave them dead."""
        for kept in [self.of[name] for name in names or self.of]:
            with kept.lock:
                kept.is_wanted = False
                kept.kill()

    def bring_up(self, *names: str, failpoint: str = "", wait: bool = True) -> None:
        """Start these, or start them again, armed with a failpoint or with none; return when they are up."""
        for kept in [self.of[name] for name in names or self.of]:
            with kept.lock:
                kept.kill()
                kept.failpoint = failpoint
                kept.is_wanted = True
                kept.start()
        if wait:
            self.wait_until_up(*names)

    def kill_one(self, name: str, chance: random.Random, *, child: bool = False) -> bool:
        """SIGKILL a command's process, or one of its children, by pid; return whether there was one."""
        pids = self.of[name].pids()
        pids = pids[1:] if child else pids[:1]
        if not pids:
            return False
        with suppress(ProcessLookupError):
            os.kill(chance.choice(pids), signal.SIGKILL)
            return True
        return False

    def strikes(self, name: str, failpoint: str) -> int:
        """Count how often a failpoint has struck in a command's processes, by what they said of it."""
        place, _, fault = failpoint.partition(":")
        return self.of[name].log.read_text(errors="replace").count(f"failpoint {place} strikes: {fault}\n")

    def restarts(self) -> int:
        return sum(kept.restarts for kept in self.of.values())

    def _supervise(self) -> None:
        while not self._ending.wait(_LOOK):
            for kept in self.of.values():
                with kept.lock:
                    if kept.is_wanted:
                        self._look_after(kept)

    def _look_after(self, kept: Kept) -> None:
        now = time.monotonic()
        if kept.process is not None and kept.process.poll() is not None:
            kept.kill()
            kept.died_at = now
        elif kept.died_at is not None and now - kept.died_at >= _RESTART_AFTER:
            kept.restarts += 1
            kept.start()


def _answers(port: int) -> bool:
    connection = http.client.HTTPConnection(HOST, port, timeout=2)
    try:
        connection.request("GET", "/readyz")
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
