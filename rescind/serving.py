"""The commands that serve the web processes: those of the Procfile, for processes that we start ourselves."""

from __future__ import annotations

import sys

_SETTINGS = "python:rescind.server_settings"


def receiver(host: str, port: int) -> list[str]:
    """Return the command that serves the receiver on an address."""
    return _server("webhook_app:create_app()", host, port)


def failover(host: str, port: int) -> list[str]:
    """Return the command that serves the failover receiver on an address."""
    return _server("webhook_app:create_failover_app()", host, port)


def _server(application: str, host: str, port: int) -> list[str]:
    bind = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    return [sys.executable, "-m", "gunicorn", "--config", _SETTINGS, "--bind", bind, application]
