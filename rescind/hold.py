"""``rescind hold``: keep messages back until somebody decides."""

from __future__ import annotations

from typing import Any

import click

from core.holds import HoldKind
from rescind import databases, gates, output
from rescind.output import as_json
from schemas.settings import Settings
from store.bell import Bell
from workers.runtime import now


@click.group("hold")
def hold_command() -> None:
    """Keep messages back until somebody decides.

    What is held stays scheduled. It goes out if the hold is lifted, or expires, in time; what is still held about
    three minutes before it is to be sent is cancelled.
    """


@hold_command.command("add")
@gates.described
@as_json
def add_command(*, wants_json: bool, **described: Any) -> None:  # noqa: ANN401 - the options that describe a gate
    """Hold all messages of a scope, those included that are registered later."""
    settings = Settings.from_env()
    at = now()
    wanted = gates.gate(HoldKind.HOLD, **described, at=at)
    with databases.opened(settings) as database:
        shown = gates.place(database, wanted, at=at)
    Bell(settings.redis_url).ring()
    if wants_json:
        output.print_json({"data": shown})
        return
    click.echo(output.printable(f"{gates.named(shown)} stands {gates.until(shown)}"))
    if not shown["pending"]:
        click.echo("nothing that is pending is meant by this: is the value right?")
    lifting = f"`rescind hold lift {shown['id']} --reason WHY`"
    click.echo(f"{shown['pending']:,} pending messages wait behind it; {lifting} lets them go")


@hold_command.command("list")
@gates.all_option
@gates.limit_option
@as_json
def list_command(*, wants_all: bool, limit: int, wants_json: bool) -> None:
    """List the holds and panics that stand, each with how many pending messages it holds at the moment."""
    gates.listed(kind=None, wants_all=wants_all, limit=limit, wants_json=wants_json)


@hold_command.command("lift")
@click.argument("hold_id", metavar="ID")
@gates.lift_reason
@as_json
def lift_command(*, hold_id: str, reason: str, wants_json: bool) -> None:
    """Lift a hold or a panic. What it has had cancelled stays cancelled; see `rescind reschedule`."""
    gates.lift(hold_id, reason=reason, wants_json=wants_json)
