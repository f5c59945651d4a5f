"""What a process that works is made of, put together from the settings."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from importlib import import_module

import structlog

from core.deciding import Rules
from ledger.following import Following
from ledger.leading import Ahead
from schemas.rulebook import Rulebook
from schemas.settings import Settings
from store import failpoints
from store.bell import Bell, connect
from store.engine import Database
from workers.applying import Applier
from workers.cancelling import Canceller
from workers.draining import Drain
from workers.inquiring import LONGEST_PAGE, PAGE_TIMEOUT, SHARE
from workers.pacing import Pacer
from workers.reconciling import Reconciler
from workers.reviewing import Reviewer
from workers.tallying import SourceName, Tally
from workers.telnyx import TelnyxClient

log = structlog.get_logger()

#: The pace is asked for between requests, so a Redis that is slow is done without.
_PACE_PATIENCE = timedelta(milliseconds=100)


@dataclass(frozen=True, slots=True)
class Runtime:
    """The parts of a worker, a sweeper, or a demonstration."""

    database: Database
    bell: Bell
    drain: Drain
    rulebook: Rulebook
    rules: Callable[[], Rules]
    ahead: Ahead

    @classmethod
    def from_settings(cls, settings: Settings) -> Runtime:
        """Put the parts together; nothing is connected yet. Raises SettingsError."""
        failpoints.arm(settings.failpoint)
        database = Database(settings.database_url)
        bell = Bell(settings.redis_url)
        rulebook = Rulebook(settings.policies, log=log)
        rules = Following(database, rulebook.current, now=now)
        canceller = Canceller(
            database,
            TelnyxClient(settings.telnyx_api_key, settings.telnyx_base_url),
            pacer(settings),
            now=now,
            prepare=_load_telnyx,
        )
        ahead = Ahead(database, rate=settings.cancel_rate, now=now)
        drain = Drain(
            applier=Applier(database, rules, now),
            reviewer=Reviewer(database, rules, now, leads=ahead.latest),
            canceller=canceller,
            ring=bell.ring,
            now=now,
        )
        return cls(database, bell, drain, rulebook, rules, ahead)

    def warm_up(self) -> None:
        """Import, beside other work, what the first cancellation needs: it would take seconds then."""
        threading.Thread(target=_warm_up, name="warm-up", daemon=True).start()

    def close(self) -> None:
        """Wait for the answers that are under way, a few seconds at most, record them, and let go of everything."""
        self.drain.canceller.close()
        self.database.dispose()


def reconciler(
    settings: Settings,
    database: Database,
    *,
    rules: Callable[[], Rules],
    wait: Callable[[float], bool],
    tell: Callable[[Mapping[SourceName, Tally]], object] | None = None,
) -> Reconciler:
    """Put together what reconciles; nothing is connected yet. Raises SettingsError.

    ``wait`` sleeps so many seconds and says whether to stop; ``tell`` is told how far a run has come.
    """
    return Reconciler(
        database=database,
        client=TelnyxClient(
            settings.telnyx_api_key, settings.telnyx_base_url, timeout=PAGE_TIMEOUT, longest=LONGEST_PAGE
        ),
        pacer=pacer(settings, share=SHARE),
        rules=rules,
        ring=Bell(settings.redis_url).ring,
        now=now,
        wait=wait,
        tell=tell,
    )


def pacer(settings: Settings, *, share: float = 1) -> Pacer:
    """Return what grants requests to Telnyx, at most this share of the rate; nothing is connected yet."""
    redis = connect(settings.redis_url, patience=_PACE_PATIENCE) if settings.redis_url else None
    return Pacer(settings.cancel_rate, redis, share=share)


def _load_telnyx() -> None:
    import_module("telnyx")


def _warm_up() -> None:
    _load_telnyx()
    log.info("warmed_up")


def now() -> datetime:
    """Return the present, aware UTC."""
    return datetime.now(UTC)
