from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta

import pytest

from store import holds
from tests.processes import schedule
from tests.reports import ALICE, BOB, OURS, message_id

HOUR = timedelta(hours=1)


@pytest.fixture
def settings(sqlite_url, sqlite_database):
    schedule(sqlite_database, message_id(1), to=ALICE)
    schedule(sqlite_database, message_id(2), to=BOB)
    return {"DATABASE_URL": sqlite_url}


def data(ran):
    assert ran.status == 0, ran.err
    return json.loads(ran.out)["data"]


def add(run, settings, *more):
    return data(run("hold", "add", "--reason", "wrong price", "--json", *more, **settings))


def kept(database):
    with database.read() as connection:
        return holds.listing(connection, limit=10)


def test_hold_is_added_listed_and_lifted(run, settings, sqlite_database):
    ran = run("hold", "add", "--scope", "recipient", "--value", ALICE, "--reason", "wrong price", **settings)
    (row,) = kept(sqlite_database)
    hold_id = row.hold.id
    assert (ran.status, ran.err) == (0, "")
    assert f"hold {hold_id} on recipient {ALICE} stands until " in ran.out
    assert "1 pending messages wait behind it" in ran.out
    assert row.hold.expires_at - row.hold.placed_at == 24 * HOUR
    assert row.hold.placed_by == "cli"

    (shown,) = data(run("hold", "list", "--json", **settings))
    assert (shown["id"], shown["pending"], shown["state"]) == (hold_id, 1, "standing")
    listed = run("hold", "list", **settings).out
    assert hold_id in listed
    assert "wrong price" in listed

    told = re.search(r"`rescind (hold lift .*)` lets them go", ran.out)
    lifted = run(*told[1].replace("WHY", "mended").split(), **settings)
    assert (lifted.status, lifted.err) == (0, "")
    assert run("hold", "list", **settings).out == "nothing is held\n"
    (shown,) = data(run("hold", "list", "--all", "--json", **settings))
    assert (shown["state"], shown["lifted_by"], shown["lift_reason"]) == ("lifted", "cli", "mended")


@pytest.mark.parametrize(
    ("until", "stands_for"),
    [(("--for", "90m"), 1.5 * HOUR), (("--for", "3d"), 72 * HOUR), (("--forever",), None)],
)
def test_hold_stands_as_long_as_said(run, settings, sqlite_database, until, stands_for):
    add(run, settings, "--scope", "all", *until)
    (row,) = kept(sqlite_database)
    assert (row.hold.expires_at and row.hold.expires_at - row.hold.placed_at) == stands_for


def test_hold_until_a_time_stands_until_then(run, settings):
    until = (datetime.now(UTC) + 2 * HOUR).replace(microsecond=0)
    shown = add(run, settings, "--scope", "sender", "--value", OURS, "--until", until.isoformat())
    assert (shown["expires_at"], shown["pending"]) == (until.isoformat().replace("+00:00", "Z"), 2)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        pytest.param(("--reason", "x"), "Missing option '--scope'", id="no scope"),
        pytest.param(("--scope", "all"), "Missing option '--reason'", id="no reason"),
        pytest.param(("--scope", "all", "--reason", " "), "reason: is blank", id="blank reason"),
        pytest.param(("--scope", "campaign", "--reason", "x"), "value: is missing", id="no value"),
        pytest.param(
            ("--scope", "all", "--value", "spring", "--reason", "x"), "scope 'all' has none", id="value of all"
        ),
        pytest.param(("--scope", "town", "--reason", "x"), "'town' is not one of", id="no such scope"),
        pytest.param(("--scope", "all", "--reason", "x", "--for", "soon"), "is not a span", id="no span"),
        pytest.param(("--scope", "all", "--reason", "x", "--for", "91d"), "longer than 90d", id="too long"),
        pytest.param(
            ("--scope", "all", "--reason", "x", "--until", "2026-01-01T01:00:00+01:00"),
            "--until 2026-01-01T00:00:00Z has passed already",
            id="past",
        ),
        pytest.param(
            ("--scope", "all", "--reason", "x", "--until", "2998-01-01T00:00:00Z"), "say --forever", id="far ahead"
        ),
        pytest.param(("--scope", "all", "--reason", "x", "--until", "2026-01-01"), "has no zone", id="no zone"),
        pytest.param(("--scope", "all", "--reason", "x", "--for", "2h", "--forever"), "one of --for", id="two at once"),
    ],
)
def test_hold_that_makes_no_sense_is_refused_and_none_is_set(run, settings, sqlite_database, arguments, words):
    ran = run("hold", "add", *arguments, **settings)
    assert (ran.status, ran.out) == (2, "")
    assert words in ran.err
    assert "Traceback" not in ran.err
    assert kept(sqlite_database) == []


def test_unknown_hold_cannot_be_lifted(run, settings):
    ran = run("hold", "lift", "nothing", "--reason", "x", **settings)
    assert (ran.status, ran.out) == (2, "")
    assert ran.err == "rescind: no hold or panic 'nothing' is known; `rescind hold list --all` lists them\n"


def test_lifting_needs_a_reason(run, settings, sqlite_database):
    hold_id = add(run, settings, "--scope", "all")["id"]
    ran = run("hold", "lift", hold_id, **settings)
    assert ran.status == 2
    assert kept(sqlite_database)[0].lifted_at is None
