from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from core.deciding import Mode
from core.policies import hard_failure
from core.policies.catalogue import rules
from ledger.absorbing import absorb
from store import cancellations, signals
from tests.ledger.test_ending import NOT_ROUTABLE, ended
from tests.processes import schedule
from tests.reports import ALICE, heard, message_id

ENFORCED = rules(hard_failure=hard_failure.Settings(mode=Mode.ENFORCE))


@pytest.fixture
def settings(sqlite_url, sqlite_database, tmp_path):
    (tmp_path / "policies.toml").write_text('[hard_failure]\nmode = "enforce"\n')
    now = datetime.now(UTC)
    schedule(sqlite_database, message_id(1), to=ALICE)
    failed = replace(ended("delivery_failed", NOT_ROUTABLE, number=9), occurred_at=now - timedelta(hours=1))
    with sqlite_database.begin() as connection:
        absorb(connection, heard(failed, received_at=now), ENFORCED, now=now)
    return {"DATABASE_URL": sqlite_url}


def forgiven(database):
    with database.read() as connection:
        return [
            (row.signal.kind, row.signal.phone_number, row.signal.value) for row in signals.listing(connection, limit=9)
        ]


def state(database):
    with database.read() as connection:
        return cancellations.of(connection, message_id(1)).state


def test_forgiven_number_has_what_waits_for_it_let_go(run, settings, sqlite_database):
    assert state(sqlite_database) == "requested"
    ran = run("forgive", "+1 (555) 765-0101", "--reason", "ported", **settings)
    assert (ran.status, ran.err) == (0, "")
    assert ran.out == f"what failed to {ALICE} counts no more (1); 1 pending messages go to it\n"
    assert forgiven(sqlite_database) == [("forgiven", ALICE, "ported")]
    assert state(sqlite_database) == "withdrawn"


def test_pardon_without_need_is_told_as_json_and_in_words(run, settings):
    ran = run("forgive", "+15557650177", "--reason", "ported", "--json", **settings)
    told = json.loads(ran.out)["data"]
    assert (told["phone_number"], told["failures"], told["pending"], told["reason"]) == ("+15557650177", 0, 0, "ported")
    assert run("forgive", "+15557650177", "--reason", "ported", **settings).out.startswith("nothing had failed to ")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        pytest.param((ALICE,), "Missing option '--reason'", id="no reason"),
        pytest.param((ALICE, "--reason", " "), "reason: is blank", id="blank reason"),
        pytest.param((ALICE, "--reason", "x" * 256), "reason: is longer than 255 characters", id="long reason"),
        pytest.param(("5550001", "--reason", "x"), "NUMBER: is not a phone number", id="no number"),
    ],
)
def test_pardon_that_makes_no_sense_is_refused_and_forgives_nothing(run, settings, sqlite_database, arguments, words):
    ran = run("forgive", *arguments, **settings)
    assert (ran.status, ran.out) == (2, "")
    assert words in ran.err
    assert "Traceback" not in ran.err
    assert forgiven(sqlite_database) == []
    assert state(sqlite_database) == "requested"
