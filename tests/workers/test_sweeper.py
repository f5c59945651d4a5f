from __future__ import annotations

from datetime import UTC, datetime, timedelta

import fakeredis
import pytest
from rq import Queue
from rq.serializers import JSONSerializer

from core.deciding import Mode
from core.outcomes import LedgerState
from core.policies import opt_out
from core.policies.catalogue import rules
from core.scopes import Scope
from ledger import reviewing
from store import cancellations, messages, reviews, rulebooks
from store.bell import QUEUE, Bell
from store.cancellations import NewCancellation
from store.messages import Looks
from tests.books import looked_last
from tests.processes import accept_stop, schedule
from tests.reports import RULES, message_id
from workers.stopping import StopFlag
from workers.sweeper import BUDGET, Sweep, Sweeper

ALICE = "+15557650101"
START = datetime(2026, 5, 1, 12, tzinfo=UTC)


class FakeDrain:
    """Records its runs; each takes some time on the clock."""

    def __init__(self, clock):
        self.runs = []
        self.takes = timedelta()
        self._clock = clock

    def run(self, *, budget, should_stop):
        self.runs.append(budget)
        self._clock.advance(self.takes)


class Clock:
    def __init__(self):
        self.at = START

    def __call__(self):
        return self.at

    def advance(self, by):
        self.at += by


class World:
    def __init__(self, database, *, client):
        self.database = database
        self.redis = client
        self.clock = Clock()
        self.drain = FakeDrain(self.clock)
        self.loaded = 0
        self.rules = RULES
        self.sweeper = Sweeper(
            database=database,
            bell=Bell(None, client=client),
            drain=self._load,
            rules=lambda: self.rules,
            now=self.clock,
            stop=StopFlag(),
        )

    def _load(self):
        self.loaded += 1
        return self.drain

    def sweep(self, after: float = 0) -> Sweep:
        self.clock.advance(timedelta(seconds=after))
        return self.sweeper.sweep_once()

    @property
    def rung(self) -> int:
        return len(Queue(QUEUE, connection=self.redis, serializer=JSONSerializer).jobs)


@pytest.fixture
def world(sqlite_database):
    return World(sqlite_database, client=fakeredis.FakeRedis())


@pytest.fixture
def world_without_redis(sqlite_database):
    return World(sqlite_database, client=None)


def test_nothing_due_is_left_alone(world):
    assert world.sweep() == Sweep()
    assert (world.rung, world.loaded) == (0, 0)


def test_an_event_just_accepted_is_left_to_its_own_ring(world):
    accept_stop(world.database, sender=ALICE, received_at=START)

    assert world.sweep(after=0.5) == Sweep()
    assert world.rung == 0


def test_an_event_nobody_rang_for_is_rung_for(world):
    accept_stop(world.database, sender=ALICE, received_at=START)

    assert world.sweep(after=1.5) == Sweep(late=("events",), rang=True)
    assert world.rung == 1
    assert world.drain.runs == []


def test_without_redis_the_sweeper_drains_at_once(world_without_redis):
    world = world_without_redis
    accept_stop(world.database, sender=ALICE, received_at=START)

    assert world.sweep(after=1.5) == Sweep(late=("events",), drained=True)
    assert world.drain.runs == [BUDGET]


def test_work_that_is_rung_for_in_vain_is_done_by_the_sweeper(world):
    accept_stop(world.database, sender=ALICE, received_at=START)
    world.sweep(after=1.5)
    world.sweep(after=2)
    assert world.drain.runs == []

    assert world.sweep(after=2).drained

    assert world.drain.runs == [BUDGET]


def test_a_drain_that_used_up_its_budget_goes_on_with_the_next_sweep(world_without_redis):
    world = world_without_redis
    world.drain.takes = BUDGET
    accept_stop(world.database, sender=ALICE, received_at=START)
    world.sweep(after=2)
    with world.database.begin() as connection:
        connection.exec_driver_sql("DELETE FROM inbox")
    world.drain.takes = timedelta()

    assert world.sweep() == Sweep(drained=True)
    assert world.sweep() == Sweep()
    assert len(world.drain.runs) == 2


def test_a_cancellation_that_came_due_again_is_rung_for(world):
    world.clock.at = datetime.now(UTC)
    ordered = NewCancellation(
        message_id=message_id(),
        policy="opt_out",
        reason="opted out",
        priority=0,
        send_at=world.clock.at + timedelta(hours=1),
        registered_at=world.clock.at,
        requested_at=world.clock.at,
        known_at=world.clock.at,
    )
    with world.database.begin() as connection:
        cancellations.request(connection, [ordered])

    assert world.sweep(after=2).late == ("cancellations",)
    assert world.rung == 1


