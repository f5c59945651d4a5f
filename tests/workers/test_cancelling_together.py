"""Many cancellations, several workers, and what dies or hangs among them."""

import threading
from contextlib import contextmanager
from datetime import timedelta

import pytest

from core.errors import StoreUnavailable
from ledger import settling
from store import cancellations
from store.engine import Database
from tests.cancelling_world import TICK, world_of
from tests.processes import wait_for
from tests.reports import message_id
from tests.scripted_telnyx import NOT_CANCELLABLE, Reply, cancelled, found

CONFIRMED = ("confirmed", "cancelled", "cancelled", None)
LEASE = timedelta(seconds=30)


@pytest.fixture
def world(database):
    with world_of(database, lambda request, nth: cancelled(request)) as world:
        yield world


@pytest.fixture
def sqlite_world(sqlite_database):
    with world_of(sqlite_database, lambda request, nth: cancelled(request)) as world:
        yield world


def once_cancelled(world):
    """A Telnyx that cancels a message once, then says that it cannot, as the real one may."""

    def script(request, nth):
        if request.method == "GET":
            return found(request, "cancelled")
        return cancelled(request) if world.telnyx.asked("DELETE").count(request.message_id) == 1 else NOT_CANCELLABLE

    world.telnyx.script = script


def cancelled_transitions(world, of) -> int:
    with world.database.read() as connection:
        return sum(row.status == "cancelled" for row in settling.messages.transitions_of(connection, of))


def test_row_65_worker_that_died_before_asking_is_made_up_for(world):
    of = world.order()
    with world.database.begin() as connection:
        cancellations.claim(connection, now=world.now, limit=1, lease=LEASE, token="dead")
    began = world.now
    world.run(world.canceller())
    assert world.settled(of) == CONFIRMED
    assert world.now - began == LEASE
    assert world.attempts(of) == [("DELETE", None, None), ("DELETE", 200, "cancelled")]


def test_row_66_worker_that_died_before_recording_is_made_up_for_once(world):
    once_cancelled(world)
    of = world.order()
    dying = world.canceller()
    dying.pump()
    wait_for(lambda: world.telnyx.requests)
    world.run(world.canceller())
    assert world.settled(of) == CONFIRMED
    assert world.telnyx.methods() == ["DELETE", "DELETE", "GET"]
    assert cancelled_transitions(world, of) == 1


def test_row_67_answers_outlive_a_database_that_is_away(sqlite_world):
    world = sqlite_world
    of = world.order()
    database = Flaky(str(world.database.url))
    canceller = world.canceller(database=database)
    canceller.pump()
    database.is_away = True
    canceller.wait(timedelta(seconds=5))
    for _ in range(3):
        with pytest.raises(StoreUnavailable):
            canceller.pump()
    assert world.settled(of) == ("requested", None, "pending", None)
    assert world.status(of) == "scheduled"
    database.is_away = False
    assert canceller.pump().finished == 1
    assert world.settled(of) == CONFIRMED
    assert world.telnyx.methods() == ["DELETE"]
    database.dispose()


class Flaky(Database):
    """A database that can be away."""

    is_away = False

    @contextmanager
    def begin(self):
        if self.is_away:
            raise StoreUnavailable
        with super().begin() as connection:
            yield connection


def test_row_76_pace_is_kept_and_the_earliest_go_first(sqlite_world):
    world = sqlite_world
    numbers = [7, 3, 9, 1, 8, 2, 6, 4, 5, 10]
    for number in numbers:
        world.order(number, in_=timedelta(hours=number))
    at: list[tuple[str, float]] = []

    def script(request, nth):
        at.append((request.message_id, world.now.timestamp()))
        return cancelled(request)

    world.telnyx.script = script
    world.run(world.canceller(rate=4))
    assert [of for of, _ in at] == [message_id(number) for number in sorted(numbers)]
    times = [when for _, when in at]
    assert max(sum(1 for other in times if when <= other < when + 1) for when in times) <= 4


def test_opt_outs_go_before_other_reasons_at_the_same_time(sqlite_world):
    world = sqlite_world
    world.order(1, priority=5)
    world.order(2, priority=0)
    world.order(3, priority=1)
    world.run(world.canceller(rate=4))
    assert world.telnyx.asked() == [message_id(2), message_id(3), message_id(1)]


@pytest.mark.parametrize("headers", [{"x-ratelimit-reset": "20"}, {"x-ratelimit-reset": "1771165800"}, {}])
def test_row_76_throttled_worker_leaves_telnyx_in_peace(sqlite_world, headers):
    world = sqlite_world
    until = world.now + timedelta(seconds=20)
    world.telnyx.script = lambda request, nth: (
        cancelled(request) if world.now >= until else Reply(429, {"errors": []}, headers)
    )
    ids = [world.order(number, in_=timedelta(hours=number)) for number in range(1, 31)]
    world.run(world.canceller(slots=8))
    assert {world.settled(of) for of in ids} == {CONFIRMED}
    throttled = len(world.telnyx.requests) - len(ids)
    assert throttled <= (8 if headers.get("x-ratelimit-reset") == "20" else 8 + 4 * 25)


