"""One process after the other restarted, under load: no request is refused, no event applied twice or not at all."""

from __future__ import annotations

import itertools
import os
import signal
import time

from tests.faults import checks
from tests.faults.figures import Figure, safety, timing, told
from tests.faults.phases import Phases
from tests.faults.world import Setting, World, running

_RATE = 300.0
_EVERY = 3.0
_P99_MS = 500.0


class _Deploying:
    """Restarts what a deployment restarts, in turn: the web processes by HUP, workers and sweeper by SIGTERM."""

    def __init__(self, world: World) -> None:
        self._kept = itertools.cycle(world.fleet.of.values())
        self._due_at = 0.0
        self.times = 0

    def __call__(self) -> None:
        if time.monotonic() < self._due_at:
            return
        self._due_at = time.monotonic() + _EVERY
        kept = next(self._kept)
        if kept.process is not None and kept.process.poll() is None:
            os.kill(kept.process.pid, signal.SIGTERM if kept.port is None else signal.SIGHUP)
            self.times += 1


def run(setting: Setting) -> list[Figure]:
    """Load through many restarts."""
    seconds = setting.scaled("seconds", short=18, full=60)
    with running(setting) as world:
        phases = Phases(world, rate=_RATE, seconds=seconds)
        phases.warm_up()
        deploying = _Deploying(world)
        phase = phases.under("deployed", during=deploying, after=2.0)
        took = phase.latency()
        return [
            told("restarts", deploying.times),
            told("attempts", len(phase.attempts)),
            safety("answers but 200", phase.refused() + phase.refused("failover"), at_most=0),
            told("p50 ms", took.p50),
            timing("p99 ms", took.p99, at_most=_P99_MS),
            *checks.everything(world, phases.promised()),
        ]
