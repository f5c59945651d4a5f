"""Scheduling anew, against a simulated Telnyx that is asked by real requests."""

from __future__ import annotations

import io
import json
import sys
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest

import simulator
from core.holds import HoldKind
from core.scopes import Scope
from ledger import consenting, holding, registering, story
from ledger.holding import Gate
from ledger.registering import Registration
from rescind import logs
from schemas import message
from schemas.settings import Settings
from store import messages
from store.engine import Database
from tests.reports import RULES
from workers.runtime import Runtime

HOUR = timedelta(hours=1)
PEOPLE = [f"+1555765010{number}" for number in range(5)]


@dataclass
class World:
    """A panic over some messages, carried out at the simulator."""

    database: Database
    telnyx: simulator.RunningSimulator
    settings: dict[str, str]
    ids: list[str]
    panic: str

    def row(self, message_id: str) -> messages.MessageRow:
        with self.database.read() as connection:
            row = messages.find(connection, message_id)
        assert row is not None
        return row

    def why(self, message_id: str):
        with self.database.read() as connection:
            return story.story(connection, message_id)

    def posts(self) -> list[dict]:
        """The bodies of the requests to send."""
        return [each["body"] for each in self.telnyx.requests("POST")]

    def lift(self) -> None:
        with self.database.begin() as connection:
            holding.lift(connection, self.panic, by="test", reason=None, now=datetime.now(UTC))


def register(database, answer, **more) -> str:
    now = datetime.now(UTC)
    with database.begin() as connection:
        registration = Registration(message.registered(answer, send_at=None, now=now), **more)
        registering.register(connection, [registration], RULES, door="test", now=now)
    return answer["id"]


def drain(settings) -> None:
    runtime = Runtime.from_settings(Settings.from_env(settings))
    with logs.errors_alone():
        runtime.drain.run(budget=timedelta(seconds=30))
    runtime.close()


@pytest.fixture
def world(sqlite_url, sqlite_database):
    with simulator.running() as telnyx:
        settings = {
            "DATABASE_URL": sqlite_url,
            "TELNYX_API_KEY": "KEY-simulated",
            "TELNYX_BASE_URL": telnyx.base_url,
            "RESCIND_CANCEL_RATE": "500",
        }
        ids = [
            register(
                sqlite_database,
                telnyx.schedule(to=to, send_at=datetime.now(UTC) + (number + 1) * HOUR, text=f"Half price, {number}!"),
                campaign_key="spring",
                tags=("vip",),
            )
            for number, to in enumerate(PEOPLE)
        ]
        gate = Gate(HoldKind.PANIC, Scope.CAMPAIGN, "spring", "wrong list", None, "test")
        with sqlite_database.begin() as connection:
            placed = holding.place(connection, gate, now=datetime.now(UTC))
        drain(settings)
        assert {telnyx.status(each) for each in ids} == {"cancelled"}
        yield World(sqlite_database, telnyx, settings, ids, placed.row.hold.id)


def data(ran, status=0):
    assert ran.status == status, ran.err
    return json.loads(ran.out)["data"]


def reschedule(run, world, *arguments, status=0):
    return data(run("reschedule", *arguments, "--yes", "--json", **world.settings), status)


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
    now = datetime.now(UTC)
    with world.database.begin() as connection:
        consenting.opt_out(
            connection, PEOPLE[1], RULES, cause="opt-out:1", messaging_profile_id=None, reason="by phone", now=now
        )
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
    with world.database.begin() as connection:
        consenting.opt_out(
            connection,
            PEOPLE[2],
            RULES,
            cause="opt-out:1",
            messaging_profile_id=None,
            reason=None,
            now=datetime.now(UTC),
        )
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
    with world.database.begin() as connection:
        consenting.opt_out(
            connection,
            "+15557650109",
            RULES,
            cause="opt-out:1",
            messaging_profile_id=None,
            reason=None,
            now=datetime.now(UTC),
        )
    drain(world.settings)
    assert world.row(refused).ledger == "cancelled"

    told = reschedule(run, world, "--campaign", "spring")
    assert [each["id"] for each in told["messages"]] == world.ids
    assert told["outcome"] == {"rescheduled": 5}


def test_message_that_is_not_cancelled_or_not_known_is_left_alone(run, world):
    world.lift()
    pending = register(world.database, world.telnyx.schedule(to=PEOPLE[3], send_at=datetime.now(UTC) + HOUR))
    unknown = "00000000-0000-4000-8000-000000000000"

    told = reschedule(run, world, pending, unknown)

    assert [each["why_not"] for each in told["messages"]] == ["not_cancelled", "unknown_message"]
    assert world.posts() == []


def test_lost_answer_is_in_doubt_and_not_asked_for_again_unless_said(run, world):
    world.lift()
    world.telnyx.fault("error", method="POST", status=502, apply=True, times=1)
    first = reschedule(run, world, world.ids[0], status=1)
    assert (first["outcome"], len(world.posts())) == ({"in_doubt": 1}, 1)

    second = reschedule(run, world, world.ids[0])
    assert second["unable"] == {"under_way": 1}
    assert len(world.posts()) == 1


def test_declined_messages_are_told_with_telnyxs_words_and_the_rest_go_on(run, world):
    world.lift()
    world.telnyx.fault("error", method="POST", status=422, body={"errors": [{"detail": "no such sender"}]}, times=1)
    told = reschedule(run, world, world.panic, status=1)
    assert told["outcome"] == {"declined": 1, "rescheduled": 4}
    assert "Telnyx answered 422: no such sender" in [each["told"] for each in told["messages"]]

    again = reschedule(run, world, world.panic)
    assert (again["unable"], again["outcome"]) == ({"done": 4}, {"rescheduled": 1})


def test_throttling_is_waited_out(run, world):
    world.lift()
    world.telnyx.fault("rate_limit", method="POST", seconds=0.2, times=2)
    assert reschedule(run, world, world.panic)["outcome"] == {"rescheduled": 5}
    scheduled = [each for each in world.telnyx.messages() if each["to"][0]["status"] == "scheduled"]
    assert len(scheduled) == 5


def test_wrong_key_stops_it_and_nothing_is_in_doubt(run, world):
    world.lift()
    world.telnyx.configure(api_key="another")
    ran = run("reschedule", world.panic, "--yes", **world.settings)
    assert ran.status == 1
    assert "Telnyx refuses TELNYX_API_KEY (401)" in ran.err
    world.telnyx.configure(api_key="KEY-simulated")
    assert reschedule(run, world, world.panic)["outcome"] == {"rescheduled": 5}


def test_telnyx_out_of_reach_stops_it_and_nothing_is_in_doubt(run, world):
    world.lift()
    ran = run("reschedule", world.panic, "--yes", **{**world.settings, "TELNYX_BASE_URL": "http://127.0.0.1:9/v2"})
    assert ran.status == 1
    assert "no answer from Telnyx (connection)" in ran.err
    assert reschedule(run, world, world.panic)["outcome"] == {"rescheduled": 5}


def test_outage_stops_it_before_everything_is_in_doubt(run, world):
    world.lift()
    world.telnyx.fault("error", method="POST", status=503)
    told = reschedule(run, world, world.panic, status=1)
    assert "in a row are in doubt" in told["stopped"]
    assert told["outcome"]["in_doubt"] >= 3


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
