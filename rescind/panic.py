"""``rescind panic``: take back everything in a scope, now."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import click
from rich.console import Console

from core.errors import RequestInvalid
from core.holds import HoldKind, cause_of
from ledger import holding, panicking, unanswered
from ledger.forecasting import Outlook
from ledger.holding import Gate
from ledger.panicking import Preview, Progress
from ledger.showing import instant
from rescind import databases, doubted, gates, output, panic_watch
from rescind.output import as_json, brief
from schemas.settings import Settings
from store import gated
from store.bell import Bell
from store.engine import Database
from workers.runtime import now

_INCOMPLETE = 1
_INTERRUPTED = 130
_MINUTE = 60


@click.group("panic", invoke_without_command=True)
@gates.described
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--no-wait", is_flag=True, help="Set the gate, order the cancellations, and leave them to the workers.")
@as_json
@click.pass_context
def panic_command(context: click.Context, /, *, yes: bool, no_wait: bool, wants_json: bool, **described: Any) -> int:  # noqa: ANN401 - the options that describe a gate
    """Take back every scheduled message of a scope, the earliest deadline first, and let no new one in.

    It says first what that comes to, and asks. The workers do the work: Ctrl-C does not stop them. The gate opens by
    itself after a day unless you say otherwise; what was cancelled stays cancelled, see `rescind reschedule`.
    The exit status is 1 when a message could not be cancelled, or a request is in doubt: Telnyx may hold its message.
    """
    if context.invoked_subcommand is not None:
        if any(described.values()) or yes or no_wait or wants_json:
            raise click.UsageError(f"give options after '{context.invoked_subcommand}', which takes its own")
        return 0
    settings = Settings.from_env()
    wanted = gates.gate(HoldKind.PANIC, **described, at=now())
    with databases.opened(settings) as database:
        with database.read() as connection:
            outlook = Outlook(database, rate=settings.cancel_rate)
            before = panicking.preview(connection, wanted.scope, wanted.value, outlook, now=now())
        _print(wanted, before, on_stderr=wants_json)
        if not yes and not _confirmed(wanted, before):
            click.echo("nothing was changed", err=True)
            return _INCOMPLETE
        # The gate's time begins with the answer: the question may have stood for a while.
        at = now()
        shown = gates.place(database, gates.gate(HoldKind.PANIC, **described, at=at), at=at)
        ring = Bell(settings.redis_url).ring
        ring()
        return _follow(database, shown, before, ring=ring, waits=not no_wait, wants_json=wants_json)


@panic_command.command("list")
@gates.all_option
@gates.limit_option
@as_json
def list_command(*, wants_all: bool, limit: int, wants_json: bool) -> None:
    """List the panics whose gates stand."""
    gates.listed(kind=HoldKind.PANIC, wants_all=wants_all, limit=limit, wants_json=wants_json)


@panic_command.command("lift")
@click.argument("hold_id", metavar="ID")
@gates.lift_reason
@as_json
def lift_command(*, hold_id: str, reason: str, wants_json: bool) -> None:
    """Let new messages in again, as `rescind hold lift` does. What was cancelled stays cancelled."""
    gates.lift(hold_id, reason=reason, wants_json=wants_json)


def _print(wanted: Gate, before: Preview, *, on_stderr: bool) -> None:
    """Print what it would come to."""
    rows: list[tuple[str, str]] = [
        (f"pending in {gates.subject(wanted.scope, wanted.value)}", f"{before.pending:,}"),
        *([("  being cancelled already", f"{before.cancelling:,}")] if before.cancelling else []),
        ("can be recalled", f"{before.recallable:,}"),
        ("due within the minute: tried once, and most likely refused", f"{before.inside_the_minute:,}"),
        *([("in doubt: if Telnyx holds it, it stays there", f"{before.in_doubt:,}")] if before.in_doubt else []),
        ("takes about", f"{_span(before.takes)} at {before.per_second:g} a second"),
    ]
    Console(stderr=on_stderr, highlight=False).print(output.table(["", ""], rows))
    if not before.pending and not before.in_doubt:
        click.echo("nothing that is pending is meant by this: is the value right?", err=on_stderr)
    if before.late:
        first = brief(instant(before.first_late_at))
        told = f"{before.late:,} messages would be too late at this pace, the first at {first}"
        click.echo(f"{told}; a higher RESCIND_CANCEL_RATE helps if Telnyx allows it", err=on_stderr)
    elif before.recallable:
        click.echo("all that can be recalled make it in time", err=on_stderr)


def _confirmed(wanted: Gate, before: Preview) -> bool:
    """Ask; raises RequestInvalid when nobody is there to be asked."""
    subject = output.printable(gates.subject(wanted.scope, wanted.value))
    if not sys.stdin.isatty():
        raise RequestInvalid(f"nobody can be asked here; say --yes to cancel {before.pending:,} messages of {subject}")
    return click.confirm(f"Cancel {before.pending:,} messages of {subject}, and let no new one in?", err=True)


def _follow(
    database: Database,
    shown: dict[str, Any],
    before: Preview,
    *,
    ring: Callable[[], object],
    waits: bool,
    wants_json: bool,
) -> int:
    """Tell how it goes, and at the end what it came to; return the exit status."""
    state: Progress | None = None
    cause = cause_of(shown["id"])
    with database.read() as connection:
        within = holding.reach_of(connection, shown["scope"], shown["value"] or "")
        others = gated.under_way_besides(connection, within, cause) if waits else []
    try:
        if waits:
            state = panic_watch.watch(database, cause, expected=before.pending, others=others, ring=ring)
    except KeyboardInterrupt:
        click.echo("the gate is set, and the workers go on", err=True)
    with database.read() as connection:
        in_doubt = unanswered.count(connection, within, now=now())
    if wants_json:
        outcome = panic_watch.outcome(state) if state else None
        told = {"panic": shown, "before": _as_json(before), "outcome": outcome, "in_doubt": in_doubt}
        output.print_json({"data": told})
    else:
        if state:
            panic_watch.print_summary(state)
        click.echo(output.printable(f"{gates.named(shown)} stands {gates.until(shown)}: nothing new is let in"))
        lifting = f"`rescind panic lift {shown['id']} --reason WHY`"
        click.echo(f"{lifting} opens it, `rescind reschedule {shown['id']}` undoes it then")
        if in_doubt:
            click.echo(doubted.told(in_doubt, "of it"))
            click.echo("`rescind ledger --in-doubt` lists them; one that is named while the gate stands is cancelled")
    if state is None and waits:
        return _INTERRUPTED
    is_well = not in_doubt and (state is None or state.is_complete)
    return 0 if is_well else _INCOMPLETE


def _as_json(before: Preview) -> dict[str, Any]:
    return {
        "pending": before.pending,
        "cancelling": before.cancelling,
        "recallable": before.recallable,
        "inside_the_minute": before.inside_the_minute,
        "seconds": math.ceil(before.takes.total_seconds()),
        "per_second": before.per_second,
        "late": before.late,
        "first_late_at": instant(before.first_late_at),
        "in_doubt": before.in_doubt,
    }


def _span(span: timedelta) -> str:
    """Return a span as people say it."""
    minutes, seconds = divmod(math.ceil(span.total_seconds()), _MINUTE)
    return f"{minutes} min {seconds} s" if minutes else f"{seconds} s"
