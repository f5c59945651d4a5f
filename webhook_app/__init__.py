"""The web processes: the primary, with the receiver and the API, and the failover. They never import the workers."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from flask import Flask

from schemas.settings import Settings
from store.engine import Database
from store.spool import Spool
from webhook_app import starting


def create_app(
    settings: Settings | None = None,
    *,
    database: Database | None = None,
    ring: Callable[[], None] | None = None,
    clock: Callable[[], datetime] | None = None,
) -> Flask:
    """Return the primary's application. A server calls this without arguments, and it reads the environment.

    Raises SettingsError for settings it cannot work with; called by a server it says so on stderr and exits.
    """
    from webhook_app import primary  # noqa: PLC0415 - the failover must do without Redis, which this loads

    if settings is None:
        return starting.from_environment(primary.app_of)
    return primary.app_of(settings, database=database, ring=ring, clock=clock)


def create_failover_app(
    settings: Settings | None = None,
    *,
    spool: Spool | None = None,
    clock: Callable[[], datetime] | None = None,
) -> Flask:
    """Return the failover's application. A server calls this without arguments, and it hands over in the background.

    Raises SettingsError for settings it cannot work with; called by a server it says so on stderr and exits.
    """
    from webhook_app import failover  # noqa: PLC0415 - nor does the primary need what hands over

    if settings is None:
        return starting.from_environment(failover.served_app)
    return failover.app_of(settings, spool=spool or failover.spool_of(settings), clock=clock or starting.now)
