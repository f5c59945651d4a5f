"""What must hold when all is healed and nothing more is to come."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from core import deadlines
from ledger import balance, consenting, story
from store import tables
from tests.simulation import causes, oracle, refolding
from tests.simulation.looking import Held, rows
from tests.simulation.telnyx import WALL

if TYPE_CHECKING:
    from tests.simulation.world import World


def all_is_well(world: World) -> None:
    nothing_acknowledged_is_lost(world)
    records_are_true(world)
    for held in world.seen.messages.values():
        if held.registered_at is not None:
            is_accounted_for(world, held)
    consent_is_the_last_word(world)
    door_has_forgotten_nothing(world)
    can_be_told(world)
    refolding.comes_out_the_same(world)


def nothing_acknowledged_is_lost(world: World) -> None:
    parked = {row.event_id for row in world.spooled() if row.state == "parked"}
    lost = world.record.acked.keys() - world.seen.inbox.keys() - parked
    assert not lost, f"acknowledged, and neither held nor in the spool: {lost}"
    assert {kept.status for kept in world.seen.inbox.values()} <= {"applied", "ignored", "stale", "parked"}
    unexplained = [
        row["event_id"]
        for row in rows(world.stores.of["eyes"], tables.inbox)
        if row["status"] in {"stale", "parked"} and not row["reason"]
    ]
    assert not unexplained


def records_are_true(world: World) -> None:
    """What is held as cancelled is, and what is cancelled is held as that, unless we were never told of it."""
    for sms in world.telnyx.messages.values():
        held = world.seen.messages.get(sms.id)
        if held is None or held.ledger is None:
            continue
        _, word = world.seen.heights[sms.id, sms.to]
        if held.ledger == "cancelled" or word == "cancelled":
            assert sms.status == "cancelled", (held, word, sms)
        if sms.status == "cancelled":
            assert word == "cancelled", (held, word, sms)
            assert held.ledger == "cancelled", (held, sms)
        if sms.left_at is not None:
            assert word == "delivered", (held, word, sms)
            assert held.ledger in {"released", "breach"}, (held, sms)


def is_accounted_for(world: World, held: Held) -> None:
    """Every registered message has an end, with what shows that it is the right one."""
    eyes = world.stores.of["eyes"]
    decisions = rows(eyes, tables.decisions, tables.decisions.c.message_id == held.id)
    latest = max(decisions, key=lambda row: row["seq"], default=None)
    cancellation = rows(eyes, tables.cancellations, tables.cancellations.c.message_id == held.id)
    surprises = world.record.surprises.get(held.id, set())
    match held.ledger:
        case "cancelled":
            said = rows(eyes, tables.transitions, tables.transitions.c.message_id == held.id)
            assert any(row["status"] == "cancelled" and row["source_id"] for row in said), held
            if "cancelled by hand" in surprises and not cancellation:
                return
            (order,) = cancellation
            assert order["state"] == "confirmed", order
            assert order["policy"], order
            assert order["reason"], order
            attempts = rows(eyes, tables.cancellation_attempts, tables.cancellation_attempts.c.message_id == held.id)
            assert any(row["finished_at"] and row["outcome"] for row in attempts) or surprises, held
            assert any(row["verdict"] == "cancel" and row["facts"] and row["event_id"] for row in decisions), decisions
        case "released":
            assert latest is not None
            assert held.last_look_at is not None, held
        case "breach":
            assert causes.is_confirmed(world, held), f"{held.id} is a breach, but not because of {held.breach_cause}"
        case _:
            raise AssertionError(f"{held.id} is {held.ledger}")


def consent_is_the_last_word(world: World) -> None:
    numbers = {delivery.data["payload"]["from"]["phone_number"] for delivery in world.telnyx.deliveries}
    numbers |= {sms.to for sms in world.telnyx.messages.values()}
    for number in numbers:
        with world.stores.of["eyes"].read() as connection:
            shown = consenting.shown(connection, number)
        expected = oracle.opted_out(world, number) is not None
        assert shown["opted_out"] == expected, (number, oracle.words(world, number), shown["consent"])


def door_has_forgotten_nothing(world: World) -> None:
    """A message whose answer was lost at the door is known again by the time it has left."""
    if world.clock.skew or world.record.clock_moved:
        # It is known again by the time at which it was made, which must not be too wrong.
        return
    for message_id in world.through_door:
        held = world.seen.messages.get(message_id)
        sms = world.telnyx.messages[message_id]
        # One that leaves too early passes for another that was sent at once.
        if sms.left_at is not None and sms.left_at >= sms.send_at - WALL:
            assert held is not None, message_id
            assert held.ledger is not None, held


def can_be_told(world: World) -> None:
    """The story of every message can be told, and the sums add up once more."""
    with world.stores.of["eyes"].read() as connection:
        for held in world.seen.messages.values():
            json.dumps(story.story(connection, held.id, cancel_by=deadlines.cancel_by, now=world.clock.ours()))
        sums = balance.balance(connection)
    assert sums.registered == sums.pending + sums.cancelled + sums.released + sums.breach
    assert sums.pending == 0
    assert sum(sums.breach_causes.values()) == sums.breach
