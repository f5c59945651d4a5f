"""The disk reports errors, at each write and each sync in turn: never a 200 that is not true, and on it goes.

As SQLite's own tests do: the n-th call fails, for n = 1, 2, 3 and so on, and after that all calls from the first on.
"""

from __future__ import annotations

import itertools
import random
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

from tests.faults import deliveries, events, spooled, strace_order, tracing
from tests.faults.checks import statuses_of
from tests.faults.deliveries import Delivered
from tests.faults.figures import Failed, Figure, safety, timing, told
from tests.faults.tracing import CannotTrace
from tests.faults.world import Setting, World, running

_SYNCS, _WRITES = 8, 16
_EVENTS = 5
_RECOVERY_SECONDS = 10.0


@dataclass(slots=True)
class _Seen:
    """What came of all rounds at one receiver."""

    rounds: int = 0
    struck: int = 0
    """Rounds in which at least one event was not accepted."""
    acked: list[str] = field(default_factory=list)
    refused: int = 0
    too_early: int = 0
    slowest: float = 0.0
    slowest_recovery: float = 0.0


def run(setting: Setting) -> list[Figure]:
    """Let the disk fail under each receiver, restart everything, and look for what was answered 200."""
    try:
        tracing.require_strace()
        with running(setting, workers=0) as world:
            seen = {name: _rounds(world, name) for name in ("web", "failover")}
            world.fleet.take_down()
            return [figure for name, each in seen.items() for figure in _figures(world, name, each)]
    except CannotTrace as error:
        return [told("SKIPPED, nothing is shown", str(error))]


def _rounds(world: World, receiver: str) -> _Seen:
    seen = _Seen()
    chance = random.Random(world.setting.seed)
    port = world.fleet.of[receiver].port
    assert port is not None
    for fault in _faults():
        record = world.folder / "record.strace"
        with tracing.writes_of(world.fleet.of[receiver].pids(), record, failing=fault):
            delivered = [deliveries.deliver(events.finalized(chance), port, receiver) for _ in range(_EVENTS)]
        acked = {each.event_id: each.port for each in delivered if each.is_acked}
        found = strace_order.order(record, acked)
        seen.rounds += 1
        seen.struck += len(acked) < _EVENTS
        seen.refused += _EVENTS - len(acked)
        seen.too_early += len(found.too_early) + len(found.unseen)
        seen.slowest = max([seen.slowest, *(each.seconds for each in delivered)])
        began = time.monotonic()
        seen.acked += [*acked, _recovered(chance, port, receiver).event_id]
        seen.slowest_recovery = max(seen.slowest_recovery, time.monotonic() - began)
    return seen


def _faults() -> Iterator[str]:
    for n in itertools.chain(range(1, _SYNCS + 1), ["1+"]):
        yield f"fdatasync:error=EIO:when={n}"
    for error in ("ENOSPC", "EIO"):
        for n in itertools.chain(range(1, _WRITES + 1), ["1+"]):
            yield f"pwrite64:error={error}:when={n}"


def _recovered(chance: random.Random, port: int, receiver: str) -> Delivered:
    """Deliver until it is accepted again. Raises Failed when it never is."""
    until = time.monotonic() + _RECOVERY_SECONDS
    while time.monotonic() < until:
        delivered = deliveries.deliver(events.finalized(chance), port, receiver)
        if delivered.is_acked:
            return delivered
        time.sleep(0.05)
    raise Failed(f"{receiver} accepts nothing {_RECOVERY_SECONDS:g} s after the last error")


def _figures(world: World, receiver: str, seen: _Seen) -> list[Figure]:
    if receiver == "web":
        lost, file = statuses_of(world.database, seen.acked)["missing"], Path(str(world.database.url.database))
    else:
        lost, file = len(set(seen.acked) - spooled.event_ids(world.spool)), world.spool
    return [
        told(f"{receiver}: rounds", seen.rounds),
        safety(f"{receiver}: rounds in which an error struck", seen.struck, at_least=_SYNCS),
        told(f"{receiver}: events refused", seen.refused),
        safety(f"{receiver}: answered 200 without a good sync", seen.too_early, at_most=0),
        safety(f"{receiver}: acknowledged and lost", lost, at_most=0),
        safety(f"{receiver}: database in order afterwards", _is_whole(file), at_least=1),
        timing(f"{receiver}: slowest answer, s", seen.slowest, at_most=1.5),
        timing(f"{receiver}: accepted again after, s", seen.slowest_recovery, at_most=5),
        told(f"{receiver}: processes replaced", world.fleet.of[receiver].restarts),
    ]


def _is_whole(file: Path) -> int:
    with closing(sqlite3.connect(file)) as connection:
        return int(connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)])
