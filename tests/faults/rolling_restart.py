"""A new release every few seconds, under load: no request is refused, and no event applied twice or not at all."""

from __future__ import annotations

import os
import signal
import time

from tests.faults import checks
from tests.faults.figures import Figure, safety, timing, told
from tests.faults.phases import Phases
from tests.faults.world import Setting, World, running

_RATE = 300.0
_EVERY = 4.0
_P99_MS = 500.0


class _Deploying:
    """Restarts what a deployment restarts: the web processes by HUP, worker and sweeper by SIGTERM."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._due_at = 0.0
        self.times = 0

    def __call__(self) -> None:
        if time.monotonic() < self._due_at:
            return
        self._due_at = time.monotonic() + _EVERY
        self.times += 1
        for name, kept in self._world.fleet.of.items():
            process = kept.process
            if process is not None and process.poll() is None:
                os.kill(process.pid, signal.SIGHUP if name in {"web", "failover"} else signal.SIGTERM)


def run(setting: Setting) -> list[Figure]:
    """Load through many restarts."""
    seconds = setting.scaled("seconds", short=12, full=60)
    with running(setting) as world:
        phases = Phases(world, rate=_RATE, seconds=seconds)
        phases.warm_up()
        deploying = _Deploying(world)
        phase = phases.under("deployed", during=deploying, after=2.0)
        took = phase.latency()
        return [
            told("deployments", deploying.times),
            told("attempts", len(phase.attempts)),
            safety("answers but 200", phase.refused() + phase.refused("failover"), at_most=0),
            told("p50 ms", took.p50),
            timing("p99 ms", took.p99, at_most=_P99_MS),
            *checks.everything(world, phases.promised()),
        ]
