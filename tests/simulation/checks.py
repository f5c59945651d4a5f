"""What must hold after every step."""

from __future__ import annotations

from datetime import datetime
from http import HTTPStatus

from werkzeug.test import TestResponse

from store import tables
from tests.simulation import oracle
from tests.simulation.looking import Look, rows
from tests.simulation.world import World

#: Where a message may go from where it stands in the ledger.
_MAY_BECOME = {
    None: {None, "pending", "cancelled", "released", "breach"},
    "pending": {"pending", "cancelled", "released", "breach"},
    "cancelled": {"cancelled", "breach"},
    "released": {"released", "cancelled"},
    "breach": {"breach", "cancelled"},
}


def after_step(world: World) -> None:
    """Look, compare with what was seen before, and judge what was done."""
    before, drains = world.seen, len(world.record.drains)
    now = world.look()
    is_durable(world, now)
    adds_up(now)
    keeps_its_ends(before, now)
    never_falls_back(before, now)
    lets_go_of_what_may_go(world, before, now)
    if drains > world.record.drains_checked:
        world.record.drains_checked = drains
        late = oracle.overdue(world)
        assert not late, f"a drain that nothing disturbed has left these to be sent: {late}"


def is_durable(world: World, now: Look) -> None:
    """What was acknowledged is held, or in the spool."""
    elsewhere = world.record.acked.keys() - now.inbox.keys()
    if elsewhere:
        lost = elsewhere - {row.event_id for row in world.spooled()}
        assert not lost, f"acknowledged, and neither held nor in the spool: {lost}"


def adds_up(now: Look) -> None:
    """Every registered message is in exactly one place of the ledger."""
    assert set(now.sums) <= {"pending", "cancelled", "released", "breach"}, now.sums
    registered = [held for held in now.messages.values() if held.registered_at is not None]
    assert sum(now.sums.values()) == len(registered)
    assert all((held.ledger is not None) == (held.registered_at is not None) for held in now.messages.values())
    assert all((held.ledger == "breach") == (held.breach_cause is not None) for held in now.messages.values())


def keeps_its_ends(before: Look, now: Look) -> None:
    """What was closed stays as it was closed, unless Telnyx shows that it was cancelled, or sent, after all."""
    for of, held in now.messages.items():
        was = before.messages.get(of)
        assert held.ledger in _MAY_BECOME[was.ledger if was else None], (was, held)
        if was is not None and was.ledger == "cancelled" and held.ledger == "breach":
            assert held.breach_cause == "sent_after_cancel"
    assert before.inbox.keys() <= now.inbox.keys()


def never_falls_back(before: Look, now: Look) -> None:
    """No message's status falls."""
    for of, (rank, word) in before.heights.items():
        assert now.heights[of][0] >= rank, (of, word, now.heights[of])


def lets_go_of_what_may_go(world: World, before: Look, now: Look) -> None:
    """Nothing is released while a reason to cancel it stands that was known before its time came."""
    for of, held in now.messages.items():
        was = before.messages.get(of)
        if held.ledger == "released" and (was is None or was.ledger != "released"):
            sms = world.telnyx.messages[of]
            standing = oracle.objections(world, sms) if held.registered_at < sms.send_at else []
            standing = [each for each in standing if each.known_at < sms.send_at]
            assert not standing, f"{of} is released although {standing}"


def is_wanted(world: World, message_id: str) -> None:
    """Nothing is asked to be cancelled without a decision that says so, and a reason in the world for it."""
    eyes = world.stores.of["eyes"]
    kept = rows(
        eyes, tables.decisions, tables.decisions.c.message_id == message_id, tables.decisions.c.mode == "enforce"
    )
    latest = max(kept, key=lambda row: row["seq"])
    assert latest["verdict"] == "cancel", latest
    (order,) = rows(eyes, tables.cancellations, tables.cancellations.c.message_id == message_id)
    assert order["state"] == "requested", order
    sms = world.telnyx.messages.get(message_id)
    if sms is not None:
        with world.peeking():
            objected = oracle.ever_objected(world, sms)
        assert objected, f"{message_id} is cancelled for no reason: {latest}"


def door_judges_rightly(world: World, answer: TestResponse | None, to: str, campaign: str | None, at: datetime) -> None:
    """The door refuses for a reason, and passes nothing on against one: it goes by what has been applied."""
    if answer is None:
        return
    world.look()
    objected = oracle.objections_to(world, to, campaign, at, oracle.APPLIED)
    if answer.status_code == HTTPStatus.CONFLICT:
        assert objected, f"refused for no reason: {answer.text}"
    elif answer.status_code == HTTPStatus.OK:
        # A hold may begin, or end, while Telnyx is asked.
        standing = [each for each in objected if each.kind != "hold"]
        assert not standing, f"passed on although {standing}"
