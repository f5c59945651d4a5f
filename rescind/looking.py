"""``rescind messages`` and ``events``: what is held, read only."""

from __future__ import annotations

from typing import Any

import click

from core.errors import NotFound
from core.inbox import ANY_DEAD, InboxStatus, statuses_of
from core.outcomes import LedgerState
from ledger import forecasting, showing
from rescind import databases, fitting, output
from rescind.output import as_json, brief
from schemas import api_fields
from schemas.settings import Settings
from store import inbox, messages

_limit = click.option(
    "--limit", default=50, show_default=True, type=click.IntRange(1, 10_000), help="How many, newest."
)


@click.command("messages")
@click.option("--ledger", type=click.Choice([each.value for each in LedgerState]), help="Only those that stand so.")
@click.option("--campaign", help="Only those of this campaign.")
@click.option("--to", help="Only those to this number.")
@click.option("--orphans", is_flag=True, help="Only those sent on schedule without having come through any door.")
@_limit
@as_json
def messages_command(
    *, ledger: str | None, campaign: str | None, to: str | None, orphans: bool, limit: int, wants_json: bool
) -> None:
    """List messages, the newest first."""
    number = api_fields.number_named("--to", to) if to is not None else None
    settings = Settings.from_env()
    with databases.reading(settings) as connection:
        rows = messages.listing(
            connection, limit=limit, ledger=ledger, campaign_key=campaign, phone_number=number, only_orphans=orphans
        )
        addressees = messages.recipients_of(connection, [row.id for row in rows])
        cancel_by = forecasting.look(connection, rate=settings.cancel_rate).cancel_by
    shown = [showing.message(row, addressees.get(row.id, ()), cancel_by=cancel_by) for row in rows]
    if wants_json:
        output.print_json({"data": shown})
        return
    columns = ["message", "to", "status", "campaign", "send at", "cancel by", "ledger"]
    by_weight = ["message", "to", "ledger", "send at", "status", "campaign", "cancel by"]
    fitting.show(columns, [_message(each) for each in shown], by_weight=by_weight)


def _message(shown: dict[str, Any]) -> tuple[object, ...]:
    recipients = shown["recipients"]
    return (
        shown["id"],
        ", ".join(each["phone_number"] for each in recipients),
        ", ".join(sorted({each["status"] for each in recipients})),
        shown["campaign"],
        brief(shown["send_at"]),
        brief(shown["cancel_by"]),
        shown["breach_cause"] or shown["ledger"] or ("orphan" if shown["orphaned_at"] else None),
    )


@click.command("events")
@click.argument("event_id", metavar="[ID]", required=False)
@click.option(
    "--status",
    type=click.Choice([ANY_DEAD, *(each.value for each in InboxStatus)]),
    help="Only those that stand so; dead stands for all dead letters: accepted, and not applied.",
)
@click.option("--type", "event_type", help="Only those of this type, such as message.received.")
@click.option(
    "--raw", is_flag=True, help="With an ID: print the very bytes that Telnyx signed, people's words included."
)
@_limit
@as_json
def events_command(
    *, event_id: str | None, status: str | None, event_type: str | None, raw: bool, limit: int, wants_json: bool
) -> None:
    """List accepted events, the newest first, or show the one that has the ID."""
    if raw and wants_json:
        raise click.UsageError("--raw prints bytes, which --json cannot; give one of the two")
    if event_id is not None:
        _show_event(event_id, raw=raw, wants_json=wants_json)
        return
    if raw:
        raise click.UsageError("--raw prints one event; give its ID")
    with databases.reading(Settings.from_env()) as connection:
        rows = inbox.events(connection, statuses=statuses_of(status), event_type=event_type, limit=limit)
    shown = [showing.event(row) for row in rows]
    if wants_json:
        output.print_json({"data": shown})
        return
    columns = ["event", "type", "received", "deliveries", "tries", "crashes", "status", "reason"]
    by_weight = ["event", "status", "type", "reason", "received", "tries", "deliveries", "crashes"]
    fitting.show(columns, [_event(each) for each in shown], by_weight=by_weight)


def _event(shown: dict[str, Any]) -> tuple[object, ...]:
    return (
        shown["event_id"],
        shown["event_type"],
        brief(shown["received_at"]),
        shown["deliveries"],
        shown["tries"],
        shown["crashes"],
        shown["status"],
        shown["reason"],
    )


def _show_event(event_id: str, *, raw: bool, wants_json: bool) -> None:
    with databases.reading(Settings.from_env()) as connection:
        row = inbox.find(connection, event_id)
        signed = inbox.raw_of(connection, event_id) if raw else None
    if row is None:
        raise NotFound(f"no event {event_id!r} is known; `rescind events` lists them")
    if raw:
        if signed is None:
            raise NotFound(f"the bytes of event {event_id} were pruned")
        click.echo(signed, nl=False)
        return
    shown = showing.event(row)
    if wants_json:
        output.print_json({"data": shown})
    else:
        output.console().print(output.table(["", ""], [(name, value) for name, value in shown.items()]))
