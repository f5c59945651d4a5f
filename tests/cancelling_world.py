"""A ledger with messages to cancel, a Telnyx that does as told, and a clock that a test moves."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from functools import partial
from importlib import import_module
from random import Random

from redis import Redis

from core.cancelling import Answer
from ledger.registering import register
from schemas.secret import Secret
from store import attempts, cancellations, messages
from store.cancellations import NewCancellation
from store.engine import Database
from tests.reports import NOW, RULES, message_id, registration
from tests.scripted_telnyx import Script, ScriptedTelnyx
from workers.cancelling import Canceller
from workers.pacing import Pacer
from workers.telnyx import TIMEOUT, TelnyxClient

KEY = "KEY0123456789-canary"
FAST = 100_000
TICK = timedelta(milliseconds=20)


class HastyAtFirst(TelnyxClient):
    """Waits for the answer to its first DELETE for no longer than a moment."""

    hasty: timedelta | None = timedelta(seconds=0.3)

    def cancel(self, message_id: str, timeout: timedelta) -> Answer:
        hasty, self.hasty = self.hasty, None
        return super().cancel(message_id, hasty or timeout)


class World:
    def __init__(self, database: Database, telnyx: ScriptedTelnyx) -> None:
        self.database = database
        self.telnyx = telnyx
        self.now = NOW
        self._opened: list[Canceller] = []

    def canceller(
        self,
        *,
        rate: int = FAST,
        slots: int = 64,
        timeout: timedelta = TIMEOUT,
        client: type[TelnyxClient] = TelnyxClient,
        database: Database | None = None,
        redis: Redis | None = None,
    ) -> Canceller:
        canceller = Canceller(
            database or self.database,
            client(Secret(KEY), self.telnyx.url, timeout=timeout),
            Pacer(rate, redis, clock=self._seconds),
            now=lambda: self.now,
            random=Random(7),
            slots=slots,
            prepare=partial(import_module, "telnyx"),
        )
        self._opened.append(canceller)
        return canceller

    def _seconds(self) -> float:
        return self.now.timestamp()

    def order(
        self,
        number: int = 1,
        *,
        in_: timedelta = timedelta(hours=3),
        priority: int = 0,
        registered_ago=timedelta(days=1),
    ) -> str:
        """Register a message due ``in_`` from now and order its cancellation."""
        send_at, of = self.now + in_, message_id(number)
        with self.database.begin() as connection:
            began = self.now - registered_ago
            register(connection, [registration(number, send_at=send_at)], RULES, door="api", now=began)
            cancellations.request(
                connection, [NewCancellation(of, "opt_out", "STOP", priority, send_at, began, self.now, self.now)]
            )
        return of

    def run(self, canceller: Canceller, *, until: datetime | None = None, pumps: int = 2000) -> None:
        """Pump until nothing is under way, moving the clock on while nothing is in flight."""
        for _ in range(pumps):
            pumped = canceller.pump()
            if pumped.in_flight:
                canceller.wait(TICK)
            elif pumped.next_due_at is None or (until is not None and pumped.next_due_at > until):
                return
            elif not pumped.finished:
                self.now = max(self.now, pumped.next_due_at)
        raise AssertionError("it never came to rest")

    def settled(self, of: str) -> tuple[str, str | None, str | None, str | None]:
        """The cancellation's state and outcome, the message's place in the ledger and its breach's cause."""
        with self.database.read() as connection:
            cancellation, message = cancellations.of(connection, of), messages.find(connection, of)
        assert cancellation is not None
        assert message is not None
        return cancellation.state, cancellation.outcome, message.ledger, message.breach_cause

    def status(self, of: str) -> str:
        with self.database.read() as connection:
            return messages.recipients_of(connection, [of])[of][0].status

    def attempts(self, of: str) -> list[tuple[str, int | None, str | None]]:
        with self.database.read() as connection:
            found = attempts.of(connection, [of]).get(of, ())
        return [(each.action, each.http_status, each.outcome) for each in found]

    def close(self) -> None:
        for canceller in self._opened:
            canceller.close()


@contextmanager
def world_of(database: Database, script: Script) -> Iterator[World]:
    telnyx = ScriptedTelnyx(script)
    world = World(database, telnyx)
    yield world
    world.close()
    telnyx.stop()