@pytest.mark.parametrize("broken", [Reply(503, {}), Reply(429, {}), Reply(cut=True)])
def test_row_77_everything_is_cancelled_in_order_after_hours_of_outage(sqlite_world, broken):
    world = sqlite_world
    back_at = world.now + timedelta(hours=2)
    done: list[str] = []

    def script(request, nth):
        if world.now < back_at:
            return broken
        done.append(request.message_id)
        return cancelled(request) if request.method == "DELETE" else found(request, "sent")

    world.telnyx.script = script
    lost = world.order(1, in_=timedelta(minutes=90))
    ids = [world.order(number, in_=timedelta(hours=3, minutes=number)) for number in range(2, 42)]
    canceller = world.canceller(slots=1)
    world.run(canceller, until=world.now + timedelta(minutes=3))
    world.now = back_at
    world.run(canceller)
    assert {world.settled(of) for of in ids} == {CONFIRMED}
    assert world.settled(lost) == ("too_late", "already_sent", "breach", "telnyx_unavailable")
    assert [of for of in done if of != lost] == ids


def test_outage_does_not_become_a_storm(sqlite_world):
    world = sqlite_world
    world.telnyx.script = lambda request, nth: Reply(503, {})
    for number in range(1, 101):
        world.order(number)
    until = world.now + timedelta(minutes=10)
    world.run(world.canceller(), until=until)
    # Sixty-four at first, then a few at a time with pauses of four seconds on average.
    assert len(world.telnyx.requests) < 64 + 4 * 600 / 4 * 1.5


def test_row_80_event_that_arrives_while_asking_wins(world):
    of = world.order()
    canceller = world.canceller()
    canceller.pump()
    with world.database.begin() as connection:
        settling.left(connection, [of], now=world.now)
    world.run(canceller)
    state, _, ledger, _ = world.settled(of)
    assert (state, ledger) == ("too_late", "breach")
    assert world.attempts(of) == [("DELETE", 200, "cancelled")]


def test_row_82_two_workers_at_once_do_no_harm(world):
    once_cancelled(world)
    ids = [world.order(number) for number in range(1, 41)]
    workers = [world.canceller(slots=8) for _ in range(2)]
    threads = [threading.Thread(target=world.run, args=(worker,)) for worker in workers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    world.run(workers[0])
    assert {world.settled(of) for of in ids} == {CONFIRMED}
    assert {cancelled_transitions(world, of) for of in ids} == {1}


def test_worker_that_slept_through_its_lease_records_only_its_attempt(world):
    answers = [Reply(200, {"nothing": "clear"}, hang=0.3)]

    def script(request, nth):
        return answers.pop() if answers else cancelled(request)

    world.telnyx.script = script
    of = world.order()
    slow, quick = world.canceller(), world.canceller()
    slow.pump()
    wait_for(lambda: world.telnyx.requests)
    world.now += LEASE
    world.run(quick)
    assert world.settled(of) == CONFIRMED
    slow.wait(timedelta(seconds=5))
    assert slow.pump().finished == 1
    assert world.settled(of) == CONFIRMED
    assert {outcome for *_, outcome in world.attempts(of)} == {"unclear", "cancelled"}
    assert world.telnyx.methods() == ["DELETE", "DELETE"]


def test_hanging_request_holds_up_nothing_else(sqlite_world):
    world = sqlite_world
    hanging = world.order(1, in_=timedelta(hours=1))
    let_go, answered = threading.Event(), []

    def script(request, nth):
        if request.message_id == hanging:
            let_go.wait(30)
            answered.append(nth)
        return cancelled(request)

    world.telnyx.script = script
    ids = [world.order(number, in_=timedelta(hours=2)) for number in range(2, 12)]
    # More patience than the other side has: whoever waited for that answer would get it.
    canceller = world.canceller(slots=2, timeout=timedelta(minutes=2))
    while {world.settled(of) for of in ids} != {CONFIRMED}:
        canceller.pump()
        canceller.wait(TICK)
    assert answered == []
    assert world.settled(hanging)[0] == "requested"
    let_go.set()
    world.run(canceller)
    assert world.settled(hanging) == CONFIRMED


def test_pump_waits_for_nothing(sqlite_world):
    world = sqlite_world
    world.run(world.canceller())
    let_go, answered = threading.Event(), []

    def script(request, nth):
        let_go.wait(30)
        answered.append(nth)
        return cancelled(request)

    world.telnyx.script = script
    world.order()
    # More patience than the other side has: whoever waited for that answer would get it.
    canceller = world.canceller(timeout=timedelta(minutes=2))
    pumped = canceller.pump()
    assert answered == []
    assert (pumped.in_flight, pumped.finished) == (1, 0)
    let_go.set()


def test_nothing_to_do_asks_nothing(world):
    pumped = world.canceller().pump()
    assert (pumped.in_flight, pumped.finished, pumped.next_due_at) == (0, 0, None)
    assert world.telnyx.requests == []


def test_withdrawn_cancellation_is_never_asked_for(world):
    of = world.order()
    with world.database.begin() as connection:
        cancellations.withdraw(connection, [of], now=world.now)
    world.run(world.canceller())
    assert world.telnyx.requests == []
    assert world.settled(of) == ("withdrawn", None, "pending", None)


def test_closing_records_what_is_under_way(world):
    world.telnyx.script = lambda request, nth: Reply(200, cancelled(request).body, hang=0.2)
    of = world.order()
    canceller = world.canceller()
    canceller.pump()
    canceller.close()
    assert world.settled(of) == CONFIRMED
