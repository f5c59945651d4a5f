"""How the web processes are served: the settings of the Procfile, for processes that we start ourselves."""

from __future__ import annotations

import sys

#: Threads, because a slow sender must hold up nobody else; no control socket, because nobody would look after it.
SERVER = (
    *("--worker-class", "gthread", "--threads", "8"),
    *("--timeout", "30", "--graceful-timeout", "10", "--keep-alive", "75", "--no-control-socket"),
)


def receiver(host: str, port: int, *, workers: int = 2) -> list[str]:
    """Return the command that serves the receiver on an address."""
    return _server("webhook_app:create_app()", host, port, workers)


def failover(host: str, port: int, *, workers: int = 2) -> list[str]:
    """Return the command that serves the failover receiver on an address."""
    return _server("webhook_app:create_failover_app()", host, port, workers)


def _server(application: str, host: str, port: int, workers: int) -> list[str]:
    bind = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    return [sys.executable, "-m", "gunicorn", "--bind", bind, "--workers", str(workers), *SERVER, application]
