"""``rescind signal``: what it keeps, what it cancels, and what it refuses."""

from __future__ import annotations

import json

import pytest

from store import signals
from tests.books import registered, stories
from tests.ledger.test_signalling import labelled
from tests.reports import ALICE, BOB


@pytest.fixture
def settings(sqlite_url, sqlite_database):
    registered(sqlite_database, labelled(1, "until:purchase"), labelled(2, "about:visit-7", "revision:1", to=(BOB,)))
    return {"DATABASE_URL": sqlite_url}


def answer(ran):
    assert ran.status == 0, ran.err
    return json.loads(ran.out)


def kept(database):
    with database.read() as connection:
        return signals.listing(connection, limit=9)


def test_goal_cancels_what_was_to_bring_it_about(run, settings, sqlite_database):
    ran = run("signal", "goal", "purchase", ALICE, "--id", "order-1", **settings)
    assert (ran.status, ran.err) == (0, "")
    assert ran.out == "signal order-1 is kept; 1 messages are cancelled at once\n"
    assert stories(sqlite_database)["cancellation"]["policy"] == "goal_reached"
    assert stories(sqlite_database, 2)["cancellation"] is None
    again = run("signal", "goal", "purchase", ALICE, "--id", "order-1", **settings)
    assert again.out.startswith("signal order-1 was known since ")
    assert len(kept(sqlite_database)) == 1


def test_goal_is_told_as_json_with_its_time(run, settings):
    told = answer(run("signal", "goal", "visit", ALICE, "--at", "2026-01-01T01:00:00+01:00", "--json", **settings))
    assert (told["cancelling"], told["data"]["is_new"]) == (0, True)
    assert (told["data"]["at"], told["data"]["value"]) == ("2026-01-01T00:00:00Z", "visit")


def test_revision_of_one_recipient_cancels_what_tells_an_earlier_one(run, settings, sqlite_database):
    told = answer(run("signal", "revision", "visit-7", "--number", "2", "--to", BOB, "--json", **settings))
    assert (told["cancelling"], told["data"]["revision"], told["data"]["phone_number"]) == (1, 2, BOB)
    assert stories(sqlite_database, 2)["cancellation"]["policy"] == "superseded"


def test_revision_of_everybody_says_that_it_takes_its_time(run, settings, sqlite_database):
    ran = run("signal", "revision", "visit-7", "--gone", **settings)
    assert "0 messages are cancelled at once" in ran.out
    assert "looked at for it by and by; --to has it looked at now" in ran.out
    assert kept(sqlite_database)[0].signal.revision is None


def test_signals_are_listed_newest_first_and_by_recipient(run, settings):
    run("signal", "goal", "purchase", ALICE, "--id", "order-1", **settings)
    run("signal", "goal", "purchase", BOB, "--id", "order-2", **settings)
    listed = answer(run("signal", "list", "--json", **settings))["data"]
    assert [each["id"] for each in listed] == ["order-2", "order-1"]
    theirs = run("signal", "list", "--of", ALICE, **settings).out
    assert "order-1" in theirs
    assert "order-2" not in theirs


def test_nothing_signalled_is_said(run, settings):
    assert run("signal", "list", **settings).out == "nothing was ever signalled\n"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("goal", "purchase", "5551230001"), "phone_number: is not a phone number with its country code"),
        (("goal", " purchase", ALICE), "value: begins or ends with a blank"),
        (("revision", "visit-7"), "give either --number or --gone"),
        (("revision", "visit-7", "--gone", "--number", "0"), "give either --number or --gone"),
        (("revision", "visit-7", "--number", "-1"), "revision: must be between 0 and"),
        (("goal", "purchase", ALICE, "--at", "2026-01-01"), "has no zone"),
        (("list", "--of", "nobody"), "--of: is not a phone number"),
    ],
)
def test_signal_that_makes_no_sense_is_refused_and_none_is_kept(run, settings, sqlite_database, arguments, words):
    ran = run("signal", *arguments, **settings)
    assert (ran.status, ran.out) == (2, "")
    assert words in ran.err
    assert "Traceback" not in ran.err
    assert kept(sqlite_database) == []
