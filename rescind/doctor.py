"""``rescind doctor``: whether everything that the settings point at is as it should be."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import asdict
from itertools import chain

import click

from core.errors import SettingsError
from rescind import examining, output
from rescind.examining_failover import failover, failover_host
from rescind.examining_recovery import recovery
from rescind.examining_telnyx import telnyx
from rescind.findings import Finding, State, fail
from rescind.output import as_json
from schemas import variables
from schemas.settings import Settings

_OF_A_PRIMARY = (
    *(examining.public_key, examining.credentials, examining.policy_file, examining.database, examining.redis),
    *(failover, recovery, telnyx),
)
_OF_A_FAILOVER = (examining.public_key, failover_host)
_MARKS = {State.OK: ("✓", "green"), State.WARN: ("!", "yellow"), State.FAIL: ("✗", "red")}


@click.command("doctor")
@click.option("--explain", is_flag=True, help="Explain every environment variable, and check nothing.")
@click.option("--failover", "is_failover", is_flag=True, help="On a failover host: only what that needs.")
@as_json
@click.pass_context
def doctor_command(context: click.Context, *, explain: bool, is_failover: bool, wants_json: bool) -> None:
    """Check settings, policies, database, Redis, clock and Telnyx; the exit status is 1 when something fails."""
    if explain:
        _explain(wants_json=wants_json)
        return
    found = []
    for each in findings(is_failover=is_failover):
        found.append(each)
        if not wants_json:
            _print(each)
    if wants_json:
        output.print_json({"data": [asdict(each) for each in found]})
    context.exit(1 if any(each.state is State.FAIL for each in found) else 0)


def findings(*, is_failover: bool = False) -> Iterator[Finding]:
    """Yield what is found, one by one: some of it takes seconds."""
    try:
        settings = Settings.from_env()
    except SettingsError as error:
        for line in str(error).split(" | "):
            yield fail("settings", line, "correct it; `rescind doctor --explain` tells what each variable means")
        return
    looks = _OF_A_FAILOVER if is_failover else _OF_A_PRIMARY
    yield from chain.from_iterable(look(settings) for look in looks)


def _print(finding: Finding) -> None:
    mark, colour = _MARKS[finding.state]
    click.echo(f"{click.style(mark, fg=colour)} {finding.subject}: {output.printable(finding.told)}")
    if finding.remedy:
        click.echo(f"    → {finding.remedy}")


def _explain(*, wants_json: bool) -> None:
    told = [
        {"name": each.name, "default": each.default, "value": _value(each), "meaning": each.meaning}
        for each in variables.explain()
    ]
    if wants_json:
        output.print_json({"data": told})
        return
    for each in told:
        default = f"default {each['default']}" if each["default"] else "no default"
        click.echo(f"{click.style(str(each['name']), bold=True)} ({default}; now {each['value'] or 'unset'})")
        click.echo(f"    {each['meaning']}")


def _value(variable: variables.Variable) -> str | None:
    value = os.environ.get(variable.name)
    return value if variable.is_shown or not value else "***"
