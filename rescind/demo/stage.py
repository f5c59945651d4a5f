"""The processes of the demonstration: a simulated Telnyx, and all that Rescind consists of, on this machine alone."""

from __future__ import annotations

import os
import secrets
import shlex
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

import httpx

from core.errors import ProcessorError
from rescind import serving
from rescind.processes import Process
from rescind.valkey import Valkey, free_port
from schemas.envelope import WEBHOOK_PATH
from store import migrating
from store.engine import Database

#: An operator's own settings must not leak in, and nothing may be sent by way of a proxy.
_FOREIGN = ("TELNYX_", "RESCIND_", "DATABASE_URL", "REDIS_URL")
_PROXIES = ("http_proxy", "https_proxy", "all_proxy")
_CANCEL_RATE = 60
_PATIENCE = 60.0
_LOOK = 0.05
_LAST_LINES = 15
_HOST = "127.0.0.1"


class DemoFailed(ProcessorError):
    """The demonstration could not be given."""

    code = "demo_failed"


class Stage:
    """Everything started for one demonstration; leaving the ``with`` ends it all and deletes its files."""

    def __init__(self) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="rescind-demo-"))
        self._valkey = Valkey(self._folder / "valkey")
        self._processes: dict[str, Process] = {}
        self.token = secrets.token_hex(16)
        self.telnyx_url = ""
        self.url = ""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for process in self._processes.values():
            process.ask_to_stop()
        for process in self._processes.values():
            process.stop()
        self._valkey.stop()
        shutil.rmtree(self._folder, ignore_errors=True)

    def start(self) -> None:
        """Start everything, and return when webhooks are accepted and a worker has all it needs. Raises DemoFailed."""
        port, telnyx_port = free_port(), free_port()
        self.url, self.telnyx_url = f"http://{_HOST}:{port}", f"http://{_HOST}:{telnyx_port}"
        environ = {name: value for name, value in os.environ.items() if not _is_foreign(name)}
        webhook_url = f"{self.url}{WEBHOOK_PATH}"
        self._start("telnyx", environ, "simulate", "--port", str(telnyx_port), "--webhook-url", webhook_url)
        self._valkey.start()
        environ |= self._settings()
        database = Database(environ["DATABASE_URL"])
        migrating.upgrade(database)
        database.dispose()
        # These take the longest, and do not need what the simulator has to say first.
        self._start("worker", environ, "worker")
        self._start("sweeper", environ, "sweeper")
        self._run("receiver", serving.receiver(_HOST, port), environ | self._simulated())
        self._wait("receiver", self._is_receiving)
        self._wait("worker", self._is_working)

    def require_alive(self) -> None:
        """Raise DemoFailed when a process has ended."""
        for name, process in self._processes.items():
            if process.poll() is not None:
                raise DemoFailed(f"the {name} ended with status {process.poll()}; its last lines:\n{self._last(name)}")

    def _settings(self) -> dict[str, str]:
        policies = self._folder / "policies.toml"
        policies.touch()
        return {
            "TELNYX_API_KEY": "KEY_demo",
            "TELNYX_BASE_URL": f"{self.telnyx_url}/v2",
            "DATABASE_URL": f"sqlite:///{self._folder / 'rescind.db'}",
            "REDIS_URL": self._valkey.url,
            "RESCIND_POLICIES": str(policies),
            "RESCIND_API_TOKEN": self.token,
            "RESCIND_CANCEL_RATE": str(_CANCEL_RATE),
        }

    def _simulated(self) -> dict[str, str]:
        """Return what the simulator prints for its users to export."""
        said: dict[str, str] = {}

        def has_said_all() -> bool:
            lines = [line for line in self._log("telnyx").read_text().splitlines() if line.startswith("export ")]
            for line in lines:
                name, _, value = shlex.split(line)[1].partition("=")
                said[name] = value
            return "TELNYX_BASE_URL" in said

        self._wait("telnyx", has_said_all)
        return said

    def _start(self, name: str, environ: dict[str, str], *arguments: str) -> None:
        self._run(name, [sys.executable, "-m", "rescind", *arguments], environ)

    def _run(self, name: str, command: list[str], environ: dict[str, str]) -> None:
        with self._log(name).open("wb") as log:
            self._processes[name] = Process(command, environ=environ, output=log)

    def _wait(self, name: str, condition: Callable[[], bool]) -> None:
        until = time.monotonic() + _PATIENCE
        while not condition():
            self.require_alive()
            if time.monotonic() > until:
                raise DemoFailed(f"the {name} is not ready after {_PATIENCE:g} s; its last lines:\n{self._last(name)}")
            time.sleep(_LOOK)

    def _is_receiving(self) -> bool:
        with suppress(httpx.HTTPError):
            return httpx.get(f"{self.url}/readyz", timeout=2, trust_env=False).is_success
        return False

    def _is_working(self) -> bool:
        return "warmed_up" in self._log("worker").read_text()

    def _log(self, name: str) -> Path:
        return self._folder / f"{name}.log"

    def _last(self, name: str) -> str:
        lines = self._log(name).read_text(errors="replace").splitlines()[-_LAST_LINES:]
        return "\n".join(f"    {line}" for line in lines)


def _is_foreign(name: str) -> bool:
    return name.startswith(_FOREIGN) or name.lower() in _PROXIES
