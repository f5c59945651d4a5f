"""Child processes that never outlive us, whatever happens to us."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import IO

_GUARD = Path(__file__).with_name("guard.py")
#: How long a child may take to finish: the server gives its calls through the door most of it.
GRACE = timedelta(seconds=30)


class Process:
    """A command running under a guard, which ends it, and all that it started, when we end.

    The guard is told by a pipe, so this holds on Linux and macOS alike, and for SIGKILL too.
    """

    def __init__(
        self,
        command: Sequence[str],
        *,
        environ: Mapping[str, str] | None = None,
        output: int | IO[bytes] | None = None,
        grace: timedelta = GRACE,
    ) -> None:
        """Start the command; what it prints goes to ``output``, or with ``subprocess.PIPE`` into ``self.output``."""
        self._grace = grace
        self._guard = subprocess.Popen(  # noqa: S603 - the commands are our own
            [sys.executable, "-I", "-S", str(_GUARD), str(grace.total_seconds()), *command],
            env=environ,
            stdin=subprocess.PIPE,
            stdout=output,
            stderr=subprocess.STDOUT if output is not None else None,
            start_new_session=True,
        )
        self.output = self._guard.stdout

    def poll(self) -> int | None:
        """Return the exit status, or None while it runs."""
        return self._guard.poll()

    def ask_to_stop(self) -> None:
        """Let go of the pipe: the command gets SIGTERM. Return at once."""
        if self._guard.stdin is not None:
            with suppress(OSError):
                self._guard.stdin.close()

    def wait_for_end(self) -> int:
        """Let go, wait until the command and all that it started is gone, and return the exit status."""
        self.ask_to_stop()
        return self._guard.wait(self._grace.total_seconds() + 10)

    def close(self) -> None:
        """Close our end of its output."""
        if self.output is not None:
            self.output.close()

    def stop(self) -> int:
        """End the command, and return its exit status when nothing of it is left."""
        status = self.wait_for_end()
        self.close()
        return status
