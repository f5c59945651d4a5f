"""Durations as they are written in the file of policies."""

from datetime import timedelta

import pytest

from core.durations import written


@pytest.mark.parametrize(
    ("duration", "told"),
    [
        pytest.param(timedelta(hours=72), "3d", id="whole days"),
        pytest.param(timedelta(hours=36), "36h", id="whole hours"),
        pytest.param(timedelta(minutes=90), "90m", id="whole minutes"),
        pytest.param(timedelta(minutes=90, seconds=1), "5401s", id="seconds"),
    ],
)
def test_duration_is_a_number_of_its_largest_whole_unit(duration, told):
    assert written(duration) == told
