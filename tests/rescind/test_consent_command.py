"""``rescind consent``: what waits for an operator, and settling it."""

from __future__ import annotations

import json

import pytest

from core.consent import ConsentKind
from ledger.absorbing import absorb
from store import consents
from tests.books import stories
from tests.processes import schedule
from tests.reports import ALICE, NOW, RULES, heard, message_id, text


@pytest.fixture
def settings(sqlite_url, sqlite_database):
    schedule(sqlite_database, message_id(1), to=ALICE)
    said = text("please stop by\x1b[2J", event_id="maybe"), text("take me off your list", sender="+15557650109")
    with sqlite_database.begin() as connection:
        absorb(connection, heard(*said), RULES, now=NOW)
    return {"DATABASE_URL": sqlite_url}


def kinds(database):
    with database.read() as connection:
        return [row.word.kind for row in consents.history(connection, ALICE)]


def test_doubts_are_listed(run, settings):
    ran = run("consent", "doubts", **settings)
    assert (ran.status, ran.err) == (0, "")
    assert ALICE in ran.out
    assert "please stop by" in ran.out
    assert "\x1b[2J" not in ran.out
    (shown,) = json.loads(run("consent", "doubts", "--json", **settings).out)["data"]
    assert (shown["phone_number"], shown["event_id"], shown["pending"]) == (ALICE, "maybe", 1)


def test_phrases_are_listed_apart(run, settings):
    (shown,) = json.loads(run("consent", "doubts", "--tier", "phrase", "--json", **settings).out)["data"]
    assert shown["evidence"] == "take me off your list"


@pytest.mark.parametrize(
    ("means", "kind", "told"),
    [
        ("nothing", ConsentKind.DISMISSED, "of 1 pending messages to it 0 are cancelled, 0 are still held"),
        ("opt_out", ConsentKind.OPT_OUT, "of 1 pending messages to it 1 are cancelled, 0 are still held"),
    ],
)
def test_doubt_is_settled(run, settings, sqlite_database, means, kind, told):
    ran = run("consent", "settle", ALICE, "maybe", "--means", means, "--reason", "asked", **settings)
    assert (ran.status, ran.err) == (0, "")
    assert told in ran.out
    assert kinds(sqlite_database) == [ConsentKind.DOUBT, kind]
    assert run("consent", "doubts", **settings).out == "nothing is in doubt\n"
    with sqlite_database.read() as connection:
        (settlement,) = [row for row in consents.history(connection, ALICE) if row.word.event_id == "settled:maybe"]
    assert (settlement.word.source, settlement.word.evidence) == ("cli", "asked")
    assert stories(sqlite_database)["decisions"][-1]["trigger"] == "consent"


def test_settlement_is_told_as_json(run, settings):
    ran = run("consent", "settle", ALICE, "maybe", "--means", "nothing", "--reason", "asked", "--json", **settings)
    assert json.loads(ran.out)["data"] == {
        "phone_number": ALICE,
        "event_id": "maybe",
        "means": "nothing",
        "cancelling": 0,
        "held": 0,
    }


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        pytest.param(
            (ALICE, "other", "--means", "nothing", "--reason", "x"), "has said nothing under", id="no such text"
        ),
        pytest.param((ALICE, "maybe", "--means", "nothing", "--reason", " "), "reason: is blank", id="no reason"),
        pytest.param(
            ("5550001", "maybe", "--means", "nothing", "--reason", "x"), "NUMBER: is not a phone", id="no number"
        ),
        pytest.param((ALICE, "maybe", "--reason", "x"), "Missing option '--means'", id="no meaning"),
        pytest.param((ALICE, "maybe", "--means", "yes", "--reason", "x"), "'yes' is not one of", id="another meaning"),
    ],
)
def test_settlement_that_makes_no_sense_is_refused_and_none_is_kept(run, settings, sqlite_database, arguments, words):
    ran = run("consent", "settle", *arguments, **settings)
    assert (ran.status, ran.out) == (2, "")
    assert words in ran.err
    assert "Traceback" not in ran.err
    assert kinds(sqlite_database) == [ConsentKind.DOUBT]


def test_nothing_waits(run, sqlite_url):
    assert run("consent", "doubts", DATABASE_URL=sqlite_url).out == "nothing is in doubt\n"
    assert run("consent", "doubts", "--tier", "phrase", DATABASE_URL=sqlite_url).out == (
        "nobody has opted out by a phrase alone\n"
    )
