"""Run one command, and see to it that it ends: ``python -I -S guard.py GRACE COMMAND…``.

It stands between ``rescind up`` and a child. Its standard input is a pipe that the parent holds
open and never writes to. When the pipe ends, because the parent closed it, crashed or was killed,
the command gets SIGTERM, and after GRACE seconds whatever is left of its process group is killed.
Only the standard library is imported: it has to start fast and stay small.
"""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import suppress

_PARENT = 0


def main(arguments: Sequence[str]) -> int:
    """Run the command to its end and return its exit status, 128 + the number when a signal ended it."""
    grace, *command = arguments
    woken, waker = os.pipe()
    os.set_blocking(waker, False)
    signal.set_wakeup_fd(waker, warn_on_full_buffer=False)
    stopping = False

    def stop(*_: object) -> None:
        nonlocal stopping
        stopping = True

    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    try:
        child = subprocess.Popen(command, stdin=subprocess.DEVNULL, process_group=0)  # noqa: S603 - the parent's own
    except OSError as error:
        sys.stderr.write(f"{command[0]} cannot be started: {error.strerror}\n")
        return 127
    kill_at: float | None = None
    watched = [_PARENT, woken]
    while child.poll() is None:
        if stopping and kill_at is None:
            kill_at = time.monotonic() + float(grace)
            child.terminate()
        if kill_at is not None and time.monotonic() >= kill_at:
            break
        ready, _, _ = select.select(watched, [], [], None if kill_at is None else max(0.0, kill_at - time.monotonic()))
        if woken in ready:
            os.read(woken, 64)
        if _PARENT in ready and not os.read(_PARENT, 64):
            watched.remove(_PARENT)
            stopping = True
    # What the command started itself is in its group, and goes with it.
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(child.pid, signal.SIGKILL)
    status = child.wait()
    return status if status >= 0 else 128 - status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
