"""When a crowd has to be begun with, checked by carrying it out."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core import leading
from core.deadlines import LAST_LOOK, SAFETY_MARGIN, WALL, deadline, last_look
from core.forecasting import Minute, Pace, Queue
from core.leading import ASSUMED_RATE, Lead

NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)
USUAL = NOW + LAST_LOOK + WALL
PACE = Pace(20, timedelta(milliseconds=150))

crowds = st.dictionaries(st.integers(200, 260), st.integers(1, 40_000), min_size=1, max_size=6).map(
    lambda found: [Minute(NOW + timedelta(minutes=at), number) for at, number in sorted(found.items())]
)


def begin_of(lead: Lead, minute: Minute) -> datetime:
    """When the lead lets a minute be begun with; its usual last look when it says nothing of it."""
    found = [begin for begin, until in lead.begins if minute.send_at <= until < minute.send_at + timedelta(minutes=1)]
    return found[0] if found else last_look(minute.send_at)


@given(crowds, st.integers(20, 2000))
def test_crowd_begun_with_then_is_done_in_time(crowd, per_second):
    lead = leading.of_crowd(crowd, per_second=per_second)
    at = NOW
    for minute in crowd:
        at = max(at, begin_of(lead, minute)) + timedelta(seconds=minute.number / per_second)
        assert at <= deadline(minute.send_at)


@given(crowds, crowds, st.integers(20, 2000), st.integers(1, 100))
def test_what_is_held_is_decided_and_cancelled_in_time(held, others, per_second, rate):
    pace = Pace(rate, timedelta(milliseconds=150))
    lead = leading.of_held(held, Queue(others), pace, per_second=per_second)
    decided: dict[datetime, datetime] = {}
    at = NOW - timedelta(days=30)
    for minute in held:
        at = max(at, begin_of(lead, minute)) + timedelta(seconds=minute.number / per_second)
        decided[minute.send_at] = at
    # Those that wait already may leave whenever there is room; the latest that they can is with their own minute.
    free = NOW - timedelta(days=30)
    numbers = {minute.send_at: 0 for minute in (*held, *others)}
    for minute in (*held, *others):
        numbers[minute.send_at] += minute.number
    for send_at in sorted(numbers):
        begins = max(free, decided.get(send_at, free))
        free = begins + timedelta(seconds=numbers[send_at] / pace.per_second)
        assert free <= deadline(send_at) - min(SAFETY_MARGIN, LAST_LOOK) + timedelta(milliseconds=1)


def test_few_are_looked_at_when_it_is_usual():
    lead = leading.of_crowd([Minute(NOW + timedelta(hours=1), 5000)], per_second=ASSUMED_RATE)
    assert lead == Lead()
    assert lead.until(NOW) == USUAL


def test_a_hundred_thousand_in_one_minute_are_begun_with_earlier():
    send_at = NOW + timedelta(hours=1)
    lead = leading.of_crowd([Minute(send_at, 100_000)], per_second=500)
    begin = last_look(send_at) + LAST_LOOK / 2 - timedelta(seconds=200)
    assert lead.until(begin - timedelta(seconds=1)) == begin - timedelta(seconds=1) + LAST_LOOK + WALL
    assert send_at <= lead.until(begin) < send_at + timedelta(minutes=1)


def test_held_ones_are_begun_with_by_the_time_their_cancelling_takes():
    send_at = NOW + timedelta(hours=6)
    held = [Minute(send_at, 12_000)]
    ten_minutes = timedelta(minutes=10)
    lead = leading.of_held(held, Queue(), PACE, per_second=400)
    assert begin_of(lead, held[0]) == deadline(send_at) - SAFETY_MARGIN - ten_minutes - timedelta(seconds=30)
    behind = leading.of_held(held, Queue([Minute(send_at, 12_000)]), PACE, per_second=400)
    assert begin_of(behind, held[0]) == begin_of(lead, held[0]) - ten_minutes
    assert leading.of_held([Minute(send_at, 20)], Queue(), PACE, per_second=400) == Lead()


@pytest.mark.parametrize(
    ("batches", "rate"),
    [
        pytest.param([], ASSUMED_RATE, id="nothing seen"),
        pytest.param([(0, 200), (0.5, 200), (1, 200)], 200, id="half of four hundred"),
        pytest.param([(1, 200), (0, 200), (0.5, 200)], 200, id="in any order"),
        pytest.param([(0, 200), (3600, 200)], ASSUMED_RATE, id="a rest between"),
        pytest.param([(0, 3), (0.1, 3), (0.2, 3)], ASSUMED_RATE, id="no crowd"),
        pytest.param([(0, 200), (9, 200)], 20, id="never taken for slower than that"),
        pytest.param([(0, 200), (0.001, 200)], 2000, id="nor for faster"),
    ],
)
def test_rate_is_judged_by_full_batches(batches, rate):
    seen = [(NOW + timedelta(seconds=at), number) for at, number in batches]
    assert leading.seen_rate(seen) == pytest.approx(rate)
