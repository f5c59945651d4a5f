"""The doctor's look at recovery: whether Telnyx's own records were compared lately, and what came of it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import sqlalchemy as sa

from core.errors import StoreUnavailable
from rescind.findings import Finding, ok, warn
from schemas.settings import Settings
from store import reconciliations
from store.engine import Database
from store.reconciliations import Run

#: A run that is late by this much, beside the interval, is not only busy.
_LATE = timedelta(minutes=15)
_SUBJECT = "reconciling"


def recovery(settings: Settings) -> Iterator[Finding]:
    """Look at the last run; a database that is away or not migrated is for another look to tell."""
    if settings.reconcile_every is None:
        yield warn(
            _SUBJECT,
            "RESCIND_RECONCILE_MINUTES is 0, so what no webhook brought is found by `rescind reconcile` alone",
            "leave it at 5, or run the command by a timer",
        )
        return
    database = Database(settings.database_url)
    try:
        with database.read() as connection:
            last = reconciliations.last(connection)
    except (StoreUnavailable, sa.exc.ProgrammingError):
        return
    finally:
        database.dispose()
    yield _of(last, settings.reconcile_every, datetime.now(UTC))


def _of(last: Run | None, every: timedelta, now: datetime) -> Finding:
    if last is None:
        return ok(_SUBJECT, "not done yet; `rescind sweeper` does it")
    if now - last.started_at > every + _LATE:
        told = f"Telnyx's own records were last compared at {last.started_at:%Y-%m-%d %H:%M} UTC"
        return warn(_SUBJECT, told, "start `rescind sweeper`, which does it")
    at = f"at {last.started_at:%H:%M} UTC"
    if last.error:
        return warn(_SUBJECT, f"{at} it was incomplete: {last.error}", "it is tried again; correct what it names")
    healed = sum(figures["healed"] for figures in (last.counts or {}).values())
    return ok(_SUBJECT, f"{at}, {healed} missed" if last.finished_at else f"under way since {at}")
