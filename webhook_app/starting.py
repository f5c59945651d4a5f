"""What the primary and the failover process have in common when they are put together."""

from __future__ import annotations

import sys
from collections.abc import Callable
from datetime import UTC, datetime

from flask import Flask, Response
from structlog.typing import FilteringBoundLogger

from core.errors import SettingsError
from schemas.settings import Settings
from webhook_app import errors, log

#: With this status gunicorn stops altogether, where any other would have it start the process again for ever.
_CANNOT_START = 4


def from_environment(build: Callable[[Settings], Flask]) -> Flask:
    """Return what is built from the environment's settings, or say on stderr why they do not do, and exit."""
    try:
        log.gather()
        return build(Settings.from_env(require=["TELNYX_PUBLIC_KEY"]))
    except SettingsError as error:
        sys.stderr.write(f"rescind: {error}\n")
        sys.exit(_CANNOT_START)


def empty_app(logger: FilteringBoundLogger) -> Flask:
    """Return an application without routes, with our manners."""
    app = Flask("webhook_app", static_folder=None)
    # A path that is almost right is wrong: Telnyx counts a redirect as a failure.
    app.url_map.merge_slashes = False
    errors.register(app, log=logger)
    app.after_request(_harden)
    return app


def now() -> datetime:
    """Return the time of this machine's clock."""
    return datetime.now(UTC)


def _harden(response: Response) -> Response:
    """Keep answers out of caches, and browsers from guessing what they are."""
    # An answer of Telnyx's that is passed on may say so itself.
    response.headers.setdefault("Cache-Control", "no-store")
    response.headers.setdefault("X-Content-Type-Options", "nosniff")
    return response
