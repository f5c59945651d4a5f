"""Checks that find acknowledged events gone, doubled or left lying; each returns what it found, or None."""

from __future__ import annotations

import itertools
import random
import time
from collections.abc import Iterator

import sqlalchemy as sa

from core.inbox import InboxStatus
from store import tables
from tests.faults import book, checks, deliveries, events, fsync_order
from tests.faults.book import Book, Entry
from tests.faults.deliveries import Delivered
from tests.faults.events import Errand
from tests.faults.figures import Failed, Figure, Verdict
from tests.faults.loads import RunningLoad
from tests.faults.world import World

_BEFORE_KILL = 400
_REST_SECONDS = 15.0
#: For how many seconds a signature is fresh, and how old it is when it is handed over.
TOLERANCE = "2"
_TOO_OLD = 4.0


def lost_with_the_server(world: World) -> str | None:
    """kill -9 of PostgreSQL under load, then: acknowledged and lost"""
    assert world.postgresql is not None
    with RunningLoad(world.load("client", statuses_only=True)) as load:
        load.until(lambda: load.acked >= _BEFORE_KILL)
        world.postgresql.kill()
        load.stop()
    world.postgresql.start()
    return _broken(checks.durable(world, book.read(load.load.book)))


def lost_before_its_commit(world: World) -> str | None:
    """the commit hangs, kill -9 of the receiver, then: acknowledged and lost"""
    world.fleet.take_down("web")
    world.fleet.bring_up("web", failpoint="I1:hang")
    delivered = [deliveries.deliver(errand, world.fleet.port) for errand in _news(world, 4)]
    world.fleet.take_down("web")
    world.fleet.bring_up("web")
    return _broken(checks.durable(world, _acked(delivered)))


def not_on_disk_when_answered(world: World) -> str | None:
    """the order of system calls"""
    found = fsync_order.observed(world, "failover", 60)
    return f"{len(found.too_early)} of 60 answered before a sync" if found.too_early else None


def stored_twice(world: World) -> str | None:
    """every event delivered, FLUSHALL, delivered again, then: events stored twice"""
    errands = list(_news(world, 20))
    deliveries.deliver_all(errands, world.fleet.port)
    world.redis.flush()
    deliveries.deliver_all(errands, world.fleet.port)
    checks.come_to_rest(world)
    return _broken(*checks.once(world))


def left_pending(world: World) -> str | None:
    """FLUSHALL while no worker is there, then: everything comes to rest"""
    world.fleet.take_down("worker-1")
    deliveries.deliver_all(_news(world, 20), world.fleet.port)
    # The receiver rings beside its answer.
    time.sleep(1)
    world.redis.flush()
    world.fleet.bring_up("worker-1")
    try:
        checks.come_to_rest(world, seconds=_REST_SECONDS)
    except Failed as failure:
        return str(failure)
    return None


def genuine_held(world: World) -> str | None:
    """handed over when the signature has long been too old to be delivered, then: events applied"""
    world.fleet.take_down("web")
    assert world.fleet.failover_port is not None
    delivered = deliveries.deliver_all(_news(world, 20), world.fleet.failover_port, "failover")
    time.sleep(_TOO_OLD)
    world.fleet.bring_up("web")
    checks.come_to_rest(world)
    found = checks.statuses_of(world.database, _acked(delivered).ids(Entry.ACKED))
    held = found.total() - found[InboxStatus.APPLIED]
    return f"{held} of {found.total()} acknowledged events never applied" if held else None


def genuine_given_up(world: World) -> str | None:
    """a signed event that nobody can read, tried as often as Telnyx would, then: kept for somebody to look at"""
    body = b'{"data": {"event_type": "message.received", "id": '
    port, failover = world.fleet.port, world.fleet.failover_port
    assert failover is not None
    statuses = [deliveries.post(body, port) for _ in range(3)]
    statuses += [deliveries.post(body, failover, "failover") for _ in range(3)]
    is_acked = any(200 <= status < 300 for status in statuses)
    with world.database.read() as connection:
        is_kept = body in set(connection.scalars(sa.select(tables.inbox.c.raw)))
    return None if is_acked and is_kept else f"answered {sorted(set(statuses))}, kept: {is_kept}"


def _news(world: World, count: int) -> Iterator[Errand]:
    chance = random.Random(world.setting.seed)
    return itertools.islice(iter(lambda: events.finalized(chance), None), count)


def _acked(delivered: list[Delivered]) -> Book:
    empty: dict[Entry, dict[str, str]] = {entry: {} for entry in Entry}
    return Book(empty | {Entry.ACKED: {each.event_id: "-" for each in delivered if each.is_acked}})


def _broken(*figures: Figure) -> str | None:
    return next((f"{each.name}: {each.value}" for each in figures if each.verdict is Verdict.BROKEN), None)
