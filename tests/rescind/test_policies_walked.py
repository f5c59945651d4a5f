"""The way from an idea to a rule in force, walked as the guide tells it: what it shows is what the commands say."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from core.policies import catalogue
from core.scopes import Scope
from ledger.reviewing import review
from schemas import policies
from store import reviews
from tests.policies_guide import blocks, section, shows
from tests.processes import schedule
from tests.reports import ALICE, message_id

WAY = section("From an idea to a rule in force")
SHIPPED = Path(__file__).parents[2] / "policies.toml"


@pytest.fixture
def settings(sqlite_url, sqlite_database, run, tmp_path):
    """Two messages with the same words to one recipient, and the shipped file in force."""
    shutil.copy(SHIPPED, tmp_path)
    for number in (1, 2):
        send_at = datetime.now(UTC) + timedelta(hours=number)
        schedule(sqlite_database, message_id(number), to=ALICE, send_at=send_at)
    return {"DATABASE_URL": sqlite_url}


@pytest.fixture
def changed(tmp_path, settings):
    """The file of the first step: one table is written as the guide says."""
    (table,) = blocks(WAY, "toml")
    name, mode = table.splitlines()
    before, after = (tmp_path / "policies.toml").read_text().split(f"{name}\n")
    new = tmp_path / "new.toml"
    new.write_text(f"{before}{name}\n{mode}\n{after.split(chr(10), maxsplit=1)[1]}")
    return new


def example_of(command):
    (body,) = [body for body in blocks(WAY) if body.startswith(command)]
    return body.removeprefix(f"{command}\n")


def test_check_says_what_the_guide_shows(run, changed):
    ran = run("policies", "check", "new.toml")

    assert (ran.status, ran.err) == (0, "")
    assert shows(example_of("$ rescind policies check new.toml"), ran.out)


def test_backtest_shows_what_the_guide_does(run, settings, changed):
    ran = run("backtest", "--policies", "new.toml", "--since", "7d", **settings)

    assert (ran.status, ran.err) == (0, "")
    assert shows(example_of("$ rescind backtest --policies new.toml --since 7d"), ran.out), ran.out


def test_story_of_a_shadowed_policy_reads_as_in_the_guide(run, settings, changed, sqlite_database):
    rules = catalogue.rules(**policies.load(changed))
    with sqlite_database.begin() as connection:
        cause = reviews.called_for_by_rules(rules.digest)
        reviews.request(connection, Scope.ALL, "", event_id=cause, known_at=datetime.now(UTC))
        assert review(connection, rules, now=datetime.now(UTC), limit=10) == 2

    ran = run("why", message_id(2), **settings)

    (example,) = [body for body in blocks(WAY) if body.startswith("decided ")]
    assert shows(example, ran.out), ran.out
