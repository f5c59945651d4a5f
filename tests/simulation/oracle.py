"""What ought to be: worked out from what the world wrote down, by rules written here once more and in short."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from store import tables
from tests.simulation.looking import rows
from tests.simulation.telnyx import WALL, Sms

if TYPE_CHECKING:
    from tests.simulation.world import World

#: How long before the wall every policy is asked for the last time.
LAST_LOOK = timedelta(minutes=2) + WALL
_AHEAD = timedelta(minutes=5)
#: Telnyx itself does not take the second for a STOP.
_MEANS = {"STOP": True, "Stop!": True, "START": False}
_APPLICABLE = frozenset({"pending", "applied"})
APPLIED = frozenset({"applied"})


@dataclass(frozen=True, order=True)
class Word:
    """One word of a recipient, in the order in which words outrank each other."""

    effective_at: datetime
    is_stop: bool
    event_id: str
    known_at: datetime
    """When we heard it, by our clock."""


@dataclass(frozen=True)
class Objection:
    """A reason to cancel."""

    kind: str
    known_at: datetime


def words(world: World, number: str, among: frozenset[str] = _APPLICABLE) -> list[Word]:
    """What a recipient said, as far as it came to us; of events in these states."""
    said = []
    for delivery in world.telnyx.deliveries:
        kept = world.seen.inbox.get(delivery.event_id)
        payload = delivery.data["payload"]
        if kept is None or kept.status not in among or payload["from"]["phone_number"] != number:
            continue
        is_stop = _MEANS.get(payload["text"])
        if is_stop is not None:
            occurred_at = datetime.fromisoformat(delivery.data["occurred_at"])
            latest = kept.received_at + (_AHEAD if is_stop else timedelta())
            said.append(Word(min(occurred_at, latest), is_stop, delivery.event_id, kept.received_at))
    consents = tables.consents.c
    told = rows(world.stores.of["eyes"], tables.consents, consents.source.in_(["api", "telnyx_api"]))
    ours = {word.event_id for word in said}
    for row in told:
        if row["phone_number"] == number and row["event_id"] not in ours:
            word = Word(row["effective_at"], row["kind"] == "opt_out", row["event_id"], row["received_at"])
            said.append(word)
    return said


def opted_out(world: World, number: str, among: frozenset[str] = _APPLICABLE) -> Word | None:
    """The word by which a recipient refuses, if that is the last."""
    last = max(words(world, number, among), default=None)
    return last if last is not None and last.is_stop else None


def objections(world: World, sms: Sms) -> list[Objection]:
    """Why a message should not go out, as it stands and is known by now."""
    return objections_to(world, sms.to, world.campaign_of.get(sms.id), sms.send_at)


def objections_to(
    world: World, number: str, campaign: str | None, send_at: datetime, among: frozenset[str] = _APPLICABLE
) -> list[Objection]:
    """Why no message should go out to somebody at a time, by events in these states."""
    found = []
    refusal = opted_out(world, number, among)
    if refusal is not None:
        found.append(Objection("opt_out", refusal.known_at))
    said = world.record.campaigns.get(campaign or "", [])
    if said and said[-1].status != "active":
        found.append(Objection("stale_campaign", said[-1].at))
    now, last_look = world.clock.ours(), send_at - LAST_LOOK
    gates = [gate for gate in world.record.gates if gate.covers(number, campaign)]
    standing = [gate for gate in gates if gate.stands(now) and now >= last_look]
    return [*found, *(Objection("hold", max(gate.placed_at, last_look)) for gate in standing)]


def ever_objected(world: World, sms: Sms) -> list[Objection]:
    """Every reason there ever was, whether or not it still stands."""
    found = [Objection("opt_out", word.known_at) for word in words(world, sms.to) if word.is_stop]
    said = world.record.campaigns.get(world.campaign_of.get(sms.id) or "", [])
    found += [Objection("stale_campaign", each.at) for each in said if each.status != "active"]
    gates = [gate for gate in world.record.gates if gate.covers(sms.to, world.campaign_of.get(sms.id))]
    return [*found, *(Objection("hold", max(gate.placed_at, sms.send_at - LAST_LOOK)) for gate in gates)]


def is_cancellable(world: World, sms: Sms) -> bool:
    """Whether whoever asks at this moment is in time, by Telnyx's clock and by ours."""
    latest = sms.send_at - WALL
    return sms.status == "scheduled" and world.clock.true < latest and world.clock.ours() < latest


def overdue(world: World) -> list[tuple[Sms, Objection]]:
    """The messages that should be cancelled by now and are not, if everything that was due has been done."""
    found = []
    for sms in world.telnyx.messages.values():
        held = world.seen.messages.get(sms.id)
        if held is None or held.ledger is None or not is_cancellable(world, sms):
            continue
        found += [(sms, objection) for objection in objections(world, sms)[:1]]
    return found
