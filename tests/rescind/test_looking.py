from __future__ import annotations

import json
from datetime import timedelta

import pytest
from click import unstyle
from structlog.testing import capture_logs

from ledger import absorbing
from tests import reports
from tests.books import opted_out
from tests.ledger.test_intending import begun
from tests.processes import accept_stop, schedule
from tests.reports import ALICE, BOB, message_id


def terminal(width):
    """The settings by which output is taken to go to a terminal that wide."""
    return {"FORCE_COLOR": "1", "TERM": "xterm", "COLUMNS": str(width)}


@pytest.fixture
def held(sqlite_url, sqlite_database):
    """Two messages, one recipient of which has refused, and an event that waits."""
    schedule(sqlite_database, message_id(1), to=ALICE)
    schedule(sqlite_database, message_id(2), to=BOB)
    opted_out(sqlite_database, reason="by phone \x1b[31m\u202e")
    accept_stop(sqlite_database, sender=BOB)
    return {"DATABASE_URL": sqlite_url}


def test_ledger_adds_up(run, held):
    data = json.loads(run("ledger", "--json", **held).out)["data"]

    assert (data["registered"], data["pending"]) == (2, 2)
    assert data["registered"] == sum(data[each] for each in ("pending", "cancelled", "released", "breach"))
    assert "registered" in run("ledger", **held).out


def test_messages_are_listed_newest_first(run, held):
    data = json.loads(run("messages", "--json", **held).out)["data"]

    assert [each["id"] for each in data] == [message_id(2), message_id(1)]


@pytest.mark.parametrize(
    ("arguments", "ids"),
    [
        pytest.param(("--to", ALICE), [1], id="by recipient"),
        pytest.param(("--to", "+1 (555) 765-0101"), [1], id="by recipient, as people write it"),
        pytest.param(("--ledger", "breach"), [], id="by ledger"),
        pytest.param(("--limit", "1"), [2], id="limited"),
        pytest.param(("--campaign", "none"), [], id="by campaign"),
    ],
)
def test_messages_can_be_narrowed(run, held, arguments, ids):
    data = json.loads(run("messages", "--json", *arguments, **held).out)["data"]

    assert [each["id"] for each in data] == [message_id(number) for number in ids]


@pytest.mark.parametrize("number", ["555", "555-765-0101", "Alice", ""])
def test_number_that_can_be_no_recipients_is_refused_and_nothing_listed(run, held, number):
    ran = run("messages", "--to", number, **held)

    assert (ran.status, ran.out) == (2, "")
    assert "--to: is not a phone number with its country code, such as +15551230001" in ran.err


def test_orphans_are_listed_apart(run, held, sqlite_database):
    with capture_logs(), sqlite_database.begin() as connection:
        absorbing.absorb(
            connection,
            reports.heard(reports.status(3, waited=timedelta(hours=2)), reports.status(4)),
            reports.RULES,
            now=reports.NOW,
        )

    data = json.loads(run("messages", "--orphans", "--json", **held).out)["data"]

    assert [(each["id"], each["orphaned_at"]) for each in data] == [(message_id(3), "2026-05-01T12:00:00Z")]
    assert "orphan" in run("messages", "--orphans", **held).out


def test_tables_show_whole_ids(run, held):
    assert message_id(1) in run("messages", **held).out


@pytest.mark.parametrize(
    ("width", "left_out"),
    [
        pytest.param(80, "campaign, send at, cancel by", id="80: the times have no room"),
        pytest.param(100, "campaign, cancel by", id="100: the time of sending has"),
        pytest.param(140, None, id="140: there is room for all"),
    ],
)
def test_narrow_terminal_shows_fewer_columns_of_messages_and_breaks_nothing(run, held, width, left_out):
    told = run("messages", **held, **terminal(width)).out

    table, _, note = told.partition("not shown, for want of room: ")
    assert note == (f"{left_out}; a wider terminal shows more, --json all\n" if left_out else "")
    lines = table.splitlines()
    assert max(len(unstyle(line)) for line in lines) <= width
    for number, to in ((1, ALICE), (2, BOB)):
        assert any(all(word in line for word in (message_id(number), to, "scheduled", "pending")) for line in lines)


def test_narrow_terminal_shows_the_whole_ids_of_events(run, held):
    (event,) = json.loads(run("events", "--json", **held).out)["data"]

    told = run("events", **held, **terminal(80)).out

    assert event["event_id"] in told
    assert "not shown, for want of room: received, deliveries" in told


def test_what_is_piped_has_every_column(run, held):
    told = run("messages", **held, COLUMNS="80").out

    assert "cancel by" in told
    assert "not shown" not in told


def test_events_are_listed_and_dead_letters_apart(run, held):
    (event,) = json.loads(run("events", "--json", **held).out)["data"]

    assert (event["status"], event["event_type"]) == ("pending", "message.received")
    assert json.loads(run("events", "--status", "dead", "--json", **held).out) == {"data": []}
    assert event["event_id"] in run("events", "--status", "pending", "--type", "message.received", **held).out


def test_why_tells_the_story_and_obeys_nothing_in_it(run, held):
    told = run("why", message_id(1), **held).out

    assert "opted out" in told
    assert "by phone \\x1b[31m\\u202e" in told
    assert "\x1b" not in told
    assert json.loads(run("why", message_id(1), "--json", **held).out)["data"]["message"]["id"] == message_id(1)


def test_why_tells_of_a_request_that_was_refused(run, held, sqlite_database):
    intent_id = begun(sqlite_database)
    told = run("why", intent_id.upper(), **held).out

    assert all(word in told for word in (intent_id, ALICE, "refused", "opt_out", "never sent to Telnyx"))
    assert "\x1b" not in told
    data = json.loads(run("why", intent_id, "--json", **held).out)["data"]
    assert (data["message"], data["request"]["id"]) == (None, intent_id)


def test_why_of_an_unknown_message_is_one_line(run, held):
    ran = run("why", message_id(9), **held)

    assert (ran.status, ran.out) == (2, "")
    assert ran.err.startswith(f"rescind: no message {message_id(9)}")


def test_a_database_without_tables_is_told_from_one_that_is_away(run, tmp_path):
    empty = run("ledger", DATABASE_URL=f"sqlite:///{tmp_path}/empty.db")
    away = run("ledger", DATABASE_URL="postgresql://nobody:secret@127.0.0.1:9/none")

    assert (empty.status, away.status) == (2, 2)
    assert "run `rescind migrate`" in empty.err
    assert "the database that DATABASE_URL names cannot be used now" in away.err
    assert "secret" not in away.err
