"""A thousand senders who never finish their requests: everybody else is answered as if they were not there."""

from __future__ import annotations

import resource
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from tests.faults import checks, loads, nginx
from tests.faults.book import Book, read
from tests.faults.events import Kind
from tests.faults.figures import Figure, safety, timing, told
from tests.faults.fleet import ROOT
from tests.faults.loads import RunningLoad
from tests.faults.phases import together
from tests.faults.world import Setting, World, running

_SENDERS = 1000
_RATE = 50.0
_P99_MS = 500.0


def run(setting: Setting) -> list[Figure]:
    """Load beside the slow senders: straight at the shipped server, and behind the shipped proxy where there is one."""
    seconds = setting.scaled("seconds", short=8, full=60)
    allowed, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(allowed, min(2 * _SENDERS, most)), most))
    with running(setting) as world:
        figures, straight = _beside(world, "straight", world.fleet.port, seconds)
        books = [straight]
        if nginx.is_there():
            with nginx.before(world.fleet.port, world.folder) as port:
                more, behind = _beside(world, "behind nginx", port, seconds)
            figures += more
            books.append(behind)
        else:
            figures.append(told("behind nginx", "skipped: there is no nginx on this machine"))
        return [*figures, *checks.everything(world, together(books))]


def _beside(world: World, name: str, port: int, seconds: float) -> tuple[list[Figure], Book]:
    """Return what one load saw while slow senders hold on to the same port, and what it was promised."""
    with _dripping(port):
        load = world.load(
            name.replace(" ", "-"),
            seed=world.setting.seed + port,
            first_person=port * 1000,
            primary_port=port,
            failover_port=None,
            rate=_RATE,
            seconds=seconds,
        )
        with RunningLoad(load) as loaded:
            seen = [attempt for attempt in loaded.wait() if attempt.kind != Kind.FORGED]
    took = loads.latency(seen)
    return [
        told(f"{name}: slow senders", _SENDERS),
        told(f"{name}: p50 ms", took.p50),
        timing(f"{name}: p99 ms", took.p99, at_most=_P99_MS),
        told(f"{name}: slowest ms", took.most),
        safety(f"{name}: answers but 200", sum(attempt.status != 200 for attempt in seen), at_most=0),
    ], read(load.book)


@contextmanager
def _dripping(port: int) -> Iterator[None]:
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.faults.dripping", str(port), str(_SENDERS)], cwd=ROOT, stdout=subprocess.PIPE
    )
    assert process.stdout is not None
    try:
        while int(process.stdout.readline().split()[0]) < _SENDERS:
            pass
        time.sleep(1)
        yield
    finally:
        process.kill()
        process.wait()
