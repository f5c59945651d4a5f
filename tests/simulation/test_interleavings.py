"""Whatever comes before or between whatever else: nobody who said STOP is sent what could still be taken back."""

from __future__ import annotations

import gc
import time

import pytest

from tests.simulation.interleavings import Outcome, drawn, play, shrunk
from tests.simulation.world import World

_DEFAULT = 200
#: A world becomes slower with all that it remembers.
_AT_ONCE = 100


@pytest.mark.timeout(36_000)
def test_interleavings_send_nothing_that_could_have_been_cancelled(installation, chosen, capsys):
    first, number = chosen("seed", 1) * 1_000_000, chosen("examples", _DEFAULT)

    def outcome_of(world: World, seed: int, steps) -> Outcome:
        outcome = play(world, steps, number=seed % 10_000_000)
        if outcome.sent or outcome.cancelled_for_nothing:
            failing = shrunk(lambda fewer: bool(_alone(installation, seed, fewer)), steps)
            world = World(*installation)
            play(world, failing, number=seed % 10_000_000)
            pytest.fail(f"interleaving {seed} ends wrong: {outcome}\nsteps: {failing}\n" + "\n".join(world.trace))
        return outcome

    total, began = Outcome(), time.perf_counter()
    gc.freeze()
    for start in range(first, first + number, _AT_ONCE):
        world = World(*installation)
        for seed in range(start, min(start + _AT_ONCE, first + number)):
            total.add(outcome_of(world, seed, drawn(seed)))
        world.close()
    took = time.perf_counter() - began
    with capsys.disabled():
        told = f"{number} interleavings, {total.messages} messages, {total.crashes} crashes"
        print(f"\n{told}: {total.cancelled} cancelled, {len(total.sent)} sent that could have been; {took:.0f} s")  # noqa: T201 - a run prints its figures


def _alone(installation, seed: int, steps) -> bool:
    world = World(*installation)
    outcome = play(world, steps, number=seed % 10_000_000)
    world.close()
    return bool(outcome.sent or outcome.cancelled_for_nothing)
