"""How fast an event is acknowledged when nothing is wrong."""

from __future__ import annotations

from tests.faults import checks
from tests.faults.figures import Figure, timing, told
from tests.faults.phases import Phases
from tests.faults.world import Setting, running

#: Events a second, and the milliseconds within which 99 of 100 are to be acknowledged.
_TARGETS = {100: 100.0, 300: 250.0}


def run(setting: Setting) -> list[Figure]:
    """Load at two rates."""
    seconds = setting.scaled("seconds", short=8, full=60)
    figures: list[Figure] = []
    with running(setting) as world:
        phases = Phases(world, rate=0, seconds=seconds)
        phases.warm_up()
        for rate, p99 in _TARGETS.items():
            phase = phases.under(f"{rate}/s", rate=rate)
            took = phase.latency()
            figures += [
                told(f"{rate}/s: p50 ms", took.p50),
                timing(f"{rate}/s: p99 ms", took.p99, at_most=p99),
                told(f"{rate}/s: slowest ms", took.most),
                told(f"{rate}/s: client late ms", phase.late_ms),
                timing(f"{rate}/s: answers but 200", phase.refused(), at_most=0),
                timing(f"{rate}/s: seconds until all was done", checks.come_to_rest(world), at_most=10),
            ]
        lost = checks.durable(world, phases.promised())
        return [*figures, lost, *checks.once(world), *checks.told_truly(world, phases.promised())]
