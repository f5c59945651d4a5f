"""strace on processes that run already: what they write, and faults put into their system calls."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from tests.faults.figures import Failed

_ATTACH_SECONDS = 20.0


class CannotTrace(Exception):
    """This machine lets us trace nothing; the message says why."""


def require_strace() -> str:
    """Return the program. Raises CannotTrace when there is none, or it may trace nothing."""
    found = shutil.which("strace")
    if found is None:
        raise CannotTrace("strace is not installed")
    tried = subprocess.run([found, "-qq", "-o", os.devnull, "true"], capture_output=True, text=True, check=False)
    if tried.returncode:
        raise CannotTrace(tried.stderr.strip().splitlines()[0] if tried.stderr.strip() else "strace does not work")
    return found


@contextmanager
def writes_of(pids: Collection[int], record: Path, *, failing: str | None = None) -> Iterator[None]:
    """Write down, in one order for all these processes and their threads, what they write, sync and answer.

    ``failing`` makes calls fail, such as ``fdatasync:error=EIO:when=3``: the third of each thread, and ``3+`` those
    after it as well.
    """
    calls = "trace=write,writev,pwrite64,pwritev,pwritev2,fdatasync,fsync,sendto,sendmsg"
    injected = ["-e", f"inject={failing}"] if failing else []
    # With -yy each descriptor comes with its file, or with the two ends of its connection.
    with _attached(["-yy", "-s", "65536", "-e", calls, *injected, "-o", str(record)], pids):
        yield


@contextmanager
def _attached(options: Sequence[str], pids: Collection[int]) -> Iterator[None]:
    chosen = [part for pid in pids for part in ("-p", str(pid))]
    tracer = subprocess.Popen(
        [require_strace(), "-f", "-q", *options, *chosen],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        _wait_until_attached(tracer, pids)
        yield
    finally:
        with suppress(ProcessLookupError):
            tracer.send_signal(signal.SIGTERM)
        try:
            tracer.communicate(timeout=30)
        except subprocess.TimeoutExpired:
            tracer.kill()
            tracer.communicate()


def _wait_until_attached(tracer: subprocess.Popen[str], pids: Collection[int]) -> None:
    until = time.monotonic() + _ATTACH_SECONDS
    while not all(_is_traced_by(tracer.pid, pid) for pid in pids):
        if tracer.poll() is not None:
            assert tracer.stderr is not None
            raise CannotTrace(tracer.stderr.read().strip() or "strace ended")
        if time.monotonic() > until:
            raise Failed(f"strace is not attached after {_ATTACH_SECONDS:g} s")
        time.sleep(0.02)


def _is_traced_by(tracer: int, pid: int) -> bool:
    """Return True when every thread of the process is held by this tracer, or has ended."""
    statuses = []
    for status in Path(f"/proc/{pid}/task").glob("*/status"):
        with suppress(OSError):
            statuses.append(status.read_text())
    return all(f"TracerPid:\t{tracer}\n" in status for status in statuses)
