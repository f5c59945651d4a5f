"""Telnyx in a box: the account, its clock, its webhooks and its faults, behind one lock.

Knows nothing of HTTP; ``api`` and ``admin`` translate. All state is in memory.
"""

import random
import threading
import time
import uuid
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from simulator.account import Account, distinct
from simulator.addresses import is_web_address
from simulator.blocks import keyword_of
from simulator.clock import Clock
from simulator.events import IncomingText
from simulator.faults import FaultBook
from simulator.messages import JsonObject
from simulator.settings import Settings
from simulator.signing import SigningKey
from simulator.traffic import RequestLog, TokenBucket
from simulator.webhooks import Courier

BY_KEYWORD = "by keyword"
"""Stands for an ``autoresponse_type`` that follows from the text."""


class Simulator:
    """The simulated account, safe to use from many threads.

    Given a seed, all its ids, keys and chances repeat. It works as it stands when
    ``tick`` is called by hand; ``start`` gives it a thread that ticks when something
    is due.
    """

    def __init__(
        self,
        *,
        clock: Clock | None = None,
        seed: int | None = None,
        webhook_url: str | None = None,
        webhook_failover_url: str | None = None,
        settings: Settings | None = None,
    ) -> None:
        self._settings = settings or Settings()
        # Ids and faults must repeat from a seed, which a secure source cannot do; the key does not come from here.
        self._chance = random.Random(seed)  # noqa: S311 - see above
        self._changed = threading.Condition(threading.RLock())
        self._timekeeper: threading.Thread | None = None
        self._bucket: TokenBucket | None = None
        self.stopping = threading.Event()
        self.clock = clock or Clock()
        self.key = SigningKey(seed)
        self.requests = RequestLog()
        self.faults = FaultBook(random.Random(self._chance.random()))  # noqa: S311 - see above
        self._courier = Courier(key=self.key, faults=self.faults, settings=lambda: self._settings)
        self._account = Account(
            courier=self._courier,
            settings=lambda: self._settings,
            new_id=self._new_id,
            created_at=self.clock.now(),
        )
        urls = {"webhook_url": webhook_url, "webhook_failover_url": webhook_failover_url}
        self.configure({name: url for name, url in urls.items() if url is not None})

    def send(self, body: object, *, must_schedule: bool = False) -> JsonObject:
        """``POST /v2/messages``: accept a message, for now or for later; raises ``RefusedError``."""
        with self._changed:
            message = self._account.send(body, now=self.clock.now(), must_schedule=must_schedule)
            self._changed.notify_all()
            return message.as_telnyx()

    def retrieve(self, message_id: str) -> JsonObject:
        """``GET /v2/messages/{id}``; raises ``RefusedError`` when it is unknown or too old."""
        with self._changed:
            return self._account.retrieve(message_id, now=self.clock.now())

    def cancel(self, message_id: str) -> JsonObject:
        """``DELETE /v2/messages/{id}``; raises ``RefusedError`` when it is too late, or unknown."""
        with self._changed:
            return self._account.cancel(message_id, now=self.clock.now())

    def profile(self, profile_id: str) -> JsonObject:
        """``GET /v2/messaging_profiles/{id}``; raises ``RefusedError`` when it is unknown."""
        with self._changed:
            return self._account.profile(profile_id)

    def profiles(self) -> list[JsonObject]:
        """List the rows of ``GET /v2/messaging_profiles``."""
        with self._changed:
            return self._account.all_profiles()

    def optouts(self) -> list[JsonObject]:
        """List the rows of ``GET /v2/messaging_optouts``: the block rules in force."""
        with self._changed:
            return self._account.optouts()

    def inbound(
        self,
        *,
        sender: str,
        to: str,
        text: str,
        messaging_profile_id: str | None = None,
        occurred_at: datetime | None = None,
        event_id: str | None = None,
        autoresponse_type: str | None = BY_KEYWORD,
    ) -> JsonObject:
        """Let somebody text one of the account's numbers; returns the event.

        ``autoresponse_type`` is what Telnyx makes of the text, None included, if not
        what its keyword says.
        """
        incoming = IncomingText(
            sender=sender,
            to=to,
            text=text,
            messaging_profile_id=messaging_profile_id,
            event_id=event_id,
            autoresponse_type=keyword_of(text) if autoresponse_type == BY_KEYWORD else autoresponse_type,
        )
        with self._changed:
            return self._account.receive(incoming, now=occurred_at or self.clock.now())

    def emit(self, data: JsonObject, *, webhook_urls: tuple[str | None, ...] = ()) -> JsonObject:
        """Deliver any ``data`` object whatever, signed, to these URLs or else to the account's.

        Raises ``ValueError`` for something that is no URL.
        """
        if not all(is_web_address(url) for url in distinct(*webhook_urls)):
            raise ValueError("A webhook goes to an http or https URL.")
        settings = self._settings
        urls = distinct(*webhook_urls) or distinct(settings.webhook_url, settings.webhook_failover_url)
        return self._courier.submit(data, urls).as_record()

    @property
    def settings(self) -> Settings:
        """The settings in force."""
        return self._settings

    @property
    def bucket(self) -> TokenBucket | None:
        """The rate limit on API requests, if there is one."""
        return self._bucket

    def configure(self, changes: Mapping[str, Any]) -> Settings:
        """Change settings; ``profiles`` maps profile ids to their changes. Raises ``ValueError``."""
        with self._changed:
            settings = self._settings.changed({k: v for k, v in changes.items() if k != "profiles"})
            self._account.profiles.change(changes.get("profiles", {}))
            self._settings = settings
            rate = self._settings.rate_limit
            self._bucket = None if rate is None else TokenBucket(rate, self._settings.rate_burst)
            return self._settings

    def messages(self) -> list[JsonObject]:
        """Every outbound message with the history of its statuses, oldest first."""
        with self._changed:
            return [message.as_record() for message in self._account.messages()]

    def message(self, message_id: str) -> JsonObject:
        """One outbound message with the history of its statuses; raises ``RefusedError``."""
        with self._changed:
            return self._account.find(message_id, now=self.clock.now()).as_record()

    def deliveries(self) -> list[JsonObject]:
        """Every webhook so far, with its attempts and how they were answered."""
        return [delivery.as_record() for delivery in self._courier.deliveries()]

    def delivery_records(self) -> list[JsonObject]:
        """List the rows of ``GET /v2/webhook_deliveries``: those that have ended, newest first."""
        ended = [delivery for delivery in self._courier.deliveries() if delivery.has_ended()]
        return [delivery.as_telnyx() for delivery in reversed(ended)]

    def advance(self, by: timedelta) -> datetime:
        """Move the clock ahead; what falls due is done by the thread, or by the next ``tick``."""
        with self._changed:
            now = self.clock.advance(by)
            self._changed.notify_all()
            return now

    def set_speed(self, speed: float) -> None:
        """Run the clock at another speed."""
        with self._changed:
            self.clock.set_speed(speed)
            self._changed.notify_all()

    def tick(self) -> int:
        """Do everything that is due, one step at a time so that requests get in between; says how many."""
        done = 0
        while True:
            with self._changed:
                if self.stopping.is_set() or not self._account.sending.step(self.clock.now()):
                    self._changed.notify_all()
                    return done
            done += 1

    def settle(self, timeout: float = 10.0) -> bool:
        """Wait until what was sent is final and every webhook has ended; False if the time was too short."""
        until = time.monotonic() + timeout
        with self._changed:
            calm = self._changed.wait_for(self._is_calm, timeout)
        return calm and self._courier.settle(max(0.0, until - time.monotonic()))

    def start(self) -> None:
        """Let a thread do what is due."""
        self._timekeeper = threading.Thread(target=self._keep_time, name="simulator clock", daemon=True)
        self._timekeeper.start()

    def stop(self) -> None:
        """End the threads; whatever hangs or waits is let go."""
        with self._changed:
            self.stopping.set()
            self._changed.notify_all()
        if self._timekeeper is not None:
            self._timekeeper.join()
        self._courier.close()

    def _keep_time(self) -> None:
        while not self.stopping.is_set():
            self.tick()
            with self._changed:
                wait = self.clock.real_seconds_until(self._account.sending.next_at())
                if not self.stopping.is_set() and wait != 0:
                    self._changed.wait(wait)

    def _is_calm(self) -> bool:
        sending = self._account.sending
        next_at = sending.next_at()
        return sending.in_flight == 0 and (next_at is None or next_at > self.clock.now())

    def _new_id(self) -> str:
        return str(uuid.UUID(int=self._chance.getrandbits(128), version=4))
