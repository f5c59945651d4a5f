from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa

from core.inbox import InboxStatus
from store import inbox, tables
from tests.accepting import accept, mark_all, sample


@pytest.fixture
def settings(sqlite_url):
    return {"DATABASE_URL": sqlite_url}


def dead(database, kind="message.received.stop", *, ago=timedelta(0)) -> str:
    (event_id,) = accept(database, sample(kind), received_at=datetime.now(UTC) - ago)
    mark_all(database, InboxStatus.PARKED, reason="ZeroDivisionError in opt_out.py, line 7")
    return event_id


def statuses(database) -> dict[str, str]:
    with database.read() as connection:
        return {row.event_id: row.status.value for row in inbox.events(connection, limit=99)}


def prune(database, event_id: str) -> None:
    with database.begin() as connection:
        connection.execute(sa.update(tables.inbox).where(tables.inbox.c.event_id == event_id).values(raw=None))


def test_events_are_replayed_by_id_and_the_rest_is_left(run, settings, sqlite_database):
    wanted, left = dead(sqlite_database), dead(sqlite_database)

    ran = run("replay", wanted, **settings)

    assert (ran.status, ran.err) == (0, "")
    assert "put 1 event back, to be applied again" in ran.out
    assert "effects are off" in ran.out
    assert statuses(sqlite_database) == {wanted: "pending", left: "parked"}
    with sqlite_database.read() as connection:
        row = inbox.find(connection, wanted)
    assert (row.acts, row.replayed_by, row.reason) == (False, "command line", None)


def test_effects_are_on_only_when_asked_for(run, settings, sqlite_database):
    event_id = dead(sqlite_database)

    assert "effects are on" in run("replay", event_id, "--act", **settings).out
    with sqlite_database.read() as connection:
        assert inbox.find(connection, event_id).acts


def test_what_cannot_be_replayed_is_named_and_no_error_for_the_rest(run, settings, sqlite_database):
    fine, pruned = dead(sqlite_database), dead(sqlite_database)
    prune(sqlite_database, pruned)
    (pending,) = accept(sqlite_database, sample("message.sent"))

    ran = run("replay", "nothing", pruned, pending, fine, **settings)

    assert ran.status == 1
    assert ran.err.splitlines() == [
        "not replayed: nothing: no event 'nothing' is known; `rescind events` lists them",
        f"not replayed: {pruned}: event {pruned} cannot be applied again: its bytes were pruned",
        f"not replayed: {pending}: event {pending} waits to be applied already",
    ]
    assert statuses(sqlite_database) == {fine: "pending", pruned: "parked", pending: "pending"}


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        pytest.param(["--status", "dead"], {"old", "young", "sent"}, id="by status"),
        pytest.param(["--status", "stale"], set(), id="of which there is none"),
        pytest.param(["--type", "message.sent"], {"sent"}, id="by type"),
        pytest.param(["--since", "2h"], {"young", "sent"}, id="by age"),
        pytest.param(["--since", "1999-01-01T00:00:00Z", "--type", "message.received"], {"old", "young"}, id="by both"),
    ],
)
def test_selection_narrows_with_every_option(run, settings, sqlite_database, arguments, expected):
    names = {
        dead(sqlite_database, ago=timedelta(days=3)): "old",
        dead(sqlite_database): "young",
        dead(sqlite_database, "message.sent"): "sent",
    }
    before = statuses(sqlite_database)

    looked = json.loads(run("replay", *arguments, "--dry-run", "--json", **settings).out)["data"]
    assert statuses(sqlite_database) == before
    done = json.loads(run("replay", *arguments, "--json", **settings).out)["data"]

    assert {names[each["event_id"]] for each in looked["first"]} == expected
    assert (looked["replayed"], done["replayed"], looked["dry_run"]) == (len(expected), len(expected), True)
    assert {names[of] for of, status in statuses(sqlite_database).items() if status == "pending"} == expected


def test_selection_passes_over_what_was_pruned_and_counts_it(run, settings, sqlite_database):
    fine, pruned = dead(sqlite_database), dead(sqlite_database)
    prune(sqlite_database, pruned)

    ran = run("replay", "--status", "dead", **settings)

    assert ran.status == 0
    assert ran.err == f"not replayed: {pruned}: cannot be applied again: its bytes were pruned\n"
    assert statuses(sqlite_database) == {fine: "pending", pruned: "parked"}


def test_dry_run_lists_by_kind_and_writes_nothing(run, settings, sqlite_database):
    for _ in range(21):
        dead(sqlite_database)
    sent = dead(sqlite_database, "message.sent")

    ran = run("replay", "--status", "parked", "--dry-run", **settings)

    assert "would put 22 events back" in ran.out
    assert [line.split() for line in ran.out.splitlines() if line.rstrip().endswith(("21", " 1"))] == [
        ["message.received", "parked", "21"],
        ["message.sent", "parked", "1"],
    ]
    assert sent not in ran.out
    assert set(statuses(sqlite_database).values()) == {"parked"}
    assert "effects" not in ran.out


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ([], "give either the ids of events, or a selection"),
        (["some-id", "--status", "dead"], "give either the ids of events, or a selection"),
        (["--status", "pending"], "'pending' is not one of"),
        (["--since", "yesterday"], "neither an age such as 2h"),
        (["--since", "2999-01-01T00:00:00Z"], "lies outside"),
        (["--since", "2998-01-01T00:00:00Z"], "is yet to come"),
    ],
)
def test_what_names_no_events_is_refused_in_one_line(run, settings, sqlite_database, arguments, told):
    event_id = dead(sqlite_database)

    ran = run("replay", *arguments, "--act", **settings)

    assert ran.status == 2
    assert told in ran.err
    assert statuses(sqlite_database) == {event_id: "parked"}


def test_dead_letters_show_why_and_how_often(run, settings, sqlite_database):
    event_id = dead(sqlite_database)
    accept(sqlite_database, sample("message.sent"))
    with sqlite_database.begin() as connection:
        connection.execute(sa.update(tables.inbox).values(tries=5, crashes=2))

    (listed,) = json.loads(run("events", "--status", "dead", "--json", **settings).out)["data"]
    table = run("events", "--status", "dead", **settings).out

    assert (listed["event_id"], listed["reason"]) == (event_id, "ZeroDivisionError in opt_out.py, line 7")
    assert (listed["tries"], listed["crashes"]) == (5, 2)
    assert "crashes" in table
    assert "opt_out.py, line 7" in table


def test_one_event_is_shown_and_its_words_only_when_asked_for(run, settings, sqlite_database):
    event_id = dead(sqlite_database)

    shown = run("events", event_id, **settings)
    raw = run("events", event_id, "--raw", **settings)

    assert "parked" in shown.out
    assert "STOP" not in shown.out
    assert json.loads(raw.out)["data"]["payload"]["text"].strip() == "STOP"
    assert json.loads(run("events", event_id, "--json", **settings).out)["data"]["event_id"] == event_id


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["nothing"], "rescind: no event 'nothing' is known"),
        (["nothing", "--raw"], "rescind: no event 'nothing' is known"),
        (["--raw"], "give its ID"),
    ],
)
def test_event_that_cannot_be_shown_is_one_line(run, settings, arguments, told):
    ran = run("events", *arguments, **settings)

    assert (ran.status, ran.out) == (2, "")
    assert told in ran.err


def test_bytes_that_were_pruned_are_told_so(run, settings, sqlite_database):
    event_id = dead(sqlite_database)
    prune(sqlite_database, event_id)

    assert run("events", event_id, "--raw", **settings).err == f"rescind: the bytes of event {event_id} were pruned\n"
