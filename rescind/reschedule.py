"""``rescind reschedule``: schedule anew what was cancelled, as far as it still can go out."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from datetime import datetime

import click
import sqlalchemy as sa
import structlog

from core.deciding import Rules
from core.errors import NotFound, RequestInvalid
from ledger import rescheduling
from ledger.following import Following
from ledger.rescheduling import LATEST, SOONEST, Plan, Terms, WhyNot
from rescind import databases, logs, output, rescheduling_screen
from rescind.gates import Moment
from rescind.output import as_json
from rescind.rescheduling import INTERRUPTED, SHARE, Fate, Rescheduler, Result
from schemas import api_campaigns, fields
from schemas.rulebook import Rulebook
from schemas.settings import Settings
from store import holds
from store.bell import Bell
from store.engine import Database
from workers.runtime import now, pacer
from workers.telnyx import TelnyxClient

_INCOMPLETE = 1
_INTERRUPTED = 130
#: How many are looked at in one transaction.
_AT_ONCE = 500


@click.command("reschedule")
@click.argument("ids", metavar="[ID]...", nargs=-1)
@click.option("--campaign", help="What was cancelled of this campaign, but for those who refused it.")
@click.option("--at", type=Moment(), help="When all of them are to be sent; without it, each at the time that it had.")
@click.option("--again", is_flag=True, help="Those too that Telnyx may have accepted already: they may go out twice.")
@click.option("--dry-run", is_flag=True, help="List what can go out again, and what cannot, and why.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@as_json
def reschedule_command(
    *,
    ids: tuple[str, ...],
    campaign: str | None,
    at: datetime | None,
    again: bool,
    dry_run: bool,
    yes: bool,
    wants_json: bool,
) -> int:
    """Schedule cancelled messages anew at Telnyx, each as a new message with the old text, sender and time.

    An ID is that of a panic, of a hold, or of a message. What cannot go out again is listed with the reason: too late,
    a recipient who has refused meanwhile, a gate that stands. Each message is replaced once at most; interrupted and
    started again, it goes on from where it stopped. The exit status is 1 when some were not scheduled that could be.
    """
    if bool(ids) == bool(campaign):
        raise click.UsageError("give either the ids of panics, holds or messages, or --campaign")
    settings = Settings.from_env(require=() if dry_run else ("TELNYX_API_KEY",))
    terms = Terms(at=_time(at), again=again)
    rulebook = Rulebook(settings.policies, log=structlog.get_logger())
    with databases.opened(settings) as database, logs.errors_alone():
        with database.read() as connection:
            chosen = _chosen(connection, ids) if campaign is None else _of_campaign(connection, campaign)
        plans = _looked_at(database, chosen, rulebook.current(), terms)
        ready = sorted(
            (plan for plan in plans if plan.why_not is None), key=lambda plan: (plan.send_at, plan.message_id)
        )
        if not wants_json:
            rescheduling_screen.print_plans(plans, is_dry=dry_run)
        if dry_run:
            if wants_json:
                output.print_json({"data": rescheduling_screen.shown(plans, [], stopped=None, is_dry=True)})
            return 0
        if ready and not yes and not _confirmed(len(ready)):
            click.echo("nothing was changed", err=True)
            return _INCOMPLETE
        # What the rules are is put down before the first decision by them.
        Following(database, rulebook.current, now=now)()
        results, stopped = _carried_out(settings, database, ready, rulebook.current, terms)
    if wants_json:
        output.print_json({"data": rescheduling_screen.shown(plans, results, stopped=stopped, is_dry=False)})
    else:
        rescheduling_screen.print_results(results, stopped=stopped)
    if stopped == INTERRUPTED:
        return _INTERRUPTED
    is_complete = all(each.fate in {Fate.RESCHEDULED, Fate.CHANGED} for each in results)
    is_known = all(plan.why_not is not WhyNot.UNKNOWN_MESSAGE for plan in plans)
    return 0 if is_complete and is_known else _INCOMPLETE


def _time(at: datetime | None) -> datetime | None:
    if at is not None and not SOONEST <= at - now() <= LATEST:
        raise RequestInvalid("--at: Telnyx schedules from five minutes to five days ahead; give a time between")
    return at


def _chosen(connection: sa.Connection, ids: Sequence[str]) -> list[str]:
    """Return the messages meant by these ids, each once. Raises NotFound."""
    chosen: dict[str, None] = {}
    for given in ids:
        each = given.strip().lower()
        if not fields.is_uuid(each):
            raise NotFound(f"{given!r} is no id of a panic, a hold or a message: those are UUIDs with dashes")
        chosen |= dict.fromkeys(rescheduling.of_hold(connection, each) if holds.find(connection, each) else [each])
    return list(chosen)


def _of_campaign(connection: sa.Connection, campaign: str) -> list[str]:
    return rescheduling.of_campaign(connection, api_campaigns.key(campaign))


def _looked_at(database: Database, chosen: Sequence[str], rules: Rules, terms: Terms) -> list[Plan]:
    plans: list[Plan] = []
    for start in range(0, len(chosen), _AT_ONCE):
        with database.read() as connection:
            plans += rescheduling.look(connection, chosen[start : start + _AT_ONCE], rules, terms, now=now())
    return plans


def _confirmed(number: int) -> bool:
    """Ask; raises RequestInvalid when nobody is there to be asked."""
    if not sys.stdin.isatty():
        raise RequestInvalid(f"nobody can be asked here; say --yes to schedule {number:,} messages anew")
    return click.confirm(f"Schedule {number:,} messages anew?", err=True)


def _carried_out(
    settings: Settings, database: Database, plans: Sequence[Plan], rules: Callable[[], Rules], terms: Terms
) -> tuple[list[Result], str | None]:
    client = TelnyxClient(settings.telnyx_api_key, settings.telnyx_base_url)
    doing = Rescheduler(database, client, pacer(settings, share=SHARE), rules=rules, terms=terms, now=now)
    results: list[Result] = []
    ring = Bell(settings.redis_url).ring
    with rescheduling_screen.progress(len(plans)) as advance:

        def tell(result: Result) -> None:
            results.append(result)
            advance(result)
            if result.fate is Fate.STOPPED:
                ring()

        try:
            with doing.interruptible():
                doing.run(plans, tell)
        finally:
            client.close()
    return results, doing.stopped
