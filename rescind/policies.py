"""``rescind policies``: what can be set, how it is set, and whether a file of policies is right."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from core.errors import SettingsError
from core.policies import catalogue
from rescind import output, policy_files
from rescind.output import as_json
from schemas import policies, policy_described
from schemas.policies import Chosen, PoliciesInvalid
from schemas.settings import Settings

_WRONG = 1
_OURS = "rescind"


@click.group("policies")
def policies_command() -> None:
    """Check a file of policies, or list all that can be set."""


@policies_command.command("check")
@click.argument("file", metavar="FILE", type=policy_files.readable)
def check_command(*, file: Path) -> int:
    """Say all that is wrong with a file of policies, or what it would change; - reads standard input.

    The exit status is 1 when something is wrong. Nothing is written, and no database is needed.
    """
    try:
        chosen = policy_files.read(file)
    except PoliciesInvalid as error:
        for problem in error.problems:
            click.echo(output.printable(f"{policy_files.named(file)} {problem}"), err=True)
        return _WRONG
    digest = catalogue.rules(**chosen).digest
    click.echo(f"{policy_files.named(file)} is right; its settings have the digest {digest}")
    named = Settings.from_env().policies
    in_force = named or policies.FILE
    if file != policy_files.STDIN and in_force.exists() and file.samefile(in_force):
        click.echo("it is the file that is to be in force; `rescind doctor` tells whether it is followed")
        return 0
    try:
        before = policies.load(named)
    except SettingsError as error:
        click.echo(output.printable(f"what it changes cannot be told: {error}"))
        return 0
    changes = policy_described.differences(before, chosen)
    source = in_force if in_force.exists() else "the defaults"
    click.echo(f"against {source} it changes {'this:' if changes else 'nothing'}")
    for change in changes:
        click.echo(output.printable(f"  {change}"))
    return 0


@policies_command.command("list")
@click.option("--file", type=policy_files.readable, help="Show the settings of this file, not of the one in force.")
@as_json
def list_command(*, file: Path | None, wants_json: bool) -> None:
    """List every policy, what it rests on, and how it is set."""
    chosen = policies.load(Settings.from_env().policies) if file is None else policy_files.read(file)
    shown = _shown(chosen)
    if wants_json:
        output.print_json({"data": shown})
        return
    columns = ["policy", "setting", "value", "default", "takes", "about"]
    output.console().print(output.table(columns, [row for each in shown for row in _rows(each)]))


def _shown(chosen: Chosen) -> list[dict[str, Any]]:
    packages = catalogue.packages()
    return [
        {
            "policy": name,
            "mode": settings.mode,
            "priority": catalogue.known()[name].PRIORITY,
            "source": catalogue.known()[name].SOURCE,
            "package": packages.get(name, _OURS),
            "settings": [asdict(each) for each in policy_described.described(settings)],
        }
        for name, settings in chosen.items()
    ]


def _rows(shown: dict[str, Any]) -> list[tuple[object, ...]]:
    """Return the lines about one policy; the first tells what it rests on, and who brings it."""
    name = shown["policy"] if shown["package"] == _OURS else f"{shown['policy']} ({shown['package']})"
    rows: list[tuple[object, ...]] = [(name, "", "", "", "", shown["source"])]
    rows += [
        ("", each["key"], each["value"], each["default"], each["takes"], each["meaning"]) for each in shown["settings"]
    ]
    return rows
