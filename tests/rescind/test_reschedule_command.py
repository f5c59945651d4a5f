"""Scheduling anew, against a simulated Telnyx that is asked by real requests."""

from __future__ import annotations

import io
import sys
from datetime import UTC, datetime, timedelta

import pytest

from tests.books import opted_out
from tests.rescheduling_world import HOUR, PEOPLE, data, drain, register, reschedule, world_of


@pytest.fixture
def world(sqlite_url, sqlite_database):
    with world_of(sqlite_url, sqlite_database) as world:
        yield world


def test_cancelled_messages_go_out_again_with_their_text_and_are_linked(run, world):
    world.lift()
    told = reschedule(run, world, world.panic)

    assert (told["able"], told["unable"], told["outcome"], told["stopped"]) == (5, {}, {"rescheduled": 5}, None)
    for number, (old, shown) in enumerate(zip(world.ids, told["messages"], strict=True)):
        assert shown["id"] == old
        new = world.telnyx.message(shown["replaced_by"])
        before = world.telnyx.message(old)
        assert (new["text"], new["to"][0]["status"]) == (f"Half price, {number}!", "scheduled")
        for name in ("send_at", "from", "messaging_profile_id", "type"):
            assert new[name] == before[name], name
        row = world.row(new["id"])
        assert (row.ledger, row.door, row.campaign_key, row.tags) == ("pending", "reschedule", "spring", ["vip"])
        assert world.why(old)["replaced_by"] == new["id"]
        assert world.why(new["id"])["replaces"] == old
        assert f"replaced by {new['id']}" in [each["text"] for each in world.why(old)["timeline"]]
        assert f"replaces {old}" in [each["text"] for each in world.why(new["id"])["timeline"]]
    assert [body["text"] for body in world.posts()].count("Half price, 0!") == 1

    out = run("why", world.ids[0], **world.settings).out
    assert told["messages"][0]["replaced_by"] in out


def test_nothing_is_ever_scheduled_twice(run, world):
    world.lift()
    reschedule(run, world, world.panic)
    again = reschedule(run, world, world.panic, "--again")

    assert (again["able"], again["unable"], again["outcome"]) == (0, {"done": 5}, {})
    assert len(world.posts()) == 5


def test_message_stopped_by_a_gate_that_stands_cannot_go_out(run, world):
    told = reschedule(run, world, world.panic)
    assert (told["able"], told["unable"]) == (0, {"held": 5})
    assert told["messages"][0]["told"] == "campaign spring was stopped in panic: wrong list"
    assert world.posts() == []


def test_dry_run_lists_what_can_and_what_cannot_and_does_nothing(run, world):
    world.lift()
    opted_out(world.database, PEOPLE[1], now=datetime.now(UTC))
    ran = run("reschedule", world.panic, "--dry-run", **{**world.settings, "TELNYX_API_KEY": ""})

    assert (ran.status, ran.err) == (0, "")
    assert "can go out again" in ran.out
    assert "a policy objects" in ran.out
    assert f"{PEOPLE[1]} opted out" in ran.out
    told = data(run("reschedule", world.panic, "--dry-run", "--json", **world.settings))
    assert (told["dry_run"], told["able"], told["unable"]) == (True, 4, {"policy": 1})
    assert world.posts() == []


def test_who_opted_out_meanwhile_gets_nothing_and_the_others_do(run, world):
    world.lift()
    opted_out(world.database, PEOPLE[2], reason=None, now=datetime.now(UTC))
    told = reschedule(run, world, world.panic)
    assert (told["unable"], told["outcome"]) == ({"policy": 1}, {"rescheduled": 4})
    assert PEOPLE[2] not in {body["to"] for body in world.posts()}


def test_time_can_be_another_one(run, world):
    world.lift()
    at = (datetime.now(UTC) + 48 * HOUR).replace(microsecond=0)
    told = reschedule(run, world, world.ids[0], "--at", at.isoformat())
    (shown,) = told["messages"]
    assert datetime.fromisoformat(world.telnyx.message(shown["replaced_by"])["send_at"]) == at
    assert world.row(shown["replaced_by"]).send_at == at
    assert len(world.posts()) == 1


@pytest.mark.parametrize("ahead", [timedelta(minutes=4), timedelta(days=5, minutes=1)])
def test_time_that_telnyx_would_not_take_is_refused(run, world, ahead):
    world.lift()
    at = (datetime.now(UTC) + ahead).isoformat()
    ran = run("reschedule", world.panic, "--yes", "--at", at, **world.settings)
    assert (ran.status, ran.out) == (2, "")
    assert "from five minutes to five days ahead" in ran.err
    assert world.posts() == []


def test_campaign_is_scheduled_anew_but_for_those_who_refused_it(run, world):
    world.lift()
    refused = register(
        world.database,
        world.telnyx.schedule(to="+15557650109", send_at=datetime.now(UTC) + HOUR),
        campaign_key="spring",
    )
    opted_out(world.database, "+15557650109", reason=None, now=datetime.now(UTC))
    drain(world.settings)
    assert world.row(refused).ledger == "cancelled"

    told = reschedule(run, world, "--campaign", "spring")
    assert [each["id"] for each in told["messages"]] == world.ids
    assert told["outcome"] == {"rescheduled": 5}


def test_message_that_is_not_cancelled_or_not_known_is_left_alone(run, world):
    world.lift()
    pending = register(world.database, world.telnyx.schedule(to=PEOPLE[3], send_at=datetime.now(UTC) + HOUR))
    unknown = "00000000-0000-4000-8000-000000000000"

    told = reschedule(run, world, pending, unknown, status=1)

    assert [each["why_not"] for each in told["messages"]] == ["not_cancelled", "unknown_message"]
    assert world.posts() == []


def test_nobody_to_be_asked_is_a_refusal_and_nothing_is_sent(run, world, monkeypatch):
    world.lift()
    monkeypatch.setattr(sys, "stdin", io.StringIO())
    ran = run("reschedule", world.panic, **world.settings)
    assert ran.status == 2
    assert ran.err == "rescind: nobody can be asked here; say --yes to schedule 5 messages anew\n"
    assert world.posts() == []


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((), "give either the ids"),
        (("--campaign", "spring", "00000000-0000-4000-8000-000000000000"), "give either the ids"),
        (("nothing",), "'nothing' is no id"),
    ],
)
def test_command_that_makes_no_sense_is_refused(run, sqlite_url, arguments, words):
    ran = run("reschedule", *arguments, "--dry-run", DATABASE_URL=sqlite_url)
    assert (ran.status, ran.out) == (2, "")
    assert words in ran.err
