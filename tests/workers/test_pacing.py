import signal
import time
from datetime import timedelta
from types import SimpleNamespace

import limits.storage.redis
import limits.strategies
import pytest
from redis import Redis
from structlog.testing import capture_logs

from core.forecasting import SUSTAINED
from rescind.valkey import Valkey
from store.bell import connect
from workers.pacing import Pacer


class Clock:
    def __init__(self) -> None:
        self.seconds = 1000.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def redis(redis_url):
    client = connect(redis_url, patience=timedelta(seconds=30))
    client.flushall()
    yield client
    client.close()


def most_in_a_second(times: list[float]) -> int:
    return max(sum(1 for other in times if at <= other < at + 1) for at in times)


def surely_in_a_second(grants: list[tuple[float, float]]) -> int:
    """The most of these grants, each known to lie between two times, that must lie within one second."""
    return max(sum(1 for began, ended in grants if at <= began and ended < at + 1) for at, _ in grants)


def take(pacer: Pacer, grants: list[tuple[float, float]]) -> None:
    began = time.monotonic()
    granted = pacer.try_acquire(5)
    grants += [(began, time.monotonic())] * granted


@pytest.mark.parametrize("rate", [1, 2, 3, 5, 15, 19, 20, 200])
@pytest.mark.parametrize("tick", [0.005, 0.05, 0.3])
def test_no_second_has_more_requests_than_the_rate(rate, tick):
    clock = Clock()
    pacer = Pacer(rate, None, clock=clock)
    granted: list[float] = []
    while clock.seconds < 1010:
        granted += [clock.seconds] * pacer.try_acquire(1000)
        clock.seconds += tick
    assert most_in_a_second(granted) <= rate


@pytest.mark.parametrize("rate", [1, 5, 20, 200])
def test_what_forecasts_count_on_is_granted(rate):
    clock = Clock()
    pacer = Pacer(rate, None, clock=clock)
    granted = 0
    while clock.seconds < 1020:
        granted += pacer.try_acquire(1000)
        clock.seconds += 0.01
    assert granted >= SUSTAINED * rate * 20


@pytest.mark.parametrize("rate", [15, 19, 20, 200])
def test_what_forecasts_count_on_is_granted_to_those_who_ask_late(rate):
    clock = Clock()
    pacer = Pacer(rate, None, clock=clock)
    granted = 0
    while clock.seconds < 1100:
        granted += pacer.try_acquire(1000)
        clock.seconds += pacer.ready_in().total_seconds() + 0.02
    assert granted >= SUSTAINED * rate * 100


@pytest.mark.parametrize("rate", [1, 5, 20, 200])
def test_share_of_the_rate_is_not_exceeded(rate):
    clock = Clock()
    pacer = Pacer(rate, None, share=0.2, clock=clock)
    granted = 0
    while clock.seconds < 1100:
        granted += pacer.try_acquire(1000)
        clock.seconds += 0.05
    assert 0.15 * rate * 100 <= granted <= 0.2 * rate * 100


def test_share_counts_against_the_rate_of_all(redis):
    background, others = Pacer(20, redis, share=0.2), Pacer(20, redis)
    grants: list[tuple[float, float]] = []
    until = time.monotonic() + 2
    while time.monotonic() < until:
        take(background, grants)
        take(others, grants)
        time.sleep(0.002)
    assert surely_in_a_second(grants) <= 20


def test_idle_time_does_not_add_up():
    clock = Clock()
    pacer = Pacer(20, None, clock=clock)
    clock.seconds += 3600
    assert pacer.try_acquire(1000) == 2


def test_nothing_wanted_takes_nothing():
    pacer = Pacer(20, None, clock=Clock())
    assert pacer.try_acquire(0) == 0
    assert pacer.try_acquire(2) == 2


def test_ready_in_says_when_the_next_can_leave():
    clock = Clock()
    pacer = Pacer(20, None, clock=clock)
    assert pacer.ready_in() == timedelta()
    pacer.try_acquire(2)
    clock.seconds += pacer.ready_in().total_seconds() + 1e-6
    assert pacer.try_acquire(2) == 1


