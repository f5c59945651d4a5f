import time
from datetime import UTC, datetime, timedelta

import pytest

from simulator import Clock

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def test_a_clock_of_speed_zero_stands_until_it_is_advanced():
    clock = Clock(start=NOON, speed=0)
    assert clock.now() == clock.now() == NOON
    assert clock.advance(timedelta(hours=1)) == clock.now() == NOON + timedelta(hours=1)


def test_a_fast_clock_runs_ahead_of_real_time():
    clock = Clock(start=NOON, speed=3600)
    time.sleep(0.02)
    assert clock.now() - NOON > timedelta(minutes=1)


def test_a_clock_left_alone_tells_real_time():
    assert abs(Clock().now() - datetime.now(UTC)) < timedelta(seconds=1)


def test_a_change_of_speed_moves_no_hand():
    clock = Clock(start=NOON, speed=0)
    clock.set_speed(1)
    assert timedelta(0) <= clock.now() - NOON < timedelta(seconds=1)


@pytest.mark.parametrize(
    ("speed", "ahead", "wait"),
    [
        pytest.param(60, timedelta(minutes=1), 1.0, id="a minute at sixtyfold speed: a second"),
        pytest.param(0, timedelta(minutes=1), None, id="standing still: until something changes"),
        pytest.param(0, timedelta(0), 0.0, id="due already: not at all"),
        pytest.param(1, timedelta(days=4), 3600.0, id="days ahead: never longer than an hour at once"),
    ],
)
def test_the_wait_for_a_moment_is_real_time(speed, ahead, wait):
    clock = Clock(start=NOON, speed=speed)
    assert clock.real_seconds_until(NOON + ahead) == (None if wait is None else pytest.approx(wait, abs=0.1))


def test_a_clock_is_never_turned_back():
    clock = Clock(start=NOON, speed=0)
    with pytest.raises(ValueError, match="only moves ahead"):
        clock.advance(timedelta(seconds=-1))
    with pytest.raises(ValueError, match="speed"):
        clock.set_speed(-1)
    assert clock.now() == NOON


@pytest.mark.parametrize("speed", [float("inf"), float("nan"), 1e300])
def test_a_clock_does_not_run_out_of_time(speed):
    clock = Clock(start=NOON, speed=0)
    with pytest.raises(ValueError, match="speed"):
        clock.set_speed(speed)
    assert (clock.now(), clock.speed) == (NOON, 0)
