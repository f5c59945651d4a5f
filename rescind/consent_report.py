"""``rescind consent report``: proof that nobody who refused has anything pending that is not being cancelled."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import click
import structlog

from ledger import proving
from ledger.proving import Proof, Unguarded
from ledger.showing import instant
from ledger.unanswered import Unnamed
from rescind import databases, doubted, output
from rescind.output import as_json, brief
from schemas.rulebook import Rulebook
from schemas.settings import Settings
from workers.runtime import now

_LISTED = ("to", "send at", "reason")
_PAGE = 500
_BROKEN = 1


@click.command("report")
@as_json
def report_command(*, wants_json: bool) -> int:
    """Prove that nobody who refused has anything pending that is not being cancelled; exits with 1 when somebody has.

    Every pending message is asked about by opt_out and do_not_contact themselves, as they are set now. While one of
    them is not enforced nothing is proved, and it exits with 1 too. So it does while a request to somebody who refused
    is in doubt: Telnyx may hold the message. The sweeper does the same once a day.
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
            rows = [_row(each.message_id, _shown(each)) for each in found.unguarded]
            output.console().print(output.table(("message", *_LISTED), rows))
        if found.unnamed:
            click.echo(doubted.told(len(found.unnamed), "to somebody who refused"))
            rows = [_row(each.request_id, _shown(each)) for each in found.unnamed]
            output.console().print(output.table(("request", *_LISTED), rows))
    return 0 if found.holds else _BROKEN


def _proof(found: Proof, at: datetime) -> dict[str, Any]:
    return {
        "at": instant(at),
        "holds": found.holds,
        "not_enforced": sorted(found.not_enforced),
        "pending": found.pending,
        "cancelling": found.cancelling,
        "held": found.held,
        "unguarded": [{"message_id": each.message_id, **_shown(each)} for each in found.unguarded],
        "in_doubt": [{"request_id": each.request_id, **_shown(each)} for each in found.unnamed],
    }


def _shown(each: Unguarded | Unnamed) -> dict[str, Any]:
    return {
        "recipients": list(each.recipients),
        "send_at": instant(each.send_at),
        "policy": each.policy,
        "reason": each.reason,
    }


def _row(name: str, shown: dict[str, Any]) -> tuple[object, ...]:
    return name, ", ".join(shown["recipients"]), brief(shown["send_at"]), shown["reason"]
