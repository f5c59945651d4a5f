"""The door when an answer is lost: the caller is told whether to try again, and the request stays in doubt."""

from __future__ import annotations

from datetime import timedelta

import pytest

from core.intents import IntentState
from tests.door_world import DoorWorld, error_of
from tests.processes import free_port
from tests.reports import ALICE
from webhook_app.door_telnyx import Line

SHORT = timedelta(seconds=0.4)


def impatient(world: DoorWorld) -> DoorWorld:
    """Have the door wait no longer than a test can."""
    world.line._patience = SHORT.total_seconds()
    return world


def states(world):
    return [(row.state, row.message_id, row.http_status) for row in world.intents()]


@pytest.mark.parametrize("kind", ["hang_after", "hang_before"])
def test_answer_that_does_not_come_leaves_a_request_in_doubt(world, kind):
    impatient(world).telnyx.fault(kind, seconds=1.5, method="POST", times=1)
    answer = world.schedule()
    error = error_of(answer, 504)
    assert "It may have accepted the message" in error["detail"]
    assert answer.headers["x-should-retry"] == "false"
    assert states(world) == [("unknown", None, None)]
    assert "within 0.4 seconds" in world.intents()[0].reason


def test_connection_that_breaks_leaves_a_request_in_doubt(small_world):
    small_world.telnyx.fault("close", apply=True, method="POST")
    answer = small_world.schedule()
    assert error_of(answer, 504)["code"] == "10037"
    assert answer.headers["x-should-retry"] == "false"
    assert states(small_world) == [("unknown", None, None)]


@pytest.mark.parametrize("status", [500, 502, 503])
def test_server_error_passes_and_tells_nobody_to_try_again(small_world, status):
    small_world.telnyx.fault("error", status=status, body="<h1>oops</h1>", apply=True, method="POST")
    answer = small_world.schedule()
    assert (answer.status_code, answer.data) == (status, b"<h1>oops</h1>")
    assert answer.headers["x-should-retry"] == "false"
    assert states(small_world) == [("unknown", None, status)]


@pytest.mark.parametrize("body", ["<h1>fine</h1>", {}, {"data": {"id": "1", "to": []}}, {"data": []}])
def test_good_answer_that_cannot_be_read_passes_and_leaves_a_request_in_doubt(small_world, body):
    small_world.telnyx.fault("answer", status=200, body=body, apply=True, method="POST")
    answer = small_world.schedule()
    assert answer.status_code == 200
    assert answer.headers["Rescind-Registered"] == "no"
    assert states(small_world) == [("unknown", None, 200)]


def test_telnyx_that_cannot_be_reached_got_nothing_and_may_be_asked_again(small_world):
    small_world.line._base = Line(f"http://127.0.0.1:{free_port()}/v2", at_once=1)._base
    answer = small_world.schedule()
    assert "Nothing was sent" in error_of(answer, 502)["detail"]
    assert "x-should-retry" not in answer.headers
    assert states(small_world) == [("declined", None, None)]


def test_looking_that_is_not_answered_may_be_repeated(small_world):
    impatient(small_world).telnyx.fault("hang_after", seconds=1.5, method="GET", times=1)
    answer = small_world.call("GET", "/v2/messages/40385f64-5717-4562-b3fc-2c963f66afa6")
    assert error_of(answer, 504)["code"] == "10037"
    assert "x-should-retry" not in answer.headers


def test_lost_message_is_found_when_it_is_sent(world):
    world.telnyx.fault("close", apply=True, method="POST", times=1)
    world.schedule(headers={"Rescind-Campaign": "spring"})
    (lost,) = world.telnyx.messages()
    world.telnyx.advance(timedelta(hours=1, minutes=1))
    world.deliver()
    assert [(row.state, row.message_id) for row in world.intents()] == [(IntentState.FOUND, lost["id"])]
    story = world.story(lost["id"])["message"]
    assert (story["ledger"], story["door"], story["campaign"]) == ("released", "passthrough", "spring")
    assert world.rows()[lost["id"]].orphaned_at is None


def test_lost_message_to_somebody_who_opted_out_in_time_is_a_breach(world):
    world.telnyx.fault("close", apply=True, method="POST", times=1)
    world.schedule()
    (lost,) = world.telnyx.messages()
    world.opt_out(ALICE)
    world.telnyx.advance(timedelta(hours=1, minutes=1))
    world.deliver()
    told = world.story(lost["id"])["message"]
    assert (told["ledger"], told["breach_cause"]) == ("breach", "registered_too_late")


def test_lost_message_is_registered_when_its_sender_looks_at_it(world):
    world.telnyx.fault("close", apply=True, method="POST", times=1)
    world.schedule(headers={"Rescind-Campaign": "spring"})
    (lost,) = world.telnyx.messages()
    assert world.call("GET", f"/v2/messages/{lost['id']}").status_code == 200
    row = world.rows()[lost["id"]]
    assert (row.ledger, row.campaign_key) == ("pending", "spring")
    assert [(each.state, each.message_id) for each in world.intents()] == [("found", lost["id"])]


def test_lost_message_that_went_out_at_once_is_found_and_is_no_part_of_the_ledger(small_world):
    small_world.telnyx.fault("close", apply=True, method="POST", times=1)
    small_world.send()
    (lost,) = small_world.telnyx.messages()
    small_world.deliver()
    assert [(row.state, row.message_id) for row in small_world.intents()] == [("found", lost["id"])]
    assert small_world.rows()[lost["id"]].ledger is None


def test_answer_outranks_what_was_found_meanwhile(small_world):
    line, ask = small_world.line, small_world.line.ask

    def ask_while_it_is_sent(call):
        reply = ask(call)
        small_world.deliver()
        return reply

    line.ask = ask_while_it_is_sent
    answer = small_world.send()
    assert states(small_world) == [("answered", answer.get_json()["data"]["id"], 200)]
