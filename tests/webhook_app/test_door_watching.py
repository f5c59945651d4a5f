"""Looking at messages and cancelling them through the door: what Telnyx answers is taken in."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.door_world import in_an_hour
from tests.reports import ALICE, OURS

UNKNOWN = "40385f64-5717-4562-b3fc-2c963f66afa6"


def scheduled(world):
    return world.schedule().get_json()["data"]["id"]


def test_message_that_its_sender_cancels_is_cancelled_in_the_ledger(world):
    message_id = scheduled(world)
    answer = world.call("DELETE", f"/v2/messages/{message_id}")
    assert answer.get_json()["to"][0]["status"] == "cancelled"
    story = world.story(message_id)
    assert story["message"]["ledger"] == "cancelled"
    assert story["cancellation"] is None
    assert f"{ALICE} cancelled (passthrough cancel)" in [each["text"] for each in story["timeline"]]


def test_cancellation_of_ours_that_its_sender_was_faster_with_is_settled(world):
    message_id = scheduled(world)
    world.opt_out(ALICE)
    assert world.story(message_id)["cancellation"]["state"] == "requested"
    world.call("DELETE", f"/v2/messages/{message_id}")
    story = world.story(message_id)
    assert (story["message"]["ledger"], story["cancellation"]["state"]) == ("cancelled", "confirmed")


@pytest.mark.parametrize("fault", ["error", "empty", "close", "answer"])
def test_cancelling_that_is_not_confirmed_changes_nothing(small_world, fault):
    message_id = scheduled(small_world)
    small_world.telnyx.fault(fault, method="DELETE", body={"errors": []}, status=None)
    small_world.call("DELETE", f"/v2/messages/{message_id}")
    story = small_world.story(message_id)
    assert story["message"]["ledger"] == "pending"
    assert story["message"]["recipients"][0]["status"] == "scheduled"


def test_refusal_to_cancel_comes_as_telnyx_gives_it(small_world):
    answer = small_world.call("DELETE", f"/v2/messages/{UNKNOWN}")
    assert (answer.status_code, answer.get_json()["code"]) == (404, "40303")
    assert small_world.rows() == {}


def test_message_that_came_by_another_way_is_registered_when_it_is_looked_at(world):
    sent = world.telnyx.schedule(to=ALICE, sender=OURS, send_at=in_an_hour())
    world.opt_out(ALICE)
    answer = world.call("GET", f"/v2/messages/{sent['id']}")
    assert answer.get_json()["data"]["id"] == sent["id"]
    story = world.story(sent["id"])
    assert (story["message"]["ledger"], story["message"]["door"]) == ("pending", "passthrough")
    assert story["cancellation"]["policy"] == "opt_out"
    assert world.rung == 1


def test_looking_at_what_has_left_closes_it(small_world):
    message_id = scheduled(small_world)
    small_world.telnyx.advance(timedelta(hours=1, minutes=1))
    small_world.telnyx.settle()
    small_world.call("GET", f"/v2/messages/{message_id}")
    assert small_world.rows()[message_id].ledger == "released"


def test_looking_at_what_was_cancelled_elsewhere_closes_it(small_world):
    message_id = scheduled(small_world)
    small_world.telnyx.simulator.cancel(message_id)
    small_world.call("GET", f"/v2/messages/{message_id}")
    assert small_world.rows()[message_id].ledger == "cancelled"


def test_looking_at_an_inbound_or_unknown_message_leaves_nothing(small_world):
    small_world.telnyx.inbound(sender=ALICE, text="hello")
    inbound = small_world.telnyx.deliveries()[0]["event"]["payload"]["id"]
    assert small_world.call("GET", f"/v2/messages/{inbound}").status_code == 200
    assert small_world.call("GET", f"/v2/messages/{UNKNOWN}").status_code == 404
    assert small_world.rows() == {}


def test_looking_twice_says_nothing_new(small_world):
    message_id = scheduled(small_world)
    before = small_world.story(message_id)
    for _ in range(2):
        assert small_world.call("GET", f"/v2/messages/{message_id}").status_code == 200
    assert small_world.story(message_id) == before


def test_heads_and_options_pass(small_world):
    message_id = scheduled(small_world)
    answer = small_world.call("HEAD", f"/v2/messages/{message_id}")
    assert (answer.status_code, answer.data) == (200, b"")
    assert small_world.call("OPTIONS", "/v2/messages").status_code in {200, 404, 405}
