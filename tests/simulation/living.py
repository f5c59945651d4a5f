"""Time that passes while everything is alive, and the calm at the end of every history."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from store import cancellations
from tests.simulation import checks
from tests.simulation.bell import Redis
from tests.simulation.clock import START
from tests.simulation.telnyx import Mood
from tests.simulation.webhooks import DeliveryState
from tests.simulation.world import World

LAST_LOOK = timedelta(minutes=3)
#: By then the sweeper has done by itself what nobody came for.
_SOON = timedelta(seconds=6)
#: Messages whose end nobody told us are asked about some minutes after their time.
ASKED_AFTER = timedelta(minutes=11)
_ROUNDS = 40


def live(world: World, span: timedelta) -> None:
    """Let time pass in which everybody does what they always do; what is down stays down."""
    until = world.clock.true + span
    turn(world)
    while world.clock.true < until:
        moment = min((each for each in _moments(world) if each > world.clock.true), default=until)
        world.advance(min(moment, until) - world.clock.true)
        turn(world)


def turn(world: World) -> None:
    """One turn of everything."""
    deliver_all(world)
    world.catch_up()
    world.hand_over()
    if world.work():
        checks.after_step(world)
    world.sweep()
    checks.after_step(world)


def deliver_all(world: World) -> None:
    """Let Telnyx deliver what waits, as often as it tries."""
    for delivery in world.telnyx.deliveries:
        while delivery.state is DeliveryState.WAITING:
            world.deliver(delivery)


def _moments(world: World) -> Iterator[datetime]:
    """When something is due, by the clock that is right."""
    skew = world.clock.skew
    for sms in world.telnyx.messages.values():
        held = world.seen.messages.get(sms.id)
        if held is not None and held.ledger == "pending":
            yield from (at - skew + _SOON for at in (sms.send_at - LAST_LOOK, sms.send_at))
        if sms.status == "scheduled":
            yield sms.send_at + _SOON
    with world.stores.of["eyes"].read() as connection:
        due = cancellations.next_due_at(connection)
    if due is not None:
        yield due - skew + _SOON


def heal(world: World) -> None:
    """End every fault."""
    world.tell("everything heals")
    world.stores.sql.heal()
    world.telnyx.mood, world.telnyx.bad_answers = Mood.OK, None
    world.bell.redis = Redis.UP
    world.line.lost_answers = 0
    world.down.clear()
    world.fail_nowhere()


def come_to_rest(world: World) -> None:
    """Heal, and live until nothing more is to come: what is left then is for good."""
    heal(world)
    # What was under way in a process that is alive goes on; nobody's memory is lost by healing.
    live(world, timedelta(minutes=2))
    reconcile(world)
    last = max((sms.send_at for sms in world.telnyx.messages.values()), default=START)
    end = max(last, last - world.clock.skew, world.clock.true) + ASKED_AFTER
    live(world, end - world.clock.true)
    reconcile(world)
    for _ in range(_ROUNDS):
        # Waits grow up to an hour, each, for an event that was refused or failed to be applied.
        if is_at_rest(world):
            return
        live(world, timedelta(minutes=21))
        reconcile(world)
    raise AssertionError("it never comes to rest")


def reconcile(world: World) -> None:
    world.reconcile(every=timedelta())
    turn(world)


def is_at_rest(world: World) -> bool:
    """Whether nothing waits any more."""
    now = world.look()
    waits = any(kept.status == "pending" for kept in now.inbox.values())
    pending = any(held.ledger == "pending" for held in now.messages.values())
    spooled = world.stores.spool.exists() and world.failover.spool.figures().waiting
    with world.stores.of["eyes"].read() as connection:
        asking = cancellations.next_due_at(connection)
    return not (waits or pending or spooled or asking)
