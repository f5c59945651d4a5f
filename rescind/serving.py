"""How the receiver is served: the settings of the Procfile's ``web`` line, for processes that we start ourselves."""

from __future__ import annotations

import sys

#: Threads, because a slow sender must hold up nobody else; no control socket, because nobody would look after it.
SERVER = (
    *("--worker-class", "gthread", "--threads", "8"),
    *("--timeout", "30", "--graceful-timeout", "10", "--keep-alive", "75", "--no-control-socket"),
)
APPLICATION = "webhook_app:create_app()"


def receiver(host: str, port: int, *, workers: int = 2) -> list[str]:
    """Return the command that serves the receiver on an address."""
    bind = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    return [sys.executable, "-m", "gunicorn", "--bind", bind, "--workers", str(workers), *SERVER, APPLICATION]
