"""Redis refused, hung, slow and emptied: Telnyx's answers are as fast as ever, and the work is done all the same."""

from __future__ import annotations

import time
from collections.abc import Callable

from tests.faults import checks
from tests.faults.figures import Figure, timing, told
from tests.faults.phases import Phase, Phases
from tests.faults.proxy import Mode
from tests.faults.world import Setting, World, running

_RATE = 100.0
_FLUSH_EVERY = 0.5
_SLOW = 0.5
_P99_MS, _MOST_MS = 250.0, 1000.0
#: How much slower than with a healthy Redis half of the answers may be.
_SLOWER = 1.1
_DONE_SECONDS = 15.0


def run(setting: Setting) -> list[Figure]:
    """Load through each fault; the backlog is to be worked off while the fault still lasts."""
    seconds = setting.scaled("seconds", short=6, full=60)
    with running(setting, redis_proxy=True) as world:
        assert world.redis_proxy is not None
        proxy = world.redis_proxy
        phases = Phases(world, rate=_RATE, seconds=seconds)
        phases.warm_up()
        healthy = phases.under("healthy")
        figures = _told(healthy, healthy)
        figures.append(timing("healthy: seconds until all was done", checks.come_to_rest(world), at_most=_DONE_SECONDS))
        faults: dict[str, tuple[Callable[[], None], Callable[[], None]]] = {
            "refused": (lambda: proxy.set(Mode.REFUSE), lambda: proxy.set(Mode.PASS)),
            "hung": (world.redis.pause, world.redis.resume),
            "slow": (lambda: proxy.set(Mode.DELAY, seconds=_SLOW), lambda: proxy.set(Mode.PASS)),
        }
        for name, (begin, heal) in faults.items():
            phase = phases.under(name, begin)
            figures += _told(phase, healthy)
            done = checks.come_to_rest(world)
            heal()
            figures.append(timing(f"{name}: seconds until all was done", done, at_most=_DONE_SECONDS))
        phase = phases.under("emptied", during=_Flushing(world))
        figures += [*_told(phase, healthy), *checks.everything(world, phases.promised())]
        return figures


def _told(phase: Phase, healthy: Phase) -> list[Figure]:
    took, usual = phase.latency(), healthy.latency()
    return [
        told(f"{phase.name}: p50 ms", took.p50)
        if phase is healthy
        else timing(f"{phase.name}: p50 ms", took.p50, at_most=usual.p50 * _SLOWER),
        timing(f"{phase.name}: p99 ms", took.p99, at_most=_P99_MS),
        timing(f"{phase.name}: slowest ms", took.most, at_most=_MOST_MS),
        told(f"{phase.name}: client late ms", phase.late_ms),
        timing(f"{phase.name}: answers but 200", phase.refused(), at_most=0),
    ]


class _Flushing:
    """Empties Redis twice a second."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._due_at = 0.0

    def __call__(self) -> None:
        if time.monotonic() >= self._due_at:
            self._due_at = time.monotonic() + _FLUSH_EVERY
            self._world.redis.flush()
