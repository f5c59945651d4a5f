"""How long a round waits for an answer before it looks for work again."""

from __future__ import annotations

from datetime import timedelta
from types import SimpleNamespace

import pytest

from tests.reports import NOW
from workers.cancelling import Pumped
from workers.draining import Drain

USUAL = timedelta(milliseconds=50)


class FakeCanceller:
    """Has one request under way, until somebody waits for its answer."""

    def __init__(self, next_due_at) -> None:
        self.next_due_at = next_due_at
        self.waits: list[timedelta] = []

    def pump(self) -> Pumped:
        return Pumped(
            in_flight=0 if self.waits else 1, finished=0, next_due_at=None if self.waits else self.next_due_at
        )

    def wait(self, timeout: timedelta) -> None:
        self.waits.append(timeout)


@pytest.mark.parametrize(
    ("left", "waits"),
    [
        pytest.param(timedelta(milliseconds=12), timedelta(milliseconds=12), id="the pace lets one leave sooner"),
        pytest.param(timedelta(seconds=3), USUAL, id="the next is due later"),
        pytest.param(timedelta(), USUAL, id="what is due waits for a slot"),
        pytest.param(-timedelta(minutes=1), USUAL, id="and has for long"),
        pytest.param(None, USUAL, id="nothing else is under way"),
    ],
)
def test_answer_is_waited_for_until_the_next_request_may_leave(left, waits):
    canceller = FakeCanceller(None if left is None else NOW + left)
    idle = SimpleNamespace(apply=lambda: 0, batch=200, review=lambda _limit: False)
    Drain(applier=idle, reviewer=idle, canceller=canceller, ring=lambda: None, now=lambda: NOW).run()
    assert canceller.waits == [waits]
