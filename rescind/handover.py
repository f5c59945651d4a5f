"""``rescind handover``: what waits in the failover's spool, and handing it over now."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta

import click
from rich.console import Console
from rich.progress import Progress

from core.errors import SettingsError
from rescind import output
from rescind.output import as_json, brief
from rescind.since import Since
from schemas.settings import Settings
from store.spool import Spool, SpoolFigures, SpoolState, place
from webhook_app.handover_client import Answered, Primary
from webhook_app.handover_rounds import Round, Rounds
from webhook_app.starting import now

#: A million events of a file that was set aside are brought over in less.
_SALVAGE = timedelta(minutes=5)
#: SQLite numbers no row higher.
_MAX_ID = 2**63 - 1


@click.command("handover")
@click.option("--now", "is_now", is_flag=True, help="Hand all that waits over, here and now.")
@click.option("--parked", is_flag=True, help="List the events that were parked, with the reasons.")
@click.option(
    "--retry",
    "ids",
    type=click.IntRange(1, _MAX_ID),
    multiple=True,
    metavar="ID",
    help="Let a parked event wait again.",
)
@click.option("--retry-parked", is_flag=True, help="Let all parked events wait again.")
@click.option("--again", is_flag=True, help="Let events that were handed over wait again; needs --since.")
@click.option(
    "--since", type=Since(), help="With --again: those handed over since 3d, or a time such as 2026-02-15T14:30:00Z."
)
@click.option(
    "--limit", default=50, show_default=True, type=click.IntRange(1, 10_000), help="How many to list, newest."
)
@as_json
@click.pass_context
def handover_command(  # noqa: PLR0913 - one for each option
    context: click.Context,
    *,
    is_now: bool,
    parked: bool,
    ids: tuple[int, ...],
    retry_parked: bool,
    again: bool,
    since: datetime | None,
    limit: int,
    wants_json: bool,
) -> None:
    """Show what waits in the failover's spool (RESCIND_SPOOL), and where it goes.

    With --now the exit status is 1 when anything is left there. --again is for a primary that has lost what it took
    over, as after a backup was restored; what it still has it takes for a duplicate.
    """
    if again != (since is not None):
        raise click.UsageError("--again and --since go together: which events are to be handed over again, since when")
    settings = Settings.from_env()
    spool = _spool(settings, only_looks=not (is_now or ids or retry_parked or again))
    done: dict[str, int] = {}
    try:
        if ids or retry_parked:
            done["unparked"] = _retry(spool, ids)
        if since is not None:
            done["again"] = spool.again(since, now())
            click.echo(f"{done['again']} events that were handed over wait again", err=True)
        if is_now:
            context.exit(_now(spool, settings, wants_json=wants_json))
        elif parked:
            _list_parked(spool, limit=limit, wants_json=wants_json)
        elif not done:
            _show(spool, settings, wants_json=wants_json)
        elif wants_json:
            output.print_json({"data": done})
    finally:
        spool.dispose()


def _spool(settings: Settings, *, only_looks: bool) -> Spool:
    if not settings.spool.is_file():
        place.require_own(settings.spool)
        raise SettingsError(
            f"there is no spool at {settings.spool}; set RESCIND_SPOOL to the file of the failover process, and run"
            " this where that is"
        )
    spool = Spool(
        settings.spool,
        max_events=settings.spool_max_events,
        max_bytes=settings.spool_max_bytes,
        only_looks=only_looks,
    )
    spool.open()
    spool.await_salvage(_SALVAGE)
    return spool


def _show(spool: Spool, settings: Settings, *, wants_json: bool) -> None:
    figures = spool.figures()
    files = spool.unsalvaged()
    goes_to = settings.handover_url
    if wants_json:
        oldest = figures.oldest_waiting_at
        told = asdict(figures) | {"oldest_waiting_at": oldest.isoformat() if oldest else None}
        output.print_json(
            {"data": {"spool": str(settings.spool), "goes_to": goes_to, **told, "unsalvaged_files": files}}
        )
        return
    rows = [
        ("waiting", figures.waiting),
        ("oldest waiting since", _instant(figures.oldest_waiting_at)),
        ("parked", figures.parked),
        ("handed over", figures.handed),
        ("size", f"{figures.bytes / 10**6:.1f} MB, {figures.fill:.0%} of what the spool may hold"),
        *([("not read in yet", f"{files} files that were set aside; the failover reads them in")] if files else []),
        ("goes to", goes_to or "nowhere: RESCIND_HANDOVER_URL is not set"),
    ]
    output.console().print(output.table([str(settings.spool), ""], rows))


def _list_parked(spool: Spool, *, limit: int, wants_json: bool) -> None:
    rows = spool.listing(states=[SpoolState.PARKED], limit=limit)
    if wants_json:
        output.print_json(
            {
                "data": [
                    {
                        "id": row.id,
                        "event_id": row.event_id,
                        "event_type": row.event_type,
                        "received_at": row.received_at.isoformat() if row.received_at else None,
                        "tries": row.tries,
                        "reason": row.reason,
                    }
                    for row in rows
                ]
            }
        )
        return
    listed = [(row.id, row.event_id, row.event_type, _instant(row.received_at), row.tries, row.reason) for row in rows]
    output.console().print(output.table(["id", "event", "type", "received", "tries", "reason"], listed))


def _retry(spool: Spool, ids: Sequence[int]) -> int:
    count = spool.unpark(ids or None)
    if ids and count < len(set(ids)):
        raise SettingsError(
            f"only {count} of these {len(set(ids))} were parked, and wait again; see `rescind handover --parked`"
        )
    click.echo(f"{count} events wait again", err=True)
    return count


@dataclass(frozen=True, slots=True)
class _Done:
    """What handing over now has brought."""

    taken: int
    parked: int
    seconds: float
    refused: str | None
    away: str | None
    left: SpoolFigures
    is_salvaged: bool
    """Whether all is in the spool that could be read of files that were set aside."""


def _now(spool: Spool, settings: Settings, *, wants_json: bool) -> int:
    """Hand over what waits, and return the exit status."""
    if settings.handover_url is None:
        raise SettingsError("RESCIND_HANDOVER_URL is not set; set it to the primary's https://host/internal/handover")
    if settings.handover_secret is None:
        raise SettingsError("RESCIND_HANDOVER_SECRET is not set; set it to the primary's")
    with Primary(settings.handover_url, settings.handover_secret, clock=now) as primary:
        # It is asked first, so that a wrong secret is told of even when nothing waits.
        asked = primary.take([])
        if not isinstance(asked, Answered):
            raise SettingsError(f"nothing is handed over to {settings.handover_url}: {asked.reason}")
        done = _hand_over(spool, primary)
    left = done.left
    if wants_json:
        told = {
            "taken": done.taken,
            "parked": done.parked,
            "seconds": round(done.seconds, 3),
            "refused": done.refused,
            "away": done.away,
            "is_salvaged": done.is_salvaged,
        }
        output.print_json({"data": told | {"left": {"waiting": left.waiting, "parked": left.parked}}})
    else:
        rate = f", {done.taken / done.seconds:.0f} a second" if done.taken and done.seconds else ""
        click.echo(
            f"handed over {done.taken} events in {done.seconds:.1f} s{rate};"
            f" {left.waiting} still wait, {left.parked} are parked"
        )
        if done.refused:
            click.echo(f"rescind: the primary refuses some: {done.refused}", err=True)
        if done.away:
            click.echo(f"rescind: the primary takes no more: {done.away}", err=True)
        if not done.is_salvaged:
            click.echo("rescind: events of a file that was set aside are still brought in; run this again", err=True)
    return 1 if left.waiting or left.parked or done.away or not done.is_salvaged else 0


def _hand_over(spool: Spool, primary: Primary) -> _Done:
    began = time.monotonic()
    spool.hasten(now())
    rounds = Rounds(spool=spool, primary=primary, clock=now)
    total = Round()
    with Progress(console=Console(stderr=True), transient=True) as progress:
        bar = progress.add_task("handing over", total=spool.figures().waiting)
        while not (done := rounds.one()).is_idle:
            total += done
            progress.advance(bar, done.taken + done.parked + done.postponed)
            if done.away:
                break
    took = time.monotonic() - began
    # The file may have been set aside meanwhile.
    is_salvaged = spool.await_salvage(_SALVAGE)
    return _Done(total.taken, total.parked, took, total.refused, total.away, spool.figures(), is_salvaged)


def _instant(moment: datetime | None) -> str:
    return brief(moment.isoformat()) if moment else ""
