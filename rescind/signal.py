"""``rescind signal``: say that somebody reached a goal, or that what messages are about has changed."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import click
import structlog

from ledger import signalling
from ledger.following import Following
from rescind import databases, output
from rescind.gates import Moment, limit_option
from rescind.output import as_json, brief
from schemas import api_fields, api_signals
from schemas.rulebook import Rulebook
from schemas.settings import Settings
from store import signals
from store.bell import Bell
from workers.runtime import now

_COLUMNS = ("id", "kind", "value", "phone number", "revision", "at", "received at")

_id_option = click.option("--id", "signal_id", help="Whoever repeats it repeats the signal, and nothing happens twice.")
_at_option = click.option("--at", type=Moment(), help="When it came about, such as 2026-02-15T14:30:00Z; now without.")


@click.group("signal")
def signal_command() -> None:
    """Say that somebody reached a goal, or that what messages are about has changed.

    A signal is kept for good, and counts for messages that are registered later, too.
    """


@signal_command.command("goal")
@click.argument("name", metavar="GOAL")
@click.argument("phone_number", metavar="NUMBER")
@_id_option
@_at_option
@as_json
def goal_command(*, name: str, phone_number: str, signal_id: str | None, at: datetime | None, wants_json: bool) -> None:
    """Cancel what is labelled until:GOAL and goes to a number: its purpose is reached."""
    _tell({"kind": "goal", "value": name, "phone_number": phone_number}, signal_id, at, wants_json=wants_json)


@signal_command.command("revision")
@click.argument("key", metavar="KEY")
@click.option("--number", "revision", type=int, help="The latest revision: what tells an earlier one is cancelled.")
@click.option("--gone", is_flag=True, help="It is no more: all that was scheduled about it is cancelled.")
@click.option("--to", "phone_number", metavar="NUMBER", help="Whose messages it concerns; everybody's without.")
@_id_option
@_at_option
@as_json
def revision_command(
    *,
    key: str,
    revision: int | None,
    gone: bool,
    phone_number: str | None,
    signal_id: str | None,
    at: datetime | None,
    wants_json: bool,
) -> None:
    """Cancel what is labelled about:KEY and has been overtaken."""
    if gone == (revision is not None):
        raise click.UsageError("give either --number or --gone")
    body = {"kind": "revision", "value": key, "revision": revision}
    if phone_number is not None:
        body["phone_number"] = phone_number
    _tell(body, signal_id, at, wants_json=wants_json)


@signal_command.command("list")
@click.option("--of", "phone_number", metavar="NUMBER", help="Of whom they speak.")
@limit_option
@as_json
def list_command(*, phone_number: str | None, limit: int, wants_json: bool) -> None:
    """List signals, the newest first."""
    number = None if phone_number is None else api_fields.number_named("--of", phone_number)
    with databases.reading(Settings.from_env()) as connection:
        rows = signals.listing(connection, limit=limit, phone_number=number)
    shown = [signalling.shown(row) for row in rows]
    if wants_json:
        output.print_json({"data": shown})
    elif shown:
        output.console().print(output.table(_COLUMNS, [_row(each) for each in shown]))
    else:
        click.echo("nothing was ever signalled")


def _tell(body: Mapping[str, Any], signal_id: str | None, at: datetime | None, *, wants_json: bool) -> None:
    """Take a signal as the HTTP API takes it, and say what came of it."""
    given = {"id": signal_id, "at": at.isoformat() if at else None}
    settled = {**body, **{name: value for name, value in given.items() if value is not None}}
    settings = Settings.from_env()
    rulebook = Rulebook(settings.policies, log=structlog.get_logger())
    heard_at = now()
    signal = api_signals.one(settled, now=heard_at)
    with databases.opened(settings) as database:
        rules = Following(database, rulebook.current, now=now)()
        with database.begin() as connection:
            taken = signalling.hear(connection, [signal], rules, now=heard_at)
    Bell(settings.redis_url).ring()
    shown = signalling.shown(taken.rows[0]) | {"is_new": bool(taken.new)}
    if wants_json:
        output.print_json({"data": shown, "cancelling": taken.cancelling})
        return
    if not taken.new:
        click.echo(output.printable(f"signal {shown['id']} was known since {brief(shown['received_at'])}"))
        return
    click.echo(output.printable(f"signal {shown['id']} is kept; {taken.cancelling:,} messages are cancelled at once"))
    if signal.phone_number is None:
        click.echo("all that is pending is looked at for it by and by; --to has it looked at now")


def _row(shown: Mapping[str, Any]) -> tuple[object, ...]:
    words = (shown[name] for name in ("id", "kind", "value", "phone_number", "revision"))
    return *words, brief(shown["at"]), brief(shown["received_at"])
