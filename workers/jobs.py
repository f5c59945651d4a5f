"""What RQ calls, by name: one job, which carries nothing and drains whatever SQL says is due."""

from __future__ import annotations

import time
from datetime import timedelta
from functools import cache

from core.failpoints import Failpoint
from schemas.settings import Settings
from store.failpoints import reach
from workers.runtime import Runtime
from workers.stopping import StopFlag

#: After this long the worker goes back to RQ, so that it is seen to be alive, and rings for the rest.
BUDGET = timedelta(minutes=1)

#: Set when this process is told to stop; a signal belongs to a process, so there is one flag for it.
stop = StopFlag()


@cache
def runtime() -> Runtime:
    """Return what the jobs of this process work with, built on first use inside it."""
    return Runtime.from_settings(Settings.from_env(require=("TELNYX_API_KEY",)))


def drain() -> None:
    """Do all that is due. Raises StoreUnavailable when the database is away: the next drain goes on."""
    ours = runtime()
    reach(Failpoint.C1)
    ours.bell.silence()
    started_at = time.monotonic()
    ours.drain.run(budget=BUDGET, should_stop=stop)
    if time.monotonic() - started_at >= BUDGET.total_seconds():
        ours.bell.ring()
