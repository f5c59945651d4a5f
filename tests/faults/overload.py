"""More than the database can commit: what is taken is answered in time, what is not is sent away at once."""

from __future__ import annotations

from tests.faults import checks, loads
from tests.faults.figures import Figure, timing, told
from tests.faults.phases import Phases
from tests.faults.proxy import Mode
from tests.faults.world import Setting, running

#: A commit takes several journeys to the server, each so much longer: some two hundred events a second are left.
_FAR = 0.06
_RATE = 500.0
_LATE_MS = 2000.0
_REFUSED_P50_MS = 200.0


def run(setting: Setting) -> list[Figure]:
    """Load at twice what a far-away database commits, as after an outage of Telnyx's."""
    seconds = setting.scaled("seconds", short=10, full=30)
    with running(setting, sql_proxy=True) as world:
        assert world.sql_proxy is not None
        proxy = world.sql_proxy
        phases = Phases(world, rate=_RATE, seconds=seconds)
        phases.warm_up()
        phase = phases.under("overload", lambda: proxy.set(Mode.DELAY, seconds=_FAR), lambda: proxy.set(Mode.PASS))
        taken = [attempt for attempt in phase.to("primary") if attempt.status == 200]
        refused = [attempt for attempt in phase.to("primary") if attempt.status == 503]
        return [
            told("answers 200 of the primary", len(taken)),
            told("answers 503 of the primary", len(refused)),
            told("200: p99 ms", loads.latency(taken).p99),
            timing("200 that came too late", sum(each.ms >= _LATE_MS for each in taken), at_most=0),
            timing("503: p50 ms", loads.latency(refused).p50, at_most=_REFUSED_P50_MS),
            timing("no answer at all", phase.unanswered(), at_most=0),
            timing("given up: refused six times", phase.given_up, at_most=0),
            *checks.everything(world, phases.promised()),
        ]