def test_a_campaign_review_that_waits_is_rung_for_and_then_worked_on(world):
    with world.database.begin() as connection:
        reviews.request(connection, Scope.CAMPAIGN, "spring-sale", event_id=None, known_at=START)

    assert world.sweep() == Sweep()
    assert world.sweep(after=1.5) == Sweep(late=("reviews",), rang=True)
    assert world.sweep(after=4).drained


def test_changed_policies_are_a_reason_to_decide_again_on_all_that_is_pending(world):
    assert world.sweep() == world.sweep(after=3) == Sweep()
    world.rules = rules(opt_out=opt_out.Settings(mode=Mode.SHADOW))
    assert world.sweep(after=1.5).late == ()
    assert world.sweep(after=1.5).late == ("reviews",)
    with world.database.read() as connection:
        known = rulebooks.of(connection, [RULES.digest, world.rules.digest, "unknown"])
        assert rulebooks.followed(connection) == known[world.rules.digest]
    assert set(known) == {RULES.digest, world.rules.digest}
    assert known[world.rules.digest].settings["opt_out"]["mode"] == "shadow"


def test_nothing_due_is_released_while_a_review_waits(world):
    due = world.clock.at + timedelta(minutes=30)
    schedule(world.database, message_id(), to=ALICE, send_at=due)
    with world.database.begin() as connection:
        reviews.request(connection, Scope.CAMPAIGN, "spring-sale", event_id=None, known_at=world.clock.at)
    assert world.sweep(after=31 * 60).released == 0
    with world.database.begin() as connection:
        assert reviewing.review(connection, RULES, now=world.clock.at, limit=10) == 0
    assert world.sweep().released == 1


def test_nothing_is_released_that_came_due_after_a_review_was_called_for_whichever_was_ordered_first(world):
    due = world.clock.at + timedelta(minutes=30)
    schedule(world.database, message_id(), to=ALICE, send_at=due)
    looked_last(world.database, message_id(), now=due - timedelta(minutes=3))
    world.clock.at = due + timedelta(minutes=1)
    with world.database.begin() as connection:
        for known_at in (world.clock.at, due - timedelta(minutes=2)):
            reviews.request(connection, Scope.CAMPAIGN, "spring-sale", event_id=None, known_at=known_at)

    assert world.sweep().released == 0

    with world.database.begin() as connection:
        assert [reviewing.review(connection, RULES, now=world.clock.at, limit=10) for _ in range(2)] == [0, 0]
    assert world.sweep().released == 1


def test_a_message_on_which_time_alone_decides_is_rung_for(world):
    world.clock.at = datetime.now(UTC)
    message = message_id()
    schedule(world.database, message, to=ALICE)
    with world.database.begin() as connection:
        messages.set_looks(connection, [Looks(message, world.clock.at, None)])

    world.sweep()

    assert world.sweep(after=1.5).late == ("timed_reviews",)


def test_a_message_whose_time_has_come_is_released(world):
    world.clock.at = datetime.now(UTC)
    message = message_id()
    schedule(world.database, message, to=ALICE, send_at=world.clock.at + timedelta(minutes=10))
    world.clock.at += timedelta(minutes=7)
    looked_last(world.database, message, now=world.clock.at)
    assert world.sweep(after=179).released == 0

    assert world.sweep(after=2).released == 1

    assert ledger_of(world.database, message) == LedgerState.RELEASED
    assert (world.rung, world.loaded) == (0, 0)


def test_a_message_that_nobody_looked_at_for_the_last_time_is_rung_for_and_not_released(world):
    world.clock.at = datetime.now(UTC)
    message = message_id()
    schedule(world.database, message, to=ALICE, send_at=world.clock.at + timedelta(minutes=10))
    assert world.sweep(after=421) == Sweep(late=("last_looks",), rang=True)

    assert world.sweep(after=180).released == 0

    assert ledger_of(world.database, message) == LedgerState.PENDING


def test_a_message_is_not_released_while_an_event_from_before_waits(world):
    world.clock.at = datetime.now(UTC)
    message = message_id()
    schedule(world.database, message, to=ALICE, send_at=world.clock.at + timedelta(minutes=10))
    accept_stop(world.database, sender=ALICE, received_at=world.clock.at)

    assert world.sweep(after=601).released == 0

    assert ledger_of(world.database, message) == LedgerState.PENDING


def ledger_of(database, message):
    with database.read() as connection:
        return messages.find(connection, message).ledger
