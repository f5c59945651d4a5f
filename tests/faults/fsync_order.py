"""Nothing is answered 200 before it is on disk, shown by the order of system calls; and the proof can fail."""

from __future__ import annotations

import dataclasses
import itertools
import random

from tests.faults import deliveries, events, strace_order, tracing
from tests.faults.figures import Figure, safety, told
from tests.faults.fleet import ROOT
from tests.faults.planting import root_with
from tests.faults.strace_order import Order
from tests.faults.tracing import CannotTrace
from tests.faults.world import Setting, World, running

_RECEIVERS = ("web", "failover")


def run(setting: Setting) -> list[Figure]:
    """Trace each receiver while it takes events, then do so again where SQLite was told not to sync."""
    count = int(setting.scaled("events", short=150, full=1_000))
    try:
        tracing.require_strace()
        with running(setting) as world:
            figures = [each for receiver in _RECEIVERS for each in _shown(receiver, observed(world, receiver, count))]
        figures += _planted(setting, count)
    except CannotTrace as error:
        return [told("SKIPPED, nothing is shown", str(error))]
    return figures


def observed(world: World, receiver: str, count: int) -> Order:
    """Send events to a receiver that is being traced, together with the database server if there is one."""
    chance = random.Random(world.setting.seed)
    errands = itertools.islice(iter(lambda: events.finalized(chance), None), count)
    pids = world.fleet.of[receiver].pids()
    if receiver == "web" and world.postgresql is not None:
        pids += world.postgresql.pids
    record = world.folder / f"{receiver}.strace"
    port = world.fleet.of[receiver].port
    assert port is not None
    with tracing.writes_of(pids, record):
        delivered = deliveries.deliver_all(errands, port, receiver)
    return strace_order.order(record, {each.event_id: each.port for each in delivered if each.status == 200})


def _shown(receiver: str, found: Order) -> list[Figure]:
    return [
        safety(f"{receiver}: on disk, then answered 200", found.proven, at_least=1),
        safety(f"{receiver}: answered 200 too early", len(found.too_early), at_most=0),
        safety(f"{receiver}: answered 200, not seen in the record", len(found.unseen), at_most=0),
        told(f"{receiver}: syncs of the log", found.syncs),
    ]


def _planted(setting: Setting, count: int) -> list[Figure]:
    """The same where the database does not wait for the disk: a proof that cannot fail would prove nothing."""
    elsewhere = dataclasses.replace(setting, folder=setting.folder / "planted")
    root, settings, receivers = ROOT, {"synchronous_commit": "off"}, ("web",)
    if setting.database == "sqlite":
        root, settings = root_with("sqlite_not_synced", setting.folder / "planted-source"), {}
        receivers = _RECEIVERS
    with running(elsewhere, root=root, sql_settings=settings) as world:
        found = {receiver: observed(world, receiver, count) for receiver in receivers}
    return [
        safety(f"{receiver}, database told not to sync: found too early", len(order.too_early), at_least=1)
        for receiver, order in found.items()
    ]
