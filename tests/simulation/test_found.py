"""Histories in which the simulation has found something; each is played to its end and judged like any other."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest

from tests.simulation import checks, last_checks, living
from tests.simulation.bell import Redis
from tests.simulation.rules_traffic import NUMBERS
from tests.simulation.telnyx import Mood
from tests.simulation.world import World

ALICE, BOB = NUMBERS
HOUR = timedelta(hours=1)


@pytest.fixture
def world(installation) -> Iterator[World]:
    world = World(*installation, on_cancel=checks.is_wanted)
    yield world
    world.close()


def scheduled(world: World, *, in_: timedelta = HOUR, campaign: str | None = None) -> str:
    sms = world.telnyx.schedule(ALICE, in_)
    world.campaign_of[sms.id] = campaign
    world.register(sms)
    checks.after_step(world)
    return sms.id


def end_of(world: World, message_id: str) -> tuple[str | None, str | None]:
    living.come_to_rest(world)
    last_checks.all_is_well(world)
    held = world.seen.messages[message_id]
    return held.ledger, held.breach_cause


def test_held_message_that_left_while_nobody_worked_is_a_breach(world):
    message_id = scheduled(world)
    world.place_hold("all", None, 5 * 86400)
    checks.after_step(world)
    world.advance(2 * HOUR)

    assert end_of(world, message_id) == ("breach", "worker_late")


def test_message_that_left_before_the_review_of_its_ended_campaign_is_a_breach(world):
    message_id = scheduled(world, campaign="spring")
    living.live(world, HOUR - timedelta(minutes=2))
    world.bell.redis = Redis.LOSES
    world.change_campaign("spring", "ended")
    checks.after_step(world)
    world.advance(timedelta(minutes=3))

    assert end_of(world, message_id) == ("breach", "worker_late")


def test_held_message_that_left_before_its_time_by_our_clock_is_a_breach(world):
    world.clock.skew = -timedelta(minutes=4)
    message_id = scheduled(world)
    world.place_hold("all", None, 5 * 86400)
    checks.after_step(world)

    assert end_of(world, message_id) == ("breach", "left_early")


def test_message_that_left_before_it_was_held_is_released(world):
    message_id = scheduled(world)
    world.advance(2 * HOUR)
    world.place_hold("all", None, 5 * 86400)
    checks.after_step(world)

    assert end_of(world, message_id) == ("released", None)


def test_message_that_left_before_its_campaign_was_ended_is_released(world):
    message_id = scheduled(world, campaign="spring")
    world.advance(2 * HOUR)
    world.change_campaign("spring", "ended")
    checks.after_step(world)

    assert end_of(world, message_id) == ("released", None)


def test_message_registered_past_its_time_that_was_cancelled_all_the_same_says_so(world):
    world.clock.skew = 2 * HOUR / 12
    world.change_campaign("spring", "paused")
    world.telnyx.mood = Mood.TIMEOUT_APPLIED
    message_id = scheduled(world, in_=HOUR / 20, campaign="spring")
    living.live(world, HOUR / 3)
    assert world.seen.messages[message_id].ledger == "released"

    assert end_of(world, message_id) == ("cancelled", None)


def test_message_of_which_telnyx_told_nothing_until_later_is_cancelled_after_all(world):
    message_id = scheduled(world, in_=HOUR / 12)
    world.telnyx.mood = Mood.TIMEOUT_APPLIED
    world.call("POST", "/v1/opt-outs", {"phone_number": ALICE})
    living.live(world, HOUR / 3)
    assert world.seen.messages[message_id].breach_cause == "telnyx_unavailable"

    assert end_of(world, message_id) == ("cancelled", None)


def test_door_refuses_a_recipient_until_their_start_is_applied(world):
    def status_at_the_door() -> int:
        at = world.clock.true + HOUR
        answer = world.send(ALICE, HOUR, campaign=None)
        checks.door_judges_rightly(world, answer, ALICE, None, at)
        return answer.status_code

    world.call("POST", "/v1/opt-outs", {"phone_number": ALICE})
    world.advance(HOUR)
    world.deliver(world.telnyx.text(ALICE, "START", world.clock.true))

    assert status_at_the_door() == 409
    assert not world.telnyx.messages

    world.work()

    assert status_at_the_door() == 200
    assert len(world.telnyx.messages) == 1
    living.come_to_rest(world)
    last_checks.all_is_well(world)


def test_held_message_whose_recipient_says_stop_after_it_left_is_a_breach(world):
    message_id = scheduled(world)
    world.advance(HOUR - timedelta(minutes=2))
    world.place_hold("all", None, 5 * 86400)
    world.advance(timedelta(minutes=3))
    world.deliver(world.telnyx.text(ALICE, "STOP", world.clock.true))

    assert end_of(world, message_id) == ("breach", "worker_late")
