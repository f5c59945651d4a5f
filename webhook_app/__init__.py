"""The web processes: the receiver of Telnyx's webhooks, and the API. They never import the workers."""

from __future__ import annotations

import sys
from collections.abc import Callable
from datetime import UTC, datetime

from flask import Flask, Response

from core.errors import SettingsError
from core.policies import catalogue
from schemas import policies
from schemas.settings import Settings
from store import failpoints
from store.bell import Bell
from store.engine import Database
from store.group_commit import GroupCommit
from webhook_app import api, errors, health, log, receiving
from webhook_app.signature import Verifier

#: With this status gunicorn stops altogether, where any other would have it start the process again for ever.
_CANNOT_START = 4


def create_app(
    settings: Settings | None = None,
    *,
    database: Database | None = None,
    ring: Callable[[], None] | None = None,
    clock: Callable[[], datetime] | None = None,
) -> Flask:
    """Return the application. A server calls this without arguments, and it reads the environment.

    Raises SettingsError for settings it cannot work with; called by a server it says so on stderr and exits.
    """
    if settings is not None:
        return _app(settings, database=database, ring=ring, clock=clock)
    try:
        log.gather()
        return _app(Settings.from_env(require=["TELNYX_PUBLIC_KEY"]))
    except SettingsError as error:
        sys.stderr.write(f"rescind: {error}\n")
        sys.exit(_CANNOT_START)


def _app(
    settings: Settings,
    *,
    database: Database | None = None,
    ring: Callable[[], None] | None = None,
    clock: Callable[[], datetime] | None = None,
) -> Flask:
    failpoints.arm(settings.failpoint)
    verifier = Verifier(settings.telnyx_public_keys, tolerance=settings.tolerance)
    database = database or Database(settings.database_url)
    commit = GroupCommit(database)
    logger = log.logger()

    app = Flask(__name__, static_folder=None)
    # A path that is almost right is wrong: Telnyx counts a redirect as a failure.
    app.url_map.merge_slashes = False
    errors.register(app, log=logger)
    ring = ring or Bell(settings.redis_url).ring_soon
    clock = clock or _now
    api.register(
        app,
        database=database,
        rules=catalogue.rules(policies.load(settings.policies)),
        ring=ring,
        token=settings.api_token,
        now=clock,
    )
    app.register_blueprint(
        receiving.blueprint(
            verifier=verifier,
            commit=commit,
            ring=ring,
            clock=clock,
            log=logger,
        )
    )
    app.register_blueprint(health.blueprint(commit=commit))
    app.after_request(_harden)
    return app


def _now() -> datetime:
    return datetime.now(UTC)


def _harden(response: Response) -> Response:
    """Keep answers out of caches, and browsers from guessing what they are."""
    response.headers["Cache-Control"] = "no-store"
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response
