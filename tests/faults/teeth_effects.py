"""Checks that find a wrong effect: a status, an opt-out or a request to Telnyx; each returns what it found, or None."""

from __future__ import annotations

import json
import random
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa

from core.outcomes import LedgerState
from store import tables
from tests.faults import calls, checks, deliveries, events
from tests.faults.figures import Failed
from tests.faults.proxy import Mode
from tests.faults.world import World

_MESSAGES = 20
_PEOPLE = 20
#: By which each answer of the database is late: two transactions that begin together run side by side.
_DATABASE_LATE = 0.01
#: Seconds that Telnyx says nothing to a request, and that are left before the wall when it leaves.
_SILENT, _LEFT = 20.0, 14.0
_WALL = 60.0


def ends_by_order_of_arrival(world: World) -> str | None:
    """the events of a message in either order, then: the same final state"""
    chance = random.Random(world.setting.seed)
    told = [events.statuses(chance) for _ in range(_MESSAGES)]
    for number, (sent, arrived) in enumerate(told):
        arrived.body["payload"]["to"][0]["phone_number"] = sent.body["payload"]["to"][0]["phone_number"]
        for errand in (arrived, sent) if number % 2 else (sent, arrived):
            deliveries.deliver(errand, world.fleet.port)
    checks.come_to_rest(world)
    wanted = [sent.body["payload"]["id"] for sent, _ in told]
    recipients = tables.message_recipients
    with world.database.read() as connection:
        query = sa.select(recipients.c.status).where(recipients.c.message_id.in_(wanted))
        found = Counter(connection.scalars(query))
    return None if found == {"delivered": _MESSAGES} else f"{dict(found)} of {_MESSAGES} delivered messages"


def passes_unseen(world: World) -> str | None:
    """an opt-out and a registration at the same moment, then: nothing scheduled for who opted out"""
    assert world.sql_proxy is not None
    world.sql_proxy.set(Mode.DELAY, seconds=_DATABASE_LATE)
    left = []
    with ThreadPoolExecutor(1) as pool:
        for person in range(_PEOPLE):
            number = events.number_of(person)
            answer = _scheduled(world, number, timedelta(hours=20))
            registered = pool.submit(_call, world, "/v1/messages", {"data": answer})
            # Each later than the one before: some opt-outs then fall between the registration's look and its commit.
            time.sleep(person * _DATABASE_LATE)
            _call(world, "/v1/opt-outs", {"phone_number": number, "reason": "asked by phone"})
            registered.result()
            left.append(answer["id"])
    world.sql_proxy.set(Mode.PASS)
    checks.come_to_rest(world)
    unwanted = [of for of in left if world.telnyx.status(of) != "cancelled"]
    return f"{len(unwanted)} of {_PEOPLE} messages still go to who opted out" if unwanted else None


def asked_too_late(world: World) -> str | None:
    """Telnyx says nothing to the first request, then: cancelled before the wall, by requests that are on record"""
    world.telnyx.configure(soonest=0)
    world.telnyx.fault("hang_before", method="DELETE", seconds=_SILENT, times=1)
    number = events.number_of(0)
    answer = _scheduled(world, number, timedelta(seconds=_WALL + _LEFT))
    _call(world, "/v1/messages", {"data": answer})
    _call(world, "/v1/opt-outs", {"phone_number": number, "reason": "asked by phone"})
    until = time.monotonic() + _SILENT + _LEFT
    while (ledger := _ledger(world, answer["id"])) == LedgerState.PENDING and time.monotonic() < until:
        time.sleep(0.2)
    sent = sum(answer["id"] in request["path"] for request in world.telnyx.requests("DELETE"))
    recorded = _recorded(world, answer["id"])
    if ledger == LedgerState.CANCELLED and sent == recorded:
        return None
    return f"its message is {ledger}; DELETEs sent: {sent}, on record: {recorded}"


def _scheduled(world: World, to: str, ahead: timedelta) -> dict[str, Any]:
    return world.telnyx.schedule(
        to=to, sender=events.OURS, send_at=datetime.now(UTC) + ahead, messaging_profile_id=events.PROFILE
    )


def _call(world: World, path: str, body: dict[str, Any]) -> None:
    if calls.call("POST", path, json.dumps(body), world.fleet.port) not in {200, 201}:
        raise Failed(f"{path} does not take what it is given")


def _ledger(world: World, message_id: str) -> str | None:
    with world.database.read() as connection:
        query = sa.select(tables.messages.c.ledger).where(tables.messages.c.id == message_id)
        return connection.scalar(query)


def _recorded(world: World, message_id: str) -> int:
    attempts = tables.cancellation_attempts
    query = sa.select(sa.func.count()).where(attempts.c.message_id == message_id, attempts.c.action == "DELETE")
    with world.database.read() as connection:
        return connection.scalar(query) or 0
