"""Scheduling anew while Telnyx declines, throttles or falls silent: nothing goes out twice, and nothing is lost."""

from __future__ import annotations

import json
import signal
import subprocess
import sys

import pytest

from tests.processes import environ, wait_for
from tests.rescheduling_world import reschedule, world_of


@pytest.fixture
def world(sqlite_url, sqlite_database):
    with world_of(sqlite_url, sqlite_database) as world:
        yield world


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


def test_interrupted_it_keeps_what_was_answered_and_goes_on_when_started_again(run, world):
    world.lift()
    world.telnyx.fault("latency", method="POST", seconds=1.5)
    command = [sys.executable, "-m", "rescind", "reschedule", world.panic, "--yes", "--json"]
    settings = world.settings | {"RESCIND_CANCEL_RATE": "1"}
    with subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environ(**settings)
    ) as running:
        assert wait_for(world.posts)
        running.send_signal(signal.SIGINT)
        out, _ = running.communicate(timeout=30)
    told = json.loads(out)["data"]
    assert (running.returncode, told["stopped"]) == (130, "interrupted")
    assert told["outcome"]["not_tried"] >= 1
    assert told["outcome"]["rescheduled"] == len(world.posts())

    world.telnyx.clear_faults()
    again = reschedule(run, world, world.panic)
    assert again["outcome"]["rescheduled"] == told["outcome"]["not_tried"]
    assert len(world.posts()) == len(world.ids)
