"""Failing on purpose, where a test asks for it: off, and next to free, unless a plan is armed.

Every process arms from its settings (``FAILPOINT``), where it is put together.
"""

from __future__ import annotations

import os
import signal
import threading
import time
from contextlib import suppress

from core.failpoints import Failpoint, Fault, Plan

_STDERR = 2


class Planned(Exception):
    """The failure that was asked for."""


_armed: Plan | None = None


def arm(plan: Plan | None) -> None:
    """Fail as planned from now on, in this process and those it forks; None fails nowhere."""
    global _armed  # noqa: PLW0603 - a fault concerns the process, however deep the place where it strikes
    _armed = plan


def reach(failpoint: Failpoint) -> None:
    """Fail here, if this is the place that was asked for."""
    if _armed is not None and _armed.failpoint is failpoint:
        _fail(_armed)


def _fail(plan: Plan) -> None:
    # Straight to stderr: a logger may not have written before the process is gone.
    with suppress(OSError):
        os.write(_STDERR, f"failpoint {plan.failpoint} strikes: {plan.fault}\n".encode("ascii"))
    match plan.fault:
        case Fault.KILL:
            os.kill(os.getpid(), signal.SIGKILL)
        case Fault.RAISE:
            raise Planned(plan.failpoint)
        case Fault.HANG:
            threading.Event().wait()
        case Fault.SLEEP:
            time.sleep(plan.seconds)
