"""``rescind reconcile``: recover from Telnyx's own records what was missed."""

from __future__ import annotations

import time
from collections.abc import Mapping
from contextlib import closing
from dataclasses import asdict
from datetime import datetime
from typing import Any

import click
import structlog
from rich.console import Console
from rich.status import Status

from ledger import showing
from ledger.following import Following
from rescind import databases, logs, output
from rescind.output import as_json, brief
from rescind.since import Since
from schemas.rulebook import Rulebook
from schemas.settings import Settings
from workers.reconciling import LONGEST, Reconciliation
from workers.runtime import now, reconciler
from workers.tallying import SourceName, Tally

log = structlog.get_logger()


@click.command("reconcile")
@click.option(
    "--since",
    type=Since(LONGEST),
    help="2h, 3d, or 2026-02-15T14:30:00Z, ten days at most; without it, from where the last run ended.",
)
@click.option("--dry-run", is_flag=True, help="Only look; nothing is written.")
@as_json
@click.pass_context
def reconcile_command(context: click.Context, *, since: datetime | None, dry_run: bool, wants_json: bool) -> None:
    """Ask Telnyx for failed deliveries, opt-outs and messages without an end, and take in what is missing.

    The exit status is 1 when something could not be asked.
    """
    settings = Settings.from_env(require=("TELNYX_API_KEY",))
    status = Status("asking Telnyx", console=Console(stderr=True))
    with databases.opened(settings) as database:
        ours = reconciler(
            settings,
            database,
            rules=Following(database, Rulebook(settings.policies, log=log).current, now=now),
            wait=_sleep,
            tell=lambda tallies: status.update(_progress(tallies)),
        )
        with closing(ours), logs.errors_alone(), status:
            ran = ours.run(since=since, is_dry=dry_run)
    if wants_json:
        output.print_json({"data": _shown(ran, is_dry=dry_run)})
    else:
        _print(ran, is_dry=dry_run)
    for error in ran.errors:
        click.echo(f"rescind: {output.printable(error)}", err=True)
    context.exit(1 if ran.errors else 0)


def _sleep(seconds: float) -> bool:
    time.sleep(seconds)
    return False


def _progress(tallies: Mapping[SourceName, Tally]) -> str:
    """Return the source under way, and how much Telnyx has told of it."""
    return "; ".join(f"{name.replace('_', ' ')}: {tally.reported}" for name, tally in list(tallies.items())[-1:])


def _shown(ran: Reconciliation, *, is_dry: bool) -> dict[str, Any]:
    return {
        "started_at": showing.instant(ran.started_at),
        "since": showing.instant(ran.since),
        "dry_run": is_dry,
        "sources": {name.value: asdict(tally) for name, tally in ran.tallies.items()},
        "events": {"reported": ran.events_reported, "held": ran.events_held, "percent": ran.completeness},
        "errors": list(ran.errors),
    }


def _print(ran: Reconciliation, *, is_dry: bool) -> None:
    columns = ["source", "reported", "held", "would be healed" if is_dry else "healed", "failed"]
    rows = [
        (name.replace("_", " "), tally.reported, tally.held, tally.healed, tally.failed)
        for name, tally in ran.tallies.items()
    ]
    output.console().print(output.table(columns, rows))
    since = brief(showing.instant(ran.since))
    if ran.completeness is None:
        click.echo(f"Telnyx tells of no event since {since}")
    else:
        told = f"{ran.events_held} of the {ran.events_reported} events that Telnyx tells of since {since} were held"
        click.echo(f"{told}: {ran.completeness:.2f} %")
