"""``rescind audit``: whether the decisions on record are those that were made."""

from __future__ import annotations

import re
from dataclasses import asdict

import click

from ledger import chaining
from ledger.chaining import Audit
from rescind import databases, output
from rescind.output import as_json
from schemas.settings import Settings

_BROKEN = 1


@click.command("audit")
@click.option("--head", metavar="DIGEST", help="A head that an earlier audit printed: the chain must pass through it.")
@as_json
def audit_command(*, head: str | None, wants_json: bool) -> int:
    """Check that no decision on record was changed or removed. Exits with 1 when one was.

    Each decision is linked to the one before it. What is cut off at the end shows only by a head that was noted
    elsewhere: keep what this prints, and give it as --head the next time.
    """
    if head is not None and not re.fullmatch(r"[0-9a-f]{64}", head):
        raise click.UsageError("--head is no digest; give the 64 hexadecimal digits that an earlier audit printed")
    settings = Settings.from_env()
    with databases.reading(settings) as connection:
        audit = chaining.audit(connection, expected=head)
    if wants_json:
        output.print_json({**asdict(audit), "holds": audit.holds})
    else:
        click.echo(_told(audit))
    return 0 if audit.holds else _BROKEN


def _told(audit: Audit) -> str:
    lines = [f"{audit.checked} decisions checked, {audit.unlinked} not linked yet", f"head {audit.head}"]
    if audit.broken is not None:
        about = f" (message {audit.broken.message_id})" if audit.broken.message_id else ""
        lines.append(f"BROKEN at {audit.broken.position}: {audit.broken.what}{about}")
    if audit.found_expected is False:
        lines.append(
            "BROKEN: the chain does not pass through the head that was given; its end was cut off or rewritten"
        )
    return "\n".join(lines)
