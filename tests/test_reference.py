"""The reference names every command, every route and every setting that there is, and no other."""

from __future__ import annotations

import json
import re
from datetime import timedelta
from pathlib import Path

import click
import pytest

import simulator
from core.inbox import InboxStatus
from ledger import absorbing
from rescind.cli import commands
from schemas.settings import Settings
from schemas.variables import VARIABLES
from store.engine import Database
from tests import telnyx_signing as telnyx
from tests.accepting import accept, mark_all, sample
from tests.api_calls import Api
from tests.reports import ALICE, NOW, RULES, heard, text
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


def bodies_shown() -> list[tuple[str, str, str]]:
    """Each route of the table of bodies with each JSON object that stands beside it."""
    shown: list[tuple[str, str, str]] = []
    for line in REFERENCE.split("### Bodies")[1].split("\n## ")[0].splitlines():
        if line.startswith("| `"):
            route, *codes = re.findall(r"`([^`]+)`", line)
            bodies = [code for code in codes if code.startswith("{") and "…" not in code]
            assert bodies, line
            method, path = route.split(" ")
            shown += [(method, path, body) for body in bodies]
    return shown


@pytest.mark.parametrize(("method", "path", "body"), bodies_shown())
def test_every_body_is_taken_as_it_stands(sqlite_database, method, path, body):
    api = Api(sqlite_database)
    with sqlite_database.begin() as connection:
        doubt = heard(text("please stop by", event_id="maybe"), received_at=NOW + timedelta(minutes=1))
        absorbing.absorb(connection, doubt, RULES, now=NOW + timedelta(minutes=1))
    (event_id,) = accept(sqlite_database, sample("message.received.stop"))
    mark_all(sqlite_database, InboxStatus.APPLIED)
    filled = path.replace("{number}", ALICE).replace("{key}", "spring-sale")
    filled = filled.replace("{event_id}", "maybe").replace("{id}", event_id)

    answer = api.ask(method, filled, json=json.loads(body))

    assert answer.status_code in {200, 201, 202}, answer.text


def test_every_route_that_takes_a_body_has_one_that_it_is_shown_with(sqlite_database):
    paths = Api(sqlite_database).ask("GET", "/openapi.json", headers={}).get_json()["paths"]
    taking = {
        (method.upper(), re.sub(r"\{[^}]*\}", "{}", path))
        for path, methods in paths.items()
        for method, operation in methods.items()
        if "requestBody" in operation and path.startswith("/v1/")
    }

    assert {(method, re.sub(r"\{[^}]*\}", "{}", path)) for method, path, _ in bodies_shown()} == taking


def test_every_setting_is_named_and_no_other():
    assert set(re.findall(r"`([A-Z][A-Z_]+)`(?=[,| ]+)", REFERENCE.split("## Settings")[1])) == {
        each.name for each in VARIABLES
    }
