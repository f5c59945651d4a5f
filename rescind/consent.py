"""``rescind consent``: the texts that may be opt-outs, and what an operator says they meant."""

from __future__ import annotations

from typing import Any

import click
import structlog

from core.consent import Meaning, Tier
from core.deciding import Act
from ledger import doubting
from ledger.following import Following
from rescind import databases, output
from rescind.consent_import import import_command
from rescind.consent_report import report_command
from rescind.output import as_json, brief
from schemas import api_fields, api_holds
from schemas.rulebook import Rulebook
from schemas.settings import Settings
from store.bell import Bell
from workers.runtime import now

_BY = "cli"
_COLUMNS = ("number", "event", "said at", "text", "languages", "campaign", "pending")


@click.group("consent")
def consent_command() -> None:
    """List texts that may be opt-outs, say what they meant, and prove that nobody who refused is texted."""


consent_command.add_command(import_command)
consent_command.add_command(report_command)


@consent_command.command("doubts")
@click.option(
    "--tier",
    type=click.Choice([Tier.DOUBTFUL.value, Tier.PHRASE.value]),
    default=Tier.DOUBTFUL.value,
    show_default=True,
    help="Which: what is in doubt, or what was taken for an opt-out by its wording alone.",
)
@click.option("--limit", default=50, show_default=True, type=click.IntRange(1, 10_000), help="How many, newest.")
@as_json
def doubts_command(*, tier: str, limit: int, wants_json: bool) -> None:
    """List the texts that nobody has settled, the newest first.

    A doubtful one keeps back all that is scheduled for its sender, until it is settled or more is said. What is
    still kept back about three minutes before it is to be sent is cancelled.
    """
    with databases.reading(Settings.from_env()) as connection:
        shown = doubting.shown(connection, doubting.waiting(connection, Tier(tier), limit=limit))
    if wants_json:
        output.print_json({"data": shown})
    elif shown:
        output.console().print(output.table(_COLUMNS, [_row(each) for each in shown]))
    else:
        click.echo("nothing is in doubt" if tier == Tier.DOUBTFUL else "nobody has opted out by a phrase alone")


@consent_command.command("settle")
@click.argument("phone_number", metavar="NUMBER")
@click.argument("event_id", metavar="EVENT")
@click.option("--means", required=True, type=click.Choice([each.value for each in Meaning]), help="What it meant.")
@click.option("--reason", required=True, metavar="TEXT", help="Why; it is kept as the evidence.")
@as_json
def settle_command(*, phone_number: str, event_id: str, means: str, reason: str, wants_json: bool) -> None:
    """Say what the text of an event meant, and decide again on what is scheduled for its sender."""
    number, why = api_fields.number_named("NUMBER", phone_number), api_holds.reason_of(reason)
    settings = Settings.from_env()
    rulebook = Rulebook(settings.policies, log=structlog.get_logger())
    at = now()
    with databases.opened(settings) as database:
        rules = Following(database, rulebook.current, now=now)()
        with database.begin() as connection:
            decided = doubting.settle(
                connection, number, event_id, rules, meaning=Meaning(means), reason=why, by=_BY, now=at
            )
    Bell(settings.redis_url).ring()
    acts = [each.verdict for each in decided.values()]
    if wants_json:
        told = {"phone_number": number, "event_id": event_id, "means": means}
        output.print_json({"data": {**told, "cancelling": acts.count(Act.CANCEL), "held": acts.count(Act.HOLD)}})
        return
    click.echo(f"settled: what {number} said means {output.printable(means)}")
    click.echo(
        f"of {len(acts):,} pending messages to it {acts.count(Act.CANCEL):,} are cancelled,"
        f" {acts.count(Act.HOLD):,} are still held"
    )


def _row(shown: dict[str, Any]) -> tuple[object, ...]:
    said = brief(shown["effective_at"]), shown["evidence"], ", ".join(shown["languages"])
    return (shown["phone_number"], shown["event_id"], *said, shown["campaign"], shown["pending"])
