"""Requests that a caller's library makes once more by itself: what Telnyx may have already is not sent again."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa

from store.tables import intents as intents_table
from tests.door_world import DoorWorld, error_of, in_an_hour
from tests.reports import BOB

REPEATED = {"X-Stainless-Retry-Count": "1"}
FIRST = {"X-Stainless-Retry-Count": "0"}


class Killed(BaseException):
    """The end of a process, whatever it was doing."""


def killed_amid(world: DoorWorld, **asked) -> None:
    """Have the process end when Telnyx has got its call."""
    line, ask = world.line, world.line.ask

    def ask_and_die(call):
        ask(call)
        raise Killed

    line.ask = ask_and_die
    with suppress(Killed):
        world.send(headers=FIRST, **asked)
    line.ask = ask


def made_earlier(world: DoorWorld, ago: timedelta) -> None:
    """Have all that was asked for so far be that long ago."""
    world.book.flush()
    with world.database.begin() as connection:
        connection.execute(sa.update(intents_table).values(created_at=datetime.now(UTC) - ago))


def assert_not_sent_again(answer, words):
    error = error_of(answer, 504)
    assert "was not sent again" in error["detail"]
    assert words in error["detail"]
    assert answer.headers["x-should-retry"] == "false"


@pytest.mark.parametrize("more", [{}, {"send_at": in_an_hour()}], ids=["at once", "scheduled"])
def test_repeat_of_what_a_killed_process_sent_is_not_sent(world, more):
    killed_amid(world, **more)
    assert_not_sent_again(world.send(headers=REPEATED, **more), "Telnyx may have accepted it then")
    assert [row.state for row in world.intents()] == ["open"]
    assert len(world.sends()) == 1


@pytest.mark.parametrize("more", [{}, {"send_at": in_an_hour()}], ids=["at once", "scheduled"])
def test_repeat_of_what_telnyx_accepted_is_not_sent_and_gives_the_id(world, more):
    sent = world.send(headers=FIRST, **more).get_json()["data"]["id"]
    world.book.flush()
    assert_not_sent_again(world.send(headers=REPEATED, **more), f"accepted it then, as {sent}")
    assert [row.message_id for row in world.intents()] == [sent]
    assert len(world.sends()) == 1


def test_repeat_of_what_was_found_by_its_webhook_gives_the_id(world):
    killed_amid(world)
    world.deliver()
    (sent,) = world.telnyx.messages()
    assert_not_sent_again(world.send(headers=REPEATED), f"accepted it then, as {sent['id']}")
    assert len(world.sends()) == 1


def test_repeat_of_what_telnyx_declined_is_sent(world):
    world.telnyx.fault("rate_limit", seconds=1, method="POST", times=1)
    assert world.schedule(headers=FIRST).status_code == 429
    assert world.schedule(headers=REPEATED).status_code == 200
    assert [row.state for row in world.intents()] == ["declined", "answered"]


PICTURES = [{"text": None, "media_urls": [f"https://example.com/{number}.png"]} for number in (1, 2)]


@pytest.mark.parametrize("asked", [[{}, {}], PICTURES], ids=["the same twice", "two pictures"])
@pytest.mark.parametrize("more", [{}, {"send_at": in_an_hour()}], ids=["at once", "scheduled"])
def test_repeat_of_what_telnyx_declined_is_sent_though_another_was_accepted_before(world, asked, more):
    assert world.send(headers=FIRST, **asked[0], **more).status_code == 200
    world.telnyx.fault("rate_limit", seconds=1, method="POST", times=1)
    assert world.send(headers=FIRST, **asked[1], **more).status_code == 429
    assert world.send(headers=REPEATED, **asked[1], **more).status_code == 200
    assert [row.state for row in world.intents()] == ["answered", "declined", "answered"]


def test_repeat_of_what_never_left_is_sent_though_the_same_was_accepted_some_minutes_ago(world):
    asked = {"send_at": in_an_hour()}
    assert world.send(headers=FIRST, **asked).status_code == 200
    made_earlier(world, timedelta(minutes=2))
    patience, world.book._deadline = world.book._deadline, 0.0
    assert error_of(world.send(headers=FIRST, **asked), 503)["code"] == "10037"
    world.book._deadline = patience
    assert world.send(headers=REPEATED, **asked).status_code == 200
    assert len(world.sends()) == 2


@pytest.mark.parametrize("more", [{}, {"send_at": in_an_hour()}], ids=["at once", "scheduled"])
def test_repeat_that_comes_when_its_caller_has_waited_for_a_minute_is_not_sent(world, more):
    sent = world.send(headers=FIRST, **more).get_json()["data"]["id"]
    made_earlier(world, timedelta(seconds=70))
    assert_not_sent_again(world.send(headers=REPEATED, **more), f"accepted it then, as {sent}")
    assert len(world.sends()) == 1


def test_repeat_of_what_may_be_at_telnyx_is_not_sent_for_minutes(world):
    killed_amid(world)
    made_earlier(world, timedelta(minutes=4))
    assert_not_sent_again(world.send(headers=REPEATED), "Telnyx may have accepted it then")
    assert len(world.sends()) == 1


@pytest.mark.parametrize(
    "other",
    [
        {"text": "Autumn sale"},
        {"media_urls": ["https://example.com/autumn.png"]},
        {"to": BOB},
        {"from": "+15557650901"},
        {"path": "/v2/messages/schedule"},
        {"send_at": (datetime.now(UTC) + timedelta(hours=3)).isoformat()},
    ],
    ids=lambda other: next(iter(other)),
)
def test_repeat_of_another_request_is_sent(small_world, other):
    asked = {"send_at": in_an_hour()}
    killed_amid(small_world, **asked)
    assert small_world.send(headers=REPEATED, **asked | other).status_code == 200
    assert len(small_world.sends()) == 2


def test_repeat_is_sent_when_the_same_was_asked_for_long_ago(small_world):
    killed_amid(small_world)
    made_earlier(small_world, timedelta(minutes=6))
    assert small_world.send(headers=REPEATED).status_code == 200
    assert len(small_world.sends()) == 2


@pytest.mark.parametrize("headers", [FIRST, {}])
def test_first_try_is_sent_though_it_says_the_same_as_another(small_world, headers):
    assert [small_world.send(headers=headers).status_code for _ in range(2)] == [200, 200]
    assert len(small_world.sends()) == 2


def test_repeat_that_nobody_can_look_up_is_not_sent(small_world):
    killed_amid(small_world)
    small_world.book._deadline = 0.0
    assert error_of(small_world.send(headers=REPEATED), 503)["code"] == "10037"
    assert len(small_world.sends()) == 1
