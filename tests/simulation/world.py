"""A whole installation and its Telnyx, and what can be done with them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

from werkzeug.test import TestResponse

from schemas.envelope import FAILOVER_PATH, WEBHOOK_PATH
from store import tables
from tests.simulation import looking, processes
from tests.simulation.playing import Played
from tests.simulation.processes import KEY, TOKEN, Web
from tests.simulation.record import Gate, Said
from tests.simulation.stores import Stores
from tests.simulation.telnyx import OURS, PROFILE, Mood, Sms
from tests.simulation.webhooks import Delivery, DeliveryState
from workers.reconciling import Reconciliation


class World(Played):
    """Whatever is done returns, or is a bug that was found."""

    def __init__(self, stores: Stores, web: Web, *, on_cancel: Callable[[World, str], None] = lambda *_: None) -> None:
        super().__init__(stores, web)
        self.telnyx.on_cancel = lambda of: on_cancel(self, of)
        self.unregistered: list[Sms] = []
        """Scheduled messages of which the application has yet to tell us."""
        self.campaign_of: dict[str, str | None] = {}
        self.through_door: list[str] = []
        self._is_drained = False

    # What comes in

    def call(self, method: str, path: str, body: Mapping[str, Any]) -> TestResponse | None:
        """Make a request of the API, as an application does."""
        headers = {"Authorization": f"Bearer {TOKEN}"}
        answer = self.play(
            "primary", lambda: self.web.client.open(path, method=method, json=dict(body), headers=headers)
        )
        self.tell(f"{method} {path}: {answer.status_code if answer else 'no answer'}")
        return answer

    def send(self, to: str, in_: timedelta, *, campaign: str | None) -> TestResponse | None:
        """Schedule a message through the door, which may refuse it."""
        send_at = (self.clock.true + in_).isoformat()
        body = {"from": OURS, "to": to, "text": "Through the door", "messaging_profile_id": PROFILE, "send_at": send_at}
        headers = {"Authorization": f"Bearer {KEY}"} | ({"Rescind-Campaign": campaign} if campaign else {})
        known = set(self.telnyx.messages)
        answer = self.play("primary", lambda: self.web.client.post("/v2/messages", json=body, headers=headers))
        self.tell(f"sent through the door to {to[-3:]} in {in_}: {answer.status_code if answer else 'no answer'}")
        for made in self.telnyx.messages.keys() - known:
            self.campaign_of[made] = campaign
            self.through_door.append(made)
        return answer

    def catch_up(self) -> None:
        """Let the door write what it put off."""
        self.play("primary", lambda: self.tried("primary", self.web.book.catch_up))

    def waiting(self) -> list[Delivery]:
        """Deliveries that Telnyx has not done with."""
        return [each for each in self.telnyx.deliveries if each.state is DeliveryState.WAITING]

    def change_campaign(self, key: str, status: str) -> None:
        self.record.campaigns.setdefault(key, [])
        at = self.clock.ours()
        answer = self.call("PUT", f"/v1/campaigns/{key}", {"status": status})
        if answer is None or answer.status_code != 200:
            # It may have been committed all the same.
            (row,) = looking.rows(self.stores.of["eyes"], tables.campaigns, tables.campaigns.c.key == key) or [{}]
            status = row.get("status", "active")
        said = self.record.campaigns[key]
        if not said or said[-1].status != status:
            said.append(Said(at, status))

    def place_hold(self, scope: str, value: str | None, seconds: int) -> None:
        wanted = {"scope": scope, "value": value, "reason": "wrong text", "expires_in": seconds}
        self.call("POST", "/v1/holds", wanted)
        self._see_gates()

    def lift_hold(self, gate: Gate) -> None:
        self.call("DELETE", f"/v1/holds/{gate.id}", {})
        self._see_gates()

    def _see_gates(self) -> None:
        """Take in which gates there are: whatever was answered, or not, they stand as they are held."""
        self.record.gates = [
            Gate(row["id"], row["scope"], row["value"], row["placed_at"], row["expires_at"], row["lifted_at"])
            for row in looking.rows(self.stores.of["eyes"], tables.holds)
        ]

    def register(self, sms: Sms) -> TestResponse | None:
        """Tell of a message that was scheduled, as Telnyx's answer to that told it."""
        campaign = self.campaign_of.get(sms.id)
        body = {"data": sms.told("scheduled"), "send_at": sms.send_at.isoformat()}
        body |= {"campaign": campaign} if campaign else {}
        return self.call("POST", "/v1/messages", body)

    def deliver(self, delivery: Delivery, *, to_failover: bool | None = None, answer_is_lost: bool = False) -> None:
        """Make the next attempt of a delivery, at the URL whose turn it is unless one is named."""
        to_failover = delivery.goes_to_failover if to_failover is None else to_failover
        body, headers = delivery.signed(self.clock.true)
        answer = self._to_failover(body, headers) if to_failover else self.post(WEBHOOK_PATH, body, headers)
        status = answer.status_code if answer else None
        where = "failover" if to_failover else "primary"
        self.tell(f"{delivery.data['event_type']} {delivery.event_id[-4:]} to the {where}: {status}")
        assert status in {200, 401, 500, 503, None}, status
        if answer_is_lost:
            status = None
        if status == 200:
            self.record.acked.setdefault(delivery.event_id, self.moment())
        delivery.attempted(status, self.clock.true)

    def _to_failover(self, body: bytes, headers: Mapping[str, str]) -> TestResponse | None:
        return self.play("failover", lambda: self.failover.client.post(FAILOVER_PATH, data=body, headers=dict(headers)))

    # What they do

    def work(self) -> bool:
        """The worker takes its next job; return whether there was one."""
        has_job = "worker" not in self.down and self.bell.take()
        if has_job:
            self._draining("worker", self.working("worker").run)
        return has_job

    def sweep(self) -> None:
        def sweep() -> None:
            swept = self.sweeper.sweep_once()
            if swept.late or swept.released:
                self.tell(f"swept: late are {', '.join(swept.late)}; released {swept.released}")
            if swept.drained:
                self._is_drained = True

        self._draining("sweeper", sweep)

    def _draining(self, role: str, work: Callable[[], None]) -> None:
        """Have a process do all that is due, and write down whether anything was in its way."""
        asked, struck = len(self.telnyx.log), self.stores.sql.struck
        self._is_drained = role == "worker"
        done = self.play(role, lambda: self.tried(role, work))
        mishaps = any(request.mood is not Mood.OK for request in self.telnyx.log[asked:])
        if not done or mishaps or self.stores.sql.struck > struck:
            self.record.disturb(self.clock.true)
        elif self._is_drained and self.record.is_calm(self.clock.true):
            self.record.drains.append(self.moment())

    def step(self, role: str, name: str) -> None:
        """Have the worker, or the sweeper's drain, take one step of its loop; requests then stay on their way."""
        process = self.working(role)
        process.wire.is_slow = True
        steps: dict[str, Callable[[], object]] = {
            "apply": process.applier.apply,
            "review": process.reviewer.review,
            "pump": process.canceller.pump,
            "answer": lambda: process.wire.pass_on(1),
        }
        self.tell(f"the {role}: {name}")
        self.play(role, lambda: self.tried(role, steps[name]))
        # What was claimed and not recorded waits for the end of its lease.
        self.record.disturb(self.clock.true)

    def hand_over(self) -> None:
        if self.stores.spool.exists():
            self.play("failover", lambda: self.tried("failover", self._handed_over))

    def _handed_over(self) -> None:
        done = self.failover.hand_over()
        if not done.is_idle:
            self.tell(f"handed over: {done}")

    def reconcile(self, *, every: timedelta = timedelta(minutes=5)) -> None:
        """Let the reconciler look whether it is due, and run if it is."""
        made = processes.reconciler(self.stores.of["reconciler"], self.telnyx, self.clock, self.bell)
        struck = self.stores.sql.struck
        ran = self.play("reconciler", lambda: self.tried("reconciler", lambda: self._tell_of(made.run_if_due(every))))
        if not ran or self.stores.sql.struck > struck or self.telnyx.mood is not Mood.OK:
            self.record.disturb(self.clock.true)

    def _tell_of(self, ran: Reconciliation | None) -> None:
        if ran is not None:
            healed = {name.value: tally.healed for name, tally in ran.tallies.items() if tally.healed}
            self.tell(f"reconciled: found {healed or 'nothing'} {' '.join(ran.errors)}")
