"""What the trouble of one worker, or of one step, costs: no other worker's time, and no answer."""

from __future__ import annotations

from contextlib import contextmanager
from datetime import timedelta

import pytest

from store.bell import connect
from store.engine import Database
from tests.cancelling_world import world_of
from tests.scripted_telnyx import Reply, cancelled
from workers.pacing import Pacer

CONFIRMED = ("confirmed", "cancelled", "cancelled", None)
SECONDS = timedelta(seconds=5)


@pytest.fixture
def world(sqlite_database):
    with world_of(sqlite_database, lambda request, nth: cancelled(request)) as world:
        yield world


@pytest.fixture
def redis(redis_url):
    client = connect(redis_url, patience=timedelta(seconds=1))

    yield client
    client.close()


def answered(world, reply: Reply, *, redis) -> None:
    """Have one worker hear this answer six times in a row: once more than an outage takes."""
    world.telnyx.script = lambda request, nth: reply
    for number in range(1, 7):
        world.order(number)
    canceller = world.canceller(slots=6, redis=redis)
    canceller.pump()
    for _ in range(6):
        canceller.wait(SECONDS)
    assert canceller.pump().finished == 6
    assert canceller.pump().in_flight == 0


@pytest.mark.parametrize("reply", [Reply(401, {}), Reply(cut=True), Reply(503, {}, {"retry-after": "30"})])
def test_trouble_that_may_be_this_workers_own_stops_no_other(world, redis, reply):
    answered(world, reply, redis=redis)
    assert redis.keys("rescind:paused") == []
    assert Pacer(20, redis).try_acquire(1) == 1


def test_throttling_stops_every_worker_of_the_account(world, redis):
    answered(world, Reply(429, {}, {"x-ratelimit-reset": "30"}), redis=redis)
    assert Pacer(20, redis).try_acquire(1) == 0
    assert 25 < redis.ttl("rescind:paused") <= 30


@pytest.mark.parametrize(("reset", "rests"), [("3", 3), ("60", 5)])
def test_the_last_request_that_is_let_in_is_followed_by_a_rest_for_all(world, redis, reset, rests):
    headers = {"x-ratelimit-remaining": "0", "x-ratelimit-reset": reset}
    world.telnyx.script = lambda request, nth: Reply(200, cancelled(request).body, headers)
    of = world.order()
    world.run(world.canceller(redis=redis))
    assert world.settled(of) == CONFIRMED
    assert Pacer(20, redis).try_acquire(1) == 0
    assert rests - 2 < redis.ttl("rescind:paused") <= rests


def test_requests_are_left_to_be_made_as_long_as_some_remain(world, redis):
    headers = {"x-ratelimit-remaining": "1", "x-ratelimit-reset": "30"}
    world.telnyx.script = lambda request, nth: Reply(200, cancelled(request).body, headers)
    world.order()
    world.run(world.canceller(redis=redis))
    assert redis.keys("rescind:paused") == []


def test_claim_that_fails_costs_no_answer(world):
    first = world.order(1, in_=timedelta(hours=1))
    second = world.order(2, in_=timedelta(hours=2))
    database = Breaking(str(world.database.url))
    canceller = world.canceller(slots=1, database=database)
    canceller.pump()
    canceller.wait(SECONDS)
    database.breaks_after = 1
    with pytest.raises(RuntimeError):
        canceller.pump()
    assert world.settled(first) == CONFIRMED
    assert world.status(first) == "cancelled"
    assert world.telnyx.asked() == [first]
    world.run(canceller)
    assert world.settled(second) == CONFIRMED
    database.dispose()


class Breaking(Database):
    """A database in which one transaction fails, after so many that did not."""

    breaks_after: int | None = None

    @contextmanager
    def begin(self):
        if self.breaks_after == 0:
            self.breaks_after = None
            raise RuntimeError("this one fails")
        if self.breaks_after is not None:
            self.breaks_after -= 1
        with super().begin() as connection:
            yield connection
