"""``rescind forgive``: have the failures of a number count no more."""

from __future__ import annotations

import click
import structlog

from core.errors import RequestInvalid
from ledger import forgiving
from ledger.following import Following
from rescind import databases, output
from rescind.output import as_json
from schemas import api_fields, api_holds
from schemas.api_forgiving import LONGEST_REASON
from schemas.rulebook import Rulebook
from schemas.settings import Settings
from store.bell import Bell
from workers.runtime import now


@click.command("forgive")
@click.argument("phone_number", metavar="NUMBER")
@click.option("--reason", required=True, metavar="TEXT", help="Why; it is kept, and shown with what is decided.")
@as_json
def forgive_command(*, phone_number: str, reason: str, wants_json: bool) -> None:
    """Have the failures of a number count no more.

    What is scheduled for it is decided on again. What was cancelled because of its failures stays cancelled; see
    `rescind reschedule`.
    """
    number, why = api_fields.number_named("NUMBER", phone_number), _reason(reason)
    settings = Settings.from_env()
    rulebook = Rulebook(settings.policies, log=structlog.get_logger())
    with databases.opened(settings) as database:
        rules = Following(database, rulebook.current, now=now)()
        with database.begin() as connection:
            forgiven = forgiving.forgive(connection, number, rules, reason=why, now=now())
    Bell(settings.redis_url).ring()
    if wants_json:
        output.print_json({"data": forgiven.shown()})
        return
    if not forgiven.failures:
        click.echo(f"nothing had failed to {number} since something was last delivered to it")
    click.echo(
        f"what failed to {number} counts no more ({forgiven.failures}); {forgiven.pending:,} pending messages go to it"
    )


def _reason(raw: str) -> str:
    reason = api_holds.reason_of(raw)
    if len(reason) > LONGEST_REASON:
        raise RequestInvalid(f"reason: is longer than {LONGEST_REASON} characters")
    return reason
