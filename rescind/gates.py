"""What the commands for holds and panics have in common: how a gate is described, listed and lifted."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

import click

from core.holds import LONGEST, STANDS_FOR, HoldKind
from core.scopes import Scope
from ledger import holding
from ledger.holding import Gate
from rescind import databases, output
from rescind.output import brief
from schemas import api_holds
from schemas.instants import instant
from schemas.settings import Settings
from store import holds
from store.bell import Bell
from store.engine import Database
from workers.runtime import now

BY = "cli"
_SPAN = re.compile(r"([1-9][0-9]{0,3})([mhd])")
_UNITS = {"m": timedelta(minutes=1), "h": timedelta(hours=1), "d": timedelta(days=1)}
_HOURS = int(STANDS_FOR / timedelta(hours=1))
_COLUMNS = ("id", "kind", "scope", "value", "reason", "state", "pending", "placed at", "expires at")

all_option = click.option("--all", "wants_all", is_flag=True, help="Those too that were lifted or have expired.")
limit_option = click.option(
    "--limit", default=50, show_default=True, type=click.IntRange(1, 10_000), help="How many, newest."
)
lift_reason = click.option("--reason", required=True, help="Why it may be lifted; kept with it.")


class Span(click.ParamType[timedelta]):
    """Reads ``2h`` as two hours."""

    name = "span"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> timedelta:
        """Return the span."""
        if isinstance(value, timedelta):
            return value
        found = _SPAN.fullmatch(str(value))
        if found is None:
            self.fail(f"{value!r} is not a span such as 30m, 2h or 3d", param, ctx)
        span = int(found[1]) * _UNITS[found[2]]
        if span > LONGEST:
            self.fail(f"{value!r} is longer than {LONGEST.days}d; say --forever if it is to stand longer", param, ctx)
        return span


class Moment(click.ParamType[datetime]):
    """Reads an ISO-8601 time with its zone."""

    name = "time"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        """Return the moment, aware UTC."""
        if isinstance(value, datetime):
            return value
        try:
            return instant(value)
        except ValueError as error:
            self.fail(f"{value!r} {error}", param, ctx)


def described(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options that describe a gate."""
    options = (
        click.option("--scope", type=click.Choice([each.value for each in Scope]), help="What is meant."),
        click.option("--value", help="Which campaign, sender, recipient or profile; not with scope all."),
        click.option("--reason", help="Why; it is shown with every message that is stopped."),
        click.option("--for", "span", type=Span(), help=f"For how long: 30m, 2h, 3d; without it, {_HOURS}h."),
        click.option("--until", type=Moment(), help="Until when instead, such as 2026-02-15T14:30:00Z."),
        click.option("--forever", is_flag=True, help="Until somebody lifts it instead."),
    )
    for option in reversed(options):
        command = option(command)
    return command


def gate(
    kind: HoldKind,
    *,
    scope: str | None,
    value: str | None,
    reason: str | None,
    span: timedelta | None,
    until: datetime | None,
    forever: bool,
    at: datetime,
) -> Gate:
    """Return the gate that the options describe. Raises what is told as a mistake of the user's."""
    for name, given in (("--scope", scope), ("--reason", reason)):
        if not given:
            raise click.UsageError(f"Missing option '{name}'.")
    if sum((span is not None, until is not None, forever)) > 1:
        raise click.UsageError("give one of --for, --until and --forever")
    if until is not None and until <= at:
        raise click.UsageError(f"--until {until:%Y-%m-%dT%H:%M:%SZ} has passed already")
    if until is not None and until - at > LONGEST:
        raise click.UsageError(f"--until is more than {LONGEST.days}d ahead; say --forever if it is to stand longer")
    body: dict[str, Any] = {"scope": scope, "reason": reason}
    if value is not None:
        body["value"] = value
    if span is not None:
        body["expires_in"] = int(span.total_seconds())
    elif until is not None or forever:
        body["expires_at"] = until.isoformat() if until else None
    wanted = api_holds.read(body, now=at)
    return Gate(kind, wanted.scope, wanted.value, wanted.reason, wanted.expires_at, BY)


def place(database: Database, wanted: Gate, *, at: datetime) -> dict[str, Any]:
    """Set a gate and return it as shown."""
    with database.begin() as connection:
        placed = holding.place(connection, wanted, now=at)
    with database.read() as connection:
        return holding.shown(connection, placed.row, now=at)


def lift(hold_id: str, *, reason: str, wants_json: bool) -> None:
    """Lift a gate and say so."""
    settings = Settings.from_env()
    at = now()
    told = api_holds.reason_of(reason)
    with databases.opened(settings) as database, database.begin() as connection:
        row = holding.lift(connection, hold_id.strip().lower(), by=BY, reason=told, now=at)
        shown = holding.shown(connection, row, now=at)
        waiting = holding.reached(connection, row.hold.scope, row.hold.value, now=at).pending
    Bell(settings.redis_url).ring()
    if wants_json:
        output.print_json({"data": shown})
        return
    click.echo(f"lifted {output.printable(named(shown))}, at {brief(shown['lifted_at'])}")
    click.echo(f"{waiting:,} pending messages of it go out at their times, unless something else stops them")


def listed(*, kind: HoldKind | None, wants_all: bool, limit: int, wants_json: bool) -> None:
    """List gates, the newest first."""
    at = now()
    with databases.reading(Settings.from_env()) as connection:
        rows = holds.listing(connection, limit=limit, kind=kind, standing_at=None if wants_all else at)
        shown = [holding.shown(connection, row, now=at) for row in rows]
    if wants_json:
        output.print_json({"data": shown})
    elif shown:
        output.console().print(output.table(_COLUMNS, [_row(each) for each in shown]))
    else:
        click.echo("nothing is held" if not wants_all else "nothing was ever held")


def named(shown: dict[str, Any]) -> str:
    """Return a gate in few words."""
    return f"{shown['kind']} {shown['id']} on {subject(shown['scope'], shown['value'])}"


def subject(scope: str, value: str | None) -> str:
    """Return what a scope means in few words."""
    return f"{scope} {value}" if value else "everything"


def until(shown: dict[str, Any]) -> str:
    """Return until when a gate stands."""
    return f"until {brief(shown['expires_at'])}" if shown["expires_at"] else "until somebody lifts it"


def _row(shown: dict[str, Any]) -> Sequence[object]:
    times = brief(shown["placed_at"]), brief(shown["expires_at"]) or "never"
    return tuple(shown[name] for name in ("id", "kind", "scope", "value", "reason", "state", "pending")) + times
