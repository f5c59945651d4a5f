"""Reconciling on a schedule, in a thread of its own beside the sweeps, which must not wait for it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import timedelta

import structlog

from core.errors import StoreUnavailable
from workers.reconciling import Reconciler, Reconciliation
from workers.stopping import StopFlag

log = structlog.get_logger()

#: How often it looks whether a run is due: any process may have made the last one.
_LOOK_AGAIN = timedelta(seconds=5)
#: How long an end waits for the run under way; what it did not come to is for the next run.
_PATIENCE = timedelta(seconds=2)


@dataclass(frozen=True, slots=True)
class Schedule:
    """Reconciles every so often, one process of all at a time."""

    reconciler: Reconciler
    every: timedelta
    stop: StopFlag

    @contextmanager
    def beside(self) -> Iterator[None]:
        """Keep to the schedule while the block runs."""
        thread = threading.Thread(target=self.run, name="reconciling", daemon=True)
        thread.start()
        yield
        thread.join(_PATIENCE.total_seconds())
        if not thread.is_alive():
            self.reconciler.close()

    def run(self) -> None:
        """Reconcile whenever it is due, until stopped."""
        while not self.stop():
            self.look()
            self.stop.wait(_LOOK_AGAIN.total_seconds())

    def look(self) -> bool:
        """Reconcile if it is due, and return whether a run was made to its end; nothing is raised."""
        try:
            ran = self.reconciler.run_if_due(self.every)
        except StoreUnavailable as error:
            log.warning("reconciling_waits", reason=str(error))
            return False
        except Exception:
            log.exception("reconciling_failed")
            return False
        if ran is not None:
            _tell(ran)
        return ran is not None


def _tell(ran: Reconciliation) -> None:
    counts = {name.value: asdict(tally) for name, tally in ran.tallies.items() if tally.reported}
    if ran.errors:
        log.error("reconciliation_incomplete", errors=ran.errors, **counts)
    else:
        log.info("reconciled", completeness=ran.completeness, **counts)
