"""Opt-outs, registrations, workers and crashes around one to three messages, in an order that a seed has drawn.

Lighter than whole histories, so that there can be many: a world is used for one after the other, each with a
recipient of its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from random import Random

from core.errors import StoreUnavailable
from core.failpoints import Failpoint, Fault
from ledger import registering
from ledger.registering import Registration
from schemas import api_messages
from tests.simulation.processes import RULES
from tests.simulation.record import RECOVERY, Moment
from tests.simulation.telnyx import WALL, Sms
from tests.simulation.world import World

Step = tuple[str, object]

#: Where a crash can come between an opt-out or a registration and the cancelling.
_PLACES = [Failpoint(name) for name in ("I1", "I2", "A0", "C2", "S1", "S2", "D0", "D1", "D2", "R1", "W1")]
_ACTS = ["work", "work", "sweep", "apply", "pump", "pump", "answer", "wait", "wait", "crash", "restart", "lost ring"]
_WAITS = [timedelta(seconds=each) for each in (0.5, 1, 2, 6, 31)]
#: From here to the farthest, in seconds: some are so near the wall that nothing can be asked of anybody.
_NEAREST, _FARTHEST = 62, 900
_SOON = timedelta(seconds=6)
_TURNS = 40


@dataclass
class Outcome:
    """What came of some interleavings."""

    messages: int = 0
    cancelled: int = 0
    crashes: int = 0
    sent: list[str] = field(default_factory=list)
    """What could have been cancelled and was sent."""
    cancelled_for_nothing: list[str] = field(default_factory=list)

    def add(self, other: Outcome) -> None:
        self.messages += other.messages
        self.cancelled += other.cancelled
        self.crashes += other.crashes
        self.sent += other.sent
        self.cancelled_for_nothing += other.cancelled_for_nothing


def drawn(seed: int) -> list[Step]:
    """Return the steps of one interleaving."""
    chance = Random(seed)
    threads: list[list[Step]] = [
        [("schedule", (number, chance.randint(_NEAREST, _FARTHEST))), ("register", number)]
        for number in range(chance.choice([1, 1, 1, 2, 2, 3]))
    ]
    if chance.random() < 0.9:
        threads.append([("stop", None)] * chance.choice([1, 1, 2]))
    acts: list[Step] = []
    for act in chance.choices(_ACTS, k=chance.randint(1, 7)):
        argument = {"wait": chance.choice(_WAITS), "crash": chance.choice(_PLACES)}.get(act)
        acts.append((act, argument))
    threads.append(acts)
    order = [thread for thread in threads for _ in thread]
    chance.shuffle(order)
    return [thread.pop(0) for thread in order]


def play(world: World, steps: Sequence[Step], *, number: int) -> Outcome:
    """Play one interleaving to the moment after which nothing more can be done for its messages."""
    game = _Game(world, f"+1555{number:07d}")
    deaths = len(world.record.deaths)
    for name, argument in steps:
        world.tell(f"{name} {argument or ''}")
        game.act(name, argument)
        world.advance(timedelta(milliseconds=10))
    outcome = game.end()
    outcome.crashes = len(world.record.deaths) - deaths
    return outcome


class _Game:
    """One recipient and the messages to them."""

    def __init__(self, world: World, recipient: str) -> None:
        self._world = world
        self._recipient = recipient
        self._messages: dict[int, Sms] = {}
        self._registered: dict[str, Moment] = {}
        self._stopped: Moment | None = None
        self._word = None
        for each in (world.telnyx.messages, world.telnyx.deliveries, world.telnyx.log, world.trace):
            each.clear()

    def act(self, name: str, argument: object) -> None:
        world = self._world
        match name, argument:
            case "schedule", (int(number), int(seconds)):
                self._messages[number] = world.telnyx.schedule(self._recipient, timedelta(seconds=seconds))
            case "register", int(number):
                self._register(self._messages[number])
            case "stop", _:
                self._stop()
            case "work", _:
                world.work()
            case "sweep", _:
                world.sweep()
            case "wait", timedelta() as span:
                world.advance(span)
            case "crash", Failpoint() as place:
                world.fail_at(place, Fault.KILL)
            case "restart", _:
                world.die("worker")
            case "lost ring", _:
                world.bell.flush()
            case _:
                world.step("worker", name)

    def _stop(self) -> None:
        world = self._world
        if self._word is None:
            self._word = world.telnyx.text(self._recipient, "STOP", world.clock.true)
        if self._word.goes_to_failover:
            self._word.attempts = 0
        world.deliver(self._word, to_failover=False)
        if self._stopped is None and self._word.event_id in world.record.acked:
            self._stopped = world.moment()

    def _register(self, sms: Sms) -> None:
        world = self._world
        body = {"data": sms.told("scheduled"), "send_at": sms.send_at.isoformat()}
        new = api_messages.one(body, now=world.clock.ours())
        registration = Registration(new.report, new.campaign_key, new.message_class, new.tags)

        def register() -> bool:
            with world.stores.of["primary"].begin() as connection:
                registering.register(connection, [registration], RULES, door="api", now=world.clock.ours())
            world.bell.ring()
            return True

        if world.play("primary", lambda: world.tried("primary", register)):
            self._registered[sms.id] = world.moment()

    def end(self) -> Outcome:
        """Let everything that waits be done, and see what was sent after all."""
        world = self._world
        world.fail_nowhere()
        for sms in self._messages.values():
            if sms.id not in self._registered:
                self._register(sms)
        if self._word is not None and self._stopped is None:
            self._stop()
        last = world.clock.true
        for _ in range(_TURNS):
            world.work()
            world.sweep()
            if world.clock.true - last > RECOVERY + _SOON or self._is_done():
                break
            world.advance(_SOON)
        outcome = Outcome(messages=len(self._messages))
        for sms in self._messages.values():
            if self._stopped is None and any(each.message_id == sms.id for each in world.telnyx.log):
                outcome.cancelled_for_nothing.append(sms.id)
            outcome.cancelled += sms.status == "cancelled"
            if sms.status != "cancelled" and self._should_be_cancelled(sms):
                outcome.sent.append(sms.id)
        return outcome

    def _is_done(self) -> bool:
        return self._stopped is None or all(
            sms.status == "cancelled" or sms.send_at - self._world.clock.true <= WALL for sms in self._messages.values()
        )

    def _should_be_cancelled(self, sms: Sms) -> bool:
        if self._stopped is None:
            return False
        known_at = max(self._stopped.true, self._registered[sms.id].true)
        return sms.send_at - known_at > WALL + RECOVERY


def shrunk(fails, steps: Sequence[Step]) -> list[Step]:
    """Return as few of the steps as still fail."""
    kept = list(steps)
    for step in steps:
        fewer = [each for each in kept if each is not step]
        try:
            if fails(fewer):
                kept = fewer
        except (KeyError, StoreUnavailable):
            # A registration without its message.
            continue
    return kept
