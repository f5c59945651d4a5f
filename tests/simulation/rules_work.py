"""What our processes do, a whole turn or a single step at a time, and how time passes meanwhile."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from hypothesis import strategies as st
from hypothesis.stateful import rule

from tests.simulation import living

if TYPE_CHECKING:
    from tests.simulation.world import World

_SECONDS = [1, 3, 6, 31, 61, 96, 200, 660, 3600, 12 * 3600]


class Work:
    """Workers, sweeper, hand-over, reconciling, time."""

    world: World

    @rule()
    def work(self) -> None:
        self.world.work()

    @rule()
    def sweep(self) -> None:
        self.world.sweep()

    @rule(role=st.sampled_from(["worker", "sweeper"]), name=st.sampled_from(["apply", "review", "pump", "answer"]))
    def step(self, role: str, name: str) -> None:
        self.world.step(role, name)

    @rule()
    def hand_over(self) -> None:
        self.world.hand_over()

    @rule()
    def reconcile(self) -> None:
        self.world.reconcile()

    @rule(seconds=st.sampled_from(_SECONDS))
    def advance(self, seconds: int) -> None:
        self.world.advance(timedelta(seconds=seconds))

    @rule(seconds=st.sampled_from(_SECONDS))
    def live(self, seconds: int) -> None:
        living.live(self.world, timedelta(seconds=seconds))
