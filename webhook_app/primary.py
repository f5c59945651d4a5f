"""The primary: the receiver, the API and the door over the database, and the doorbell."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from flask import Flask

from ledger.following import Following
from ledger.forecasting import Outlook
from schemas.envelope import WEBHOOK_PATH
from schemas.rulebook import Rulebook
from schemas.settings import Settings
from store import failpoints
from store.bell import Bell
from store.engine import Database
from store.group_commit import GroupCommit
from webhook_app import api, door, handover, health, log, receiving, starting
from webhook_app.door_book import Book
from webhook_app.door_telnyx import Line
from webhook_app.signature import Verifier

_SOURCE = "webhook"


def app_of(
    settings: Settings,
    *,
    database: Database | None = None,
    ring: Callable[[], None] | None = None,
    clock: Callable[[], datetime] | None = None,
    commit: GroupCommit | None = None,
    line: Line | None = None,
    book: Book | None = None,
) -> Flask:
    """Return the application. Raises SettingsError for settings it cannot work with."""
    failpoints.arm(settings.failpoint)
    verifier = Verifier(settings.telnyx_public_keys, tolerance=settings.tolerance)
    database = database or Database(settings.database_url)
    commit = commit or GroupCommit(database)
    logger = log.logger()
    ring = ring or Bell(settings.redis_url).ring_soon
    clock = clock or starting.now
    rulebook = Rulebook(settings.policies, log=logger, waits=True)

    app = starting.empty_app(logger)
    api.register(
        app,
        database=database,
        rules=Following(database, rulebook.current, now=clock),
        outlook=Outlook(database, rate=settings.cancel_rate),
        ring=ring,
        token=settings.api_token,
        now=clock,
    )
    app.register_blueprint(
        receiving.blueprint(
            paths=[WEBHOOK_PATH],
            source=_SOURCE,
            verifier=verifier,
            commit=commit,
            ring=ring,
            clock=clock,
            log=logger,
        )
    )
    if settings.handover_secret is not None:
        app.register_blueprint(
            handover.blueprint(
                secret=settings.handover_secret,
                verifier=verifier,
                commit=commit,
                ring=ring,
                clock=clock,
                log=logger,
            )
        )
    door.register(
        app,
        settings=settings,
        line=line or door.line_of(settings),
        book=book or Book(database, ring=ring, log=logger),
        rules=rulebook.current,
        ring=ring,
        now=clock,
        log=logger,
    )
    app.register_blueprint(health.blueprint(commit=commit, policies=rulebook.standing))
    return app
