"""``rescind consent report``: proof that nobody who refused has anything pending that is not being cancelled."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import click
import structlog

from ledger import proving
from ledger.proving import Proof, Unguarded
from ledger.showing import instant
from rescind import databases, output
from rescind.output import as_json, brief
from schemas.rulebook import Rulebook
from schemas.settings import Settings
from workers.runtime import now

_UNGUARDED = ("message", "to", "send at", "reason")
_PAGE = 500
_BROKEN = 1


@click.command("report")
@as_json
def report_command(*, wants_json: bool) -> int:
    """Prove that nobody who refused has anything pending that is not being cancelled; exits with 1 when somebody has.

    Every pending message is asked about by opt_out and do_not_contact themselves, as they are set now. While one of
    them is not enforced nothing is proved, and it exits with 1 too. The sweeper does the same once a day.
    """
    settings = Settings.from_env()
    rules = Rulebook(settings.policies, log=structlog.get_logger()).current()
    at = now()
    found, after = Proof(), None
    with databases.reading(settings) as connection:
        while True:
            page, after = proving.page(connection, rules, after=after, now=at, limit=_PAGE)
            found += page
            if after is None:
                break
    if wants_json:
        output.print_json({"data": _proof(found, at)})
    else:
        if found.not_enforced:
            named = " and ".join(sorted(found.not_enforced))
            click.echo(f"nothing is proved of what is not enforced: {named}")
        click.echo(
            f"{found.pending:,} messages are pending; of those to somebody who refused {found.cancelling:,} are being"
            f" cancelled, {len(found.unguarded):,} are not; {found.held:,} are held while it is in doubt"
        )
        if found.unguarded:
            output.console().print(output.table(_UNGUARDED, [_unguarded_row(each) for each in found.unguarded]))
    return 0 if found.holds else _BROKEN


def _proof(found: Proof, at: datetime) -> dict[str, Any]:
    return {
        "at": instant(at),
        "holds": found.holds,
        "not_enforced": sorted(found.not_enforced),
        "pending": found.pending,
        "cancelling": found.cancelling,
        "held": found.held,
        "unguarded": [
            {
                "message_id": each.message_id,
                "recipients": list(each.recipients),
                "send_at": instant(each.send_at),
                "policy": each.policy,
                "reason": each.reason,
            }
            for each in found.unguarded
        ],
    }


def _unguarded_row(each: Unguarded) -> tuple[object, ...]:
    return each.message_id, ", ".join(each.recipients), brief(instant(each.send_at)), each.reason
