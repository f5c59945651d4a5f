"""The forecast against a simulation of every single request, and what follows for one message."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.deadlines import SAFETY_MARGIN, WALL, deadline
from core.deadlines import cancel_by as idle_cancel_by
from core.forecasting import Minute, Pace, Queue, cancel_by, forecast

NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)
QUICK = timedelta(milliseconds=100)

paces = st.builds(
    Pace,
    rate=st.integers(1, 50),
    latency=st.integers(0, 5000).map(lambda ms: timedelta(milliseconds=ms)),
    slots=st.integers(1, 64),
)
minutes = st.dictionaries(st.integers(-2, 8), st.integers(1, 300), max_size=6).map(
    lambda found: [Minute(NOW + WALL + timedelta(minutes=at), count) for at, count in found.items()]
)


def simulated(queue: list[Minute], pace: Pace) -> list[tuple[Fraction, datetime]]:
    """When each request is answered, in seconds from now, earliest deadline first: no faster than the rate allows,
    and never more of them under way than there are slots."""
    latency = Fraction(int(pace.latency / timedelta(microseconds=1)), 10**6)
    answered: list[Fraction] = []
    walls = [deadline(send_at) for send_at, count in sorted(queue) for _ in range(count)]
    for nth in range(len(walls)):
        left = answered[-1] - latency + Fraction(1, int(pace.rate)) if answered else Fraction(0)
        if nth >= pace.slots:
            left = max(left, answered[nth - pace.slots])
        answered.append(left + latency)
    return list(zip(answered, walls, strict=True))


def late_in(requests: list[tuple[Fraction, datetime]], latency: timedelta) -> list[datetime]:
    reachable = [(at, wall) for at, wall in requests if wall >= NOW + latency]
    return [wall for at, wall in reachable if at > Fraction(int((wall - NOW) / timedelta(microseconds=1)), 10**6)]


@given(minutes, st.integers(1, 50), st.integers(0, 1000))
def test_where_the_rate_is_the_limit_the_forecast_is_the_simulation(queue, rate, latency_ms):
    pace = Pace(rate, timedelta(milliseconds=latency_ms), slots=10**6)
    told = forecast(Queue(queue), pace, now=NOW)
    requests = simulated(queue, pace)
    late = late_in(requests, pace.latency)
    assert told.waiting == len(requests)
    assert told.late == len(late)
    assert told.first_late_at == (late[0] if late else None)
    assert told.makes_it == (not late)
    if requests:
        assert abs((told.done_at - NOW).total_seconds() - float(requests[-1][0])) < 1e-5


@given(minutes, paces)
def test_where_slots_are_the_limit_it_never_promises_too_much(queue, pace):
    told = forecast(Queue(queue), pace, now=NOW)
    requests = simulated(queue, pace)
    assert told.late >= len(late_in(requests, pace.latency))
    if requests:
        done = float(requests[-1][0])
        assert done <= (told.done_at - NOW).total_seconds() + 1e-5
        # What it promises too little is bounded: less than one more round of all slots.
        assert (told.done_at - NOW).total_seconds() <= done + pace.latency.total_seconds() + 1 / pace.rate + 1e-5


@given(minutes, paces)
def test_a_faster_pace_never_makes_more_of_them_late(queue, pace):
    faster = Pace(pace.rate * 2, pace.latency, pace.slots * 2)
    assert forecast(Queue(queue), faster, now=NOW).late <= forecast(Queue(queue), pace, now=NOW).late


@given(minutes, paces, st.integers(0, 600))
def test_what_is_ordered_by_then_is_in_time_behind_all_that_go_first(queue, pace, seconds):
    send_at = NOW + WALL + timedelta(seconds=seconds)
    ahead = Queue(queue).ahead(send_at)
    assert ahead == sum(count for begin, count in queue if begin <= send_at)
    by = cancel_by(send_at, pace, ahead)
    assert by + pace.time_for(ahead) + pace.latency <= deadline(send_at)
    assert by <= idle_cancel_by(send_at)


def test_nothing_waits_nothing_is_late():
    told = forecast(Queue(), Pace(20, QUICK), now=NOW)
    assert (told.waiting, told.done_at, told.late, told.first_late_at, told.makes_it) == (0, None, 0, None, True)


def test_healthy_and_idle_only_the_margin_is_kept():
    send_at = NOW + timedelta(hours=1)
    assert cancel_by(send_at, Pace(20, QUICK), 0) == idle_cancel_by(send_at)
    assert idle_cancel_by(send_at) == deadline(send_at) - SAFETY_MARGIN


def test_those_ahead_are_given_their_time():
    send_at = NOW + timedelta(hours=1)
    assert cancel_by(send_at, Pace(20, QUICK), 12_000) == idle_cancel_by(send_at) - timedelta(minutes=10)


def test_slow_answers_are_given_their_time():
    send_at = NOW + timedelta(hours=1)
    assert cancel_by(send_at, Pace(20, timedelta(seconds=45)), 0) == deadline(send_at) - timedelta(seconds=45)


@pytest.mark.parametrize(
    ("latency", "per_second"),
    [
        pytest.param(timedelta(milliseconds=150), 20, id="the rate is the lesser"),
        pytest.param(timedelta(seconds=5), 12.8, id="the slots are"),
        pytest.param(timedelta(), 20, id="nothing measured"),
    ],
)
def test_pace_is_the_lesser_of_rate_and_slots(latency, per_second):
    assert Pace(20, latency, 64).per_second == pytest.approx(per_second)


def test_what_has_missed_its_deadline_takes_time_but_is_no_forecast():
    gone = Minute(NOW + timedelta(seconds=30), 100)
    soon = Minute(NOW + WALL + timedelta(seconds=4), 30)
    told = forecast(Queue([soon, gone]), Pace(20, QUICK), now=NOW)
    assert (told.waiting, told.late) == (130, 30)
    assert told.first_late_at == NOW + timedelta(seconds=4)
    assert forecast(Queue([gone]), Pace(20, QUICK), now=NOW).makes_it