def test_pause_stops_this_process_for_its_time():
    clock = Clock()
    pacer = Pacer(20, None, clock=clock)
    pacer.pause(timedelta(seconds=30))
    pacer.pause(timedelta(seconds=1))
    assert pacer.try_acquire(1) == 0
    assert pacer.ready_in() == timedelta(seconds=30)
    clock.seconds += 30
    assert pacer.try_acquire(1) == 1


def test_workers_share_one_rate(redis):
    pacers = [Pacer(20, redis) for _ in range(4)]
    grants: list[tuple[float, float]] = []
    until = time.monotonic() + 2
    while time.monotonic() < until:
        for pacer in pacers:
            take(pacer, grants)
        time.sleep(0.002)
    assert surely_in_a_second(grants) <= 20


def test_workers_together_can_use_most_of_the_rate(redis, monkeypatch):
    clock = Clock()
    for library in (limits.storage.redis, limits.strategies):
        monkeypatch.setattr(library, "time", SimpleNamespace(time=clock))
    pacers = [Pacer(20, redis, clock=clock) for _ in range(4)]
    granted = 0
    for _ in range(1500):
        granted += sum(pacer.try_acquire(5) for pacer in pacers)
        clock.seconds += 0.002
    assert granted >= 3 * 20 * 0.8


def test_workers_share_a_pause(redis):
    clock = Clock()
    one, other = Pacer(20, redis, clock=clock), Pacer(20, redis, clock=clock)
    one.pause_everybody(timedelta(seconds=40))
    one.pause_everybody(timedelta(seconds=1))
    assert other.try_acquire(1) == 0
    assert timedelta(seconds=20) < other.ready_in() <= timedelta(seconds=40)
    clock.seconds += 40
    # Redis has a clock of its own, on which the pause ends now.
    redis.pexpire("rescind:paused", 1)
    time.sleep(0.01)
    assert other.try_acquire(1) == 1


def test_pause_of_one_worker_stops_no_other(redis):
    one, other = Pacer(20, redis), Pacer(20, redis)
    one.pause(timedelta(seconds=30))
    assert one.try_acquire(1) == 0
    assert other.try_acquire(1) == 1
    assert redis.keys("rescind:paused") == []


def test_shared_pause_does_not_shorten_ones_own(redis):
    one, other = Pacer(20, redis), Pacer(20, redis)
    one.pause(timedelta(seconds=30))
    other.pause_everybody(timedelta(seconds=1))
    assert one.try_acquire(1) == 0
    assert one.ready_in() > timedelta(seconds=29)


def test_pause_that_stands_in_redis_for_days_lasts_a_minute(redis):
    redis.set("rescind:paused", 1, ex=7 * 24 * 3600)
    clock = Clock()
    pacer = Pacer(20, redis, clock=clock)
    assert pacer.try_acquire(1) == 0
    assert pacer.ready_in() == timedelta(minutes=1)
    assert redis.ttl("rescind:paused") <= 60


@pytest.mark.parametrize("silence", [signal.SIGSTOP, signal.SIGKILL])
def test_without_redis_each_worker_keeps_the_pace_alone_at_no_cost(tmp_path, silence):
    server = Valkey(tmp_path)
    server.start()
    redis = connect(server.url, patience=timedelta(seconds=1))
    clock = Clock()
    pacer = Pacer(20, redis, clock=clock)
    assert pacer.try_acquire(1) == 1
    server.signal(silence)
    with capture_logs() as logs:
        for _ in range(20):
            clock.seconds += 0.1
            assert pacer.try_acquire(1) == 1
            pacer.pause_everybody(timedelta())
    # It was asked once, and then left in peace.
    assert [each["event"] for each in logs] == ["pace_not_shared"]
    if silence is signal.SIGSTOP:
        server.signal(signal.SIGCONT)
    else:
        server.stop()
        server.start()
    with Redis.from_url(server.url) as patient:
        patient.flushall()
        clock.seconds += 10
        assert pacer.try_acquire(1) == 1
        assert patient.keys("*pace*") != []
    redis.close()
    server.stop()
