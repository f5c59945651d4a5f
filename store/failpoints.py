"""Failing on purpose, where a test asks for it: off, and next to free, unless a plan is armed.

Every process arms from its settings (``FAILPOINT``), where it is put together.
"""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable
from contextlib import suppress

from core.failpoints import Failpoint, Fault, Plan

_STDERR = 2


class Planned(Exception):
    """The failure that was asked for."""


def _end_process() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


_armed: Plan | None = None
_kill: Callable[[], object] = _end_process


def arm(plan: Plan | None, *, kill: Callable[[], object] = _end_process) -> None:
    """Fail as planned from now on, in this process and those it forks; None fails nowhere.

    ``kill`` is how a process ends, where several are played by one.
    """
    global _armed, _kill
    _armed, _kill = plan, kill


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
            _kill()
        case Fault.RAISE:
            raise Planned(plan.failpoint)
        case Fault.HANG:
            threading.Event().wait()
        case Fault.SLEEP:
            time.sleep(plan.seconds)
