"""``rescind ledger``, ``messages``, ``events`` and ``why``: what is held, read only."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import click

from core.inbox import InboxStatus
from core.outcomes import LedgerState
from ledger import balance, showing, story
from rescind import databases, output
from rescind.output import as_json, brief
from schemas.settings import Settings
from store import inbox, messages

_limit = click.option(
    "--limit", default=50, show_default=True, type=click.IntRange(1, 10_000), help="How many, newest."
)
_CAUSE = "breach_causes"


@click.command("ledger")
@as_json
def ledger_command(*, wants_json: bool) -> None:
    """Show how many messages were registered, and where they stand; the four add up."""
    with databases.reading(Settings.from_env()) as connection:
        sums: dict[str, Any] = asdict(balance.balance(connection))
    if wants_json:
        output.print_json({"data": sums})
        return
    causes = sums.pop(_CAUSE)
    rows = list(sums.items())
    rows += [(f"  breach: {cause}", number) for cause, number in sorted(causes.items())]
    output.console().print(output.table(["", "messages"], rows))


@click.command("messages")
@click.option("--ledger", type=click.Choice([each.value for each in LedgerState]), help="Only those that stand so.")
@click.option("--campaign", help="Only those of this campaign.")
@click.option("--to", help="Only those to this number.")
@_limit
@as_json
def messages_command(*, ledger: str | None, campaign: str | None, to: str | None, limit: int, wants_json: bool) -> None:
    """List messages, the newest first."""
    with databases.reading(Settings.from_env()) as connection:
        rows = messages.listing(connection, limit=limit, ledger=ledger, campaign_key=campaign, phone_number=to)
        addressees = messages.recipients_of(connection, [row.id for row in rows])
    shown = [showing.message(row, addressees.get(row.id, ())) for row in rows]
    if wants_json:
        output.print_json({"data": shown})
        return
    columns = ["message", "to", "status", "campaign", "send at", "cancel by", "ledger"]
    output.console().print(output.table(columns, [_message(each) for each in shown]))


def _message(shown: dict[str, Any]) -> tuple[object, ...]:
    recipients = shown["recipients"]
    return (
        shown["id"],
        ", ".join(each["phone_number"] for each in recipients),
        ", ".join(sorted({each["status"] for each in recipients})),
        shown["campaign"],
        brief(shown["send_at"]),
        brief(shown["cancel_by"]),
        shown["breach_cause"] or shown["ledger"],
    )


@click.command("events")
@click.option("--status", type=click.Choice([each.value for each in InboxStatus]), help="Only those that stand so.")
@click.option("--dead", is_flag=True, help="Only dead letters: accepted, and not applied.")
@click.option("--type", "event_type", help="Only those of this type, such as message.received.")
@_limit
@as_json
def events_command(*, status: str | None, dead: bool, event_type: str | None, limit: int, wants_json: bool) -> None:
    """List accepted events, the newest first."""
    wanted = {InboxStatus(status)} if status else set()
    if dead:
        wanted |= {InboxStatus.INVALID, InboxStatus.STALE, InboxStatus.CONFLICT, InboxStatus.PARKED}
    with databases.reading(Settings.from_env()) as connection:
        rows = inbox.events(connection, statuses=sorted(wanted), event_type=event_type, limit=limit)
    shown = [showing.event(row) for row in rows]
    if wants_json:
        output.print_json({"data": shown})
        return
    columns = ["event", "type", "received", "deliveries", "status", "reason"]
    output.console().print(
        output.table(
            columns,
            [
                (
                    row.event_id,
                    row.event_type,
                    brief(showing.instant(row.received_at)),
                    row.deliveries,
                    row.status,
                    row.reason,
                )
                for row in rows
            ],
        )
    )


@click.command("why")
@click.argument("message_id", metavar="ID")
@as_json
def why_command(*, message_id: str, wants_json: bool) -> None:
    """Tell the story of one message: what was known, decided, asked of Telnyx and answered."""
    with databases.reading(Settings.from_env()) as connection:
        told = story.story(connection, message_id.strip().lower())
    if wants_json:
        output.print_json({"data": told})
        return
    message = told["message"]
    screen = output.console()
    to = ", ".join(f"{each['phone_number']} ({each['status']})" for each in message["recipients"])
    facts = [
        ("message", message["id"]),
        ("to", to),
        ("campaign", message["campaign"]),
        ("send at", brief(message["send_at"])),
        ("cancel by", brief(message["cancel_by"])),
        ("ledger", message["ledger"]),
        ("cause", message["breach_cause"]),
    ]
    screen.print(output.table(["", ""], [fact for fact in facts if fact[1]]))
    timeline = [(brief(entry["at"]), entry["kind"], entry["text"]) for entry in told["timeline"]]
    screen.print(output.table(["at", "", "what happened"], timeline))
