"""What Telnyx, recipients and the application do."""

from __future__ import annotations

from datetime import timedelta
from http import HTTPStatus
from typing import TYPE_CHECKING

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from tests.simulation import checks, forging
from tests.simulation.webhooks import ATTEMPTS

if TYPE_CHECKING:
    from tests.simulation.world import World

NUMBERS = ("+15557650101", "+15557650102")
CAMPAIGNS = (None, "spring", "summer")
#: Above this a history only becomes longer.
_MOST = 6
#: Around the wall, around the last look, and as far as Telnyx allows.
SPANS = [timedelta(seconds=each) for each in (59, 61, 90, 175, 185, 300, 900)]
SPANS += [timedelta(hours=each) for each in (1, 7, 26, 120)]
PICK = st.integers(0, 11)


class Traffic:
    """Messages scheduled and registered, texts, and how webhooks come."""

    world: World

    @precondition(lambda self: len(self.world.telnyx.messages) < _MOST)
    @rule(
        to=st.sampled_from(NUMBERS),
        in_=st.sampled_from(SPANS),
        campaign=st.sampled_from(CAMPAIGNS),
        answer=st.sampled_from(["registered", "registered", "registered", "late", "lost"]),
    )
    def schedule(self, to: str, in_: timedelta, campaign: str | None, answer: str) -> None:
        sms = self.world.telnyx.schedule(to, in_)
        self.world.tell(f"scheduled {sms.id[-4:]} to {to[-3:]} in {in_}: {answer}")
        self.world.campaign_of[sms.id] = campaign
        if answer == "registered":
            self.world.register(sms)
        elif answer == "late":
            self.world.unregistered.append(sms)

    @precondition(lambda self: len(self.world.telnyx.messages) < _MOST)
    @rule(to=st.sampled_from(NUMBERS), in_=st.sampled_from(SPANS), campaign=st.sampled_from(CAMPAIGNS))
    def send(self, to: str, in_: timedelta, campaign: str | None) -> None:
        """Schedule through the door: what it refuses must not be, and nothing of it comes to Telnyx."""
        known, at = len(self.world.telnyx.messages), self.world.clock.true + in_
        answer = self.world.send(to, in_, campaign=campaign)
        if answer is not None and answer.status_code == HTTPStatus.CONFLICT:
            assert len(self.world.telnyx.messages) == known
        checks.door_judges_rightly(self.world, answer, to, campaign, at)

    @precondition(lambda self: self.world.telnyx.messages)
    @rule(pick=PICK)
    def register(self, pick: int) -> None:
        """Late, or once more."""
        late = self.world.unregistered
        known = late or list(self.world.telnyx.messages.values())
        sms = known[pick % len(known)]
        self.world.register(sms)
        self.world.unregistered = [each for each in late if each is not sms]

    @rule(
        sender=st.sampled_from(NUMBERS),
        words=st.sampled_from(["STOP", "STOP", "Stop!", "START", "hello"]),
        minutes=st.sampled_from([0, 0, 0, -1, 1, 10, -10, -360, 360]),
        comes=st.booleans(),
    )
    def text(self, sender: str, words: str, minutes: int, *, comes: bool) -> None:
        """Somebody texts; by the clock of who tells of it the text may be of another time."""
        delivery = self.world.telnyx.text(sender, words, self.world.clock.true + timedelta(minutes=minutes))
        self.world.tell(f"{sender[-3:]} says {words!r}, {minutes} minutes off")
        if comes:
            self.world.deliver(delivery)

    @precondition(lambda self: self.world.telnyx.deliveries)
    @rule(pick=PICK, how=st.sampled_from(["next", "next", "answer lost", "lost", "all lost", "primary", "failover"]))
    def deliver(self, pick: int, how: str) -> None:
        """One attempt of a delivery that waits; or one of any, however it ended, at one of the URLs."""
        world = self.world
        known = world.telnyx.deliveries if how in {"primary", "failover"} else world.waiting()
        if not known:
            return
        delivery = known[-1 - pick % len(known)]
        match how:
            case "next" | "answer lost":
                world.deliver(delivery, answer_is_lost=how == "answer lost")
            case "lost" | "all lost":
                # With six attempts that reach nobody Telnyx gives up.
                for _ in range(1 if how == "lost" else ATTEMPTS):
                    delivery.attempted(None, world.clock.true)
                world.tell(f"{delivery.event_id[-4:]} reaches nobody: {how}")
            case _:
                world.deliver(delivery, to_failover=how == "failover")

    @precondition(lambda self: self.world.waiting())
    @rule(newest_first=st.booleans())
    def deliver_all(self, *, newest_first: bool) -> None:
        for delivery in sorted(self.world.waiting(), key=lambda each: each.event_id, reverse=newest_first):
            self.world.deliver(delivery)

    @rule(sender=st.sampled_from(NUMBERS))
    def opt_out_by_api(self, sender: str) -> None:
        self.world.call("POST", "/v1/opt-outs", {"phone_number": sender, "reason": "asked by phone"})

    @rule(key=st.sampled_from(CAMPAIGNS[1:]), status=st.sampled_from(["paused", "ended", "active"]))
    def change_campaign(self, key: str, status: str) -> None:
        self.world.change_campaign(key, status)

    @rule(
        where=st.sampled_from([("all", None), ("recipient", NUMBERS[0]), ("campaign", "spring")]),
        seconds=st.sampled_from([120, 3600, 5 * 86400]),
        lifts=st.booleans(),
    )
    def hold(self, where: tuple[str, str | None], seconds: int, *, lifts: bool) -> None:
        """Place a hold, or lift the last one."""
        if lifts and self.world.record.gates:
            self.world.lift_hold(self.world.record.gates[-1])
        else:
            self.world.place_hold(*where, seconds)

    @rule(how=st.sampled_from(sorted(forging.WAYS)), to_failover=st.booleans())
    def forge(self, how: str, *, to_failover: bool) -> None:
        forging.forge(self.world, how, to_failover=to_failover)

    @precondition(lambda self: self.world.telnyx.messages)
    @rule(pick=PICK, what=st.sampled_from(["cancelled by hand", "sent early", "sent although cancelled"]))
    def surprise(self, pick: int, what: str) -> None:
        """Something happens at Telnyx that nobody of ours did."""
        sms = list(self.world.telnyx.messages.values())[pick % len(self.world.telnyx.messages)]
        takes_place = {
            "cancelled by hand": lambda: self.world.telnyx.cancel_here(sms, by="hand"),
            "sent early": lambda: sms.status == "scheduled",
            "sent although cancelled": lambda: sms.status == "cancelled",
        }
        if takes_place[what]():
            if what != "cancelled by hand":
                self.world.telnyx.send(sms)
            self.world.tell(f"message {sms.id[-4:]} is {what}")
            self.world.record.surprises.setdefault(sms.id, set()).add(what)
