"""The doctor's look at the failover process: whether its spool can take events, and the primary takes them over."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from core.errors import SettingsError, StoreUnavailable
from rescind.findings import Finding, fail, ok, warn
from schemas.settings import Settings
from store.group_commit import GroupCommit
from store.spool import Spool, SpoolFigures, place
from webhook_app.handover_client import Answered, Primary
from webhook_app.starting import now

_FULL = 0.8
_LONG_WAIT = timedelta(minutes=5)


def failover(settings: Settings) -> Iterator[Finding]:
    """Look at the spool and the way to the primary, where the settings are a failover process's."""
    if settings.handover_url is None:
        return
    yield from _primary(settings, settings.handover_url)
    yield from _spool(settings)


def failover_host(settings: Settings) -> Iterator[Finding]:
    """Look at the same on a host that is a failover process's and nothing else's."""
    if settings.handover_url is None:
        yield warn(
            "hand-over",
            "RESCIND_HANDOVER_URL is not set, so events stay in the spool",
            "set it to the primary's https://host/internal/handover",
        )
        yield from _spool(settings)
    yield from failover(settings)


def _primary(settings: Settings, url: str) -> Iterator[Finding]:
    if settings.handover_secret is None:
        yield fail(
            "hand-over",
            "RESCIND_HANDOVER_SECRET is not set, so events stay in the spool",
            "set it to the primary's",
        )
        return
    with Primary(url, settings.handover_secret, clock=now) as primary:
        outcome = primary.take([])
    if isinstance(outcome, Answered):
        yield ok("hand-over", f"{url} takes events over")
    else:
        yield fail("hand-over", f"{url}: {outcome.reason}", "until it takes them over, events wait in the spool")


def _spool(settings: Settings) -> Iterator[Finding]:
    try:
        place.require_own(settings.spool)
        if not settings.spool.is_file():
            place.require_makeable(settings.spool)
            yield warn(
                "spool",
                f"there is none at {settings.spool} yet",
                "the failover process makes it; start that, or correct RESCIND_SPOOL",
            )
            return
        spool = Spool(
            settings.spool,
            max_events=settings.spool_max_events,
            max_bytes=settings.spool_max_bytes,
            only_looks=True,
        )
        spool.open()
    except SettingsError as error:
        yield fail("spool", str(error), "the failover process does not start with it")
        return
    except StoreUnavailable as error:
        yield fail("spool", str(error), "see that the failover process runs, and may write there")
        return
    try:
        GroupCommit(spool.database, spool).check()
        figures = spool.figures()
        spool.dispose()
    except StoreUnavailable as error:
        yield fail("spool", f"{settings.spool}: {error}", "without it the failover process answers every webhook 503")
        return
    yield from _state(figures)


def _state(figures: SpoolFigures) -> Iterator[Finding]:
    told = f"{figures.waiting} events wait, {figures.fill:.0%} full"
    if figures.fill >= _FULL:
        yield warn("spool", told, "let the primary take events over, or raise RESCIND_SPOOL_MAX_EVENTS and _MAX_MB")
    else:
        yield ok("spool", told)
    waits = now() - figures.oldest_waiting_at if figures.oldest_waiting_at else timedelta()
    if waits > _LONG_WAIT:
        yield fail(
            "spool",
            f"an event has been waiting for {int(waits.total_seconds() // 60)} min",
            "see that the failover process runs, or hand over with `rescind handover --now`",
        )
    others = figures.parked - figures.parked_texts
    if figures.parked_texts:
        yield fail(
            "spool",
            f"{figures.parked_texts} inbound texts are parked, and opt-outs may be among them",
            "see `rescind handover --parked`, and let them wait again with --retry-parked",
        )
    if others:
        yield warn("spool", f"{others} events are parked", "see `rescind handover --parked`")
