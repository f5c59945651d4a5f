"""The failover: the receiver over a spool on its own disk, for a host that shares nothing with the primary's.

It needs no database server and no Redis, and loads nothing of either.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable
from datetime import datetime

from flask import Flask

from core.errors import StoreUnavailable
from schemas.envelope import FAILOVER_PATH, WEBHOOK_PATH
from schemas.settings import Settings
from store import failpoints
from store.group_commit import GroupCommit
from store.spool import Spool
from webhook_app import handing_over, health, log, receiving, starting
from webhook_app.signature import Verifier

_SOURCE = "failover"

_log = logging.getLogger(__name__)


def served_app(settings: Settings) -> Flask:
    """Return the application of a server's process, which also hands over in the background."""
    spool = spool_of(settings)
    app = app_of(settings, spool=spool, clock=starting.now)
    # A server may fork after this. SQLite's connections must not come along: what is written over them can get lost.
    # Such functions are called in reverse order, so the thread that hands over has ended by then.
    os.register_at_fork(before=spool.dispose)
    handing_over.start(spool=spool, settings=settings, clock=starting.now, log=log.logger())
    return app


def spool_of(settings: Settings) -> Spool:
    """Return the spool that the settings name. Raises SettingsError when its folder cannot be made."""
    return Spool(settings.spool, max_events=settings.spool_max_events, max_bytes=settings.spool_max_bytes)


def app_of(
    settings: Settings, *, spool: Spool, clock: Callable[[], datetime], commit: GroupCommit | None = None
) -> Flask:
    """Return the application over a spool. Raises SettingsError for settings it cannot work with."""
    failpoints.arm(settings.failpoint)
    verifier = Verifier(settings.telnyx_public_keys, tolerance=settings.tolerance)
    _open(spool)
    commit = commit or GroupCommit(spool.database, spool, mend=spool.mend)
    logger = log.logger()
    app = starting.empty_app(logger)
    app.register_blueprint(
        receiving.blueprint(
            # One change of the DNS can send the primary's webhooks here.
            paths=[FAILOVER_PATH, WEBHOOK_PATH],
            source=_SOURCE,
            verifier=verifier,
            commit=commit,
            ring=_nobody,
            clock=clock,
            log=logger,
        )
    )
    app.register_blueprint(health.blueprint(commit=commit))
    return app


def _open(spool: Spool) -> None:
    """Open the spool now, rather than while Telnyx waits; a disk in trouble is tried again with every event."""
    try:
        spool.open()
    except StoreUnavailable as error:
        _log.error("the spool cannot be opened, and events are refused until it can: %s", error)


def _nobody() -> None:
    """Ring for nobody: the sender looks by itself twice a second."""
