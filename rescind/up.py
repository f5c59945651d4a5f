"""``rescind up``: everything that one machine needs, in one command."""

from __future__ import annotations

import os
import socket
import sys
from contextlib import suppress
from pathlib import Path

import click

from core.errors import SettingsError
from rescind import serving
from rescind.supervising import Child, Command, Supervisor
from rescind.telling import Teller
from rescind.valkey import Valkey
from schemas import policies
from schemas.envelope import WEBHOOK_PATH
from schemas.settings import Settings
from store import migrating
from store.engine import Database
from workers.stopping import StopFlag

_VALKEY = Path("var/valkey")


@click.command("up")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address on which the receiver listens.")
@click.option("--port", default=8000, show_default=True, type=click.IntRange(1, 65535), help="Port of the receiver.")
def up_command(*, host: str, port: int) -> None:
    """Migrate the database, then run receiver, worker and sweeper until Ctrl-C.

    When REDIS_URL is unset, an embedded Valkey is run with them; it keeps its
    data in var/valkey.
    """
    settings = Settings.from_env(require=("TELNYX_PUBLIC_KEY", "TELNYX_API_KEY"))
    policies.load(settings.policies)
    require_free(host, port)
    stop = StopFlag()
    stop.listen()
    database = Database(settings.database_url)
    migrating.upgrade(database)
    database.dispose()
    tell = Teller(["valkey", "receiver", "worker", "sweeper"])
    valkey = Valkey(_VALKEY) if settings.redis_url is None else None
    if valkey is not None:
        valkey.start()
    environ = dict(os.environ) | ({"REDIS_URL": valkey.url} if valkey else {})
    children: list[Child] = [
        *([valkey] if valkey else []),
        Command("receiver", serving.receiver(host, port), environ=environ, tell=tell),
        *(
            Command(name, [sys.executable, "-m", "rescind", name], environ=environ, tell=tell)
            for name in ("worker", "sweeper")
        ),
    ]
    url = f"http://{host}:{port}"
    Supervisor(children, tell=tell, stop=stop).run(once_up=lambda: _say(f"Rescind listens at {url}{WEBHOOK_PATH}"))


def _say(what: str) -> None:
    # A full disk behind stderr is no reason to stop.
    with suppress(OSError):
        click.echo(f"{what}; Ctrl-C ends it", err=True)


def require_free(host: str, port: int) -> None:
    """Raise SettingsError when nothing can listen there: the server would only say so in many lines."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise SettingsError(f"cannot listen on {host}:{port}: {error.strerror}; choose another --port") from None
