"""What goes wrong."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from hypothesis import strategies as st
from hypothesis.stateful import initialize, rule

from core.failpoints import Failpoint, Fault
from tests.simulation.bell import Redis
from tests.simulation.telnyx import Mood

if TYPE_CHECKING:
    from tests.simulation.world import World

_ROLES = ["primary", "failover", "worker", "sweeper"]


class Trouble:
    """Crashes, and faults of all that we stand on."""

    world: World

    @initialize(seconds=st.sampled_from([0, 0, 0, 0, 20, -20, 250, -250, 600, -600]))
    def clock_at_first(self, seconds: int) -> None:
        self.world.clock.skew = timedelta(seconds=seconds)

    @rule(failpoint=st.sampled_from(Failpoint), fault=st.sampled_from([Fault.KILL, Fault.KILL, Fault.RAISE]))
    def crash(self, failpoint: Failpoint, fault: Fault) -> None:
        self.world.fail_at(failpoint, fault)

    @rule(role=st.sampled_from(_ROLES), what=st.sampled_from(["restarts", "restarts", "down", "up", "up"]))
    def stop(self, role: str, what: str) -> None:
        if what == "restarts":
            self.world.die(role)
        else:
            self.world.set_down(role, is_down=what == "down")

    @rule(redis=st.sampled_from([*Redis, "flushed", "line breaks"]))
    def network(self, redis: Redis | str) -> None:
        """Redis, and the line from the failover to the primary."""
        self.world.tell(f"Redis is {redis}")
        if isinstance(redis, Redis):
            self.world.bell.redis = redis
        elif redis == "flushed":
            self.world.bell.flush()
        else:
            self.world.line.lost_answers = 1

    @rule(is_down=st.sampled_from([True, False, False]), lost_commits=st.integers(0, 2))
    def sql(self, lost_commits: int, *, is_down: bool) -> None:
        self.world.tell(f"SQL is {'down' if is_down else 'up'}, and loses {lost_commits} answers")
        self.world.stores.sql.is_down, self.world.stores.sql.lost_commits = is_down, lost_commits

    @rule(mood=st.sampled_from([Mood.OK, *Mood]), times=st.sampled_from([1, 2, 5, None]))
    def telnyx_answers(self, mood: Mood, times: int | None) -> None:
        self.world.tell(f"Telnyx answers {mood}, {times or 'many'} times")
        self.world.telnyx.mood, self.world.telnyx.bad_answers = mood, times

    @rule(seconds=st.sampled_from([0, 0, 20, -20, 240, -240, 600, -600]))
    def clock(self, seconds: int) -> None:
        self.world.set_clock(timedelta(seconds=seconds))
