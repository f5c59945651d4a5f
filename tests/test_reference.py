"""The reference names every command, every route and every setting that there is, and no other."""

from __future__ import annotations

import re
from pathlib import Path

import click

import simulator
from rescind.cli import commands
from schemas.settings import Settings
from schemas.variables import VARIABLES
from store.engine import Database
from tests import telnyx_signing as telnyx
from webhook_app import create_app

REFERENCE = (Path(__file__).parents[1] / "docs/reference.md").read_text()


def leaves(command: click.Command, context: click.Context, name: str) -> set[str]:
    if not isinstance(command, click.Group):
        return {name}
    found = {sub: command.get_command(context, sub) for sub in command.list_commands(context)}
    own = {name} if command.invoke_without_command else set()
    return own | {leaf for sub, each in found.items() if each for leaf in leaves(each, context, f"{name} {sub}")}


def named_commands() -> set[str]:
    """The commands of the tables' first column; after ``rescind hold add``, a bare `list` is ``rescind hold list``."""
    names: set[str] = set()
    for line in REFERENCE.splitlines():
        first = line.split("|")[1] if line.startswith("| `") else ""
        group = ""
        for code in re.findall(r"`([^`]+)`", first):
            words = re.findall(r"^[a-z-]+|(?<= )[a-z-]+\b(?![=:])", code.split(" -")[0])
            if code.startswith("rescind "):
                group = " ".join(words[:-1])
                names.add(" ".join(words))
            elif group:
                names.add(" ".join([group, *words]))
    return names


def test_every_command_is_named_and_no_other():
    context = click.Context(commands)

    assert named_commands() == leaves(commands, context, "rescind")


def test_every_route_is_named_and_no_other(tmp_path):
    url = f"sqlite:///{tmp_path}/none.db"
    settings = Settings.from_env(
        {"DATABASE_URL": url, "TELNYX_PUBLIC_KEY": telnyx.PUBLIC_KEY, "RESCIND_HANDOVER_SECRET": "s" * 32}
    )
    app = create_app(settings, database=Database(url), ring=lambda: None)
    served = {
        (method, re.sub(r"<[^>]*>", "{}", rule.rule))
        for rule in app.url_map.iter_rules()
        for method in (rule.methods or set()) & {"GET", "POST", "PUT", "DELETE"}
    }
    named = {
        (method, re.sub(r"\{[^}]*\}", "{}", path))
        for method, path in re.findall(r"`(GET|POST|PUT|DELETE) (/[^` ]*)`", REFERENCE)
    }

    assert served - named == set()
    assert named - served == {("POST", "/webhooks/telnyx/failover")} | of_the_simulator()


def of_the_simulator() -> set[tuple[str, str]]:
    return {
        (method, re.sub(r"<[^>]*>", "{}", rule.rule))
        for rule in simulator.create_app(simulator.Simulator()).url_map.iter_rules()
        if rule.rule.startswith("/_sim/")
        for method in (rule.methods or set()) & {"GET", "POST", "PUT", "DELETE"}
    }


def test_every_setting_is_named_and_no_other():
    assert set(re.findall(r"`([A-Z][A-Z_]+)`(?=[,| ]+)", REFERENCE.split("## Settings")[1])) == {
        each.name for each in VARIABLES
    }
