"""Deliver webhooks as Telnyx does: signed, impatient, three times to each URL.

Each attempt has 2 seconds and only a 2xx answer ends them. After three on one URL
come three on the next. Body, timestamp and signature are made anew for every attempt,
because ``meta`` says which one it is and where it went.
https://developers.telnyx.com/docs/messaging/messages/receiving-webhooks
"""

import json
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

from simulator.addresses import is_loopback
from simulator.deliveries import Delivery, DeliveryState, now_text
from simulator.faults import ATTEMPT_KINDS, EVENT_KINDS, FaultBook, FaultKind, FaultRule
from simulator.lanes import Answer, Connection, Lane
from simulator.messages import JsonObject
from simulator.settings import Settings
from simulator.signing import SigningKey

_REMEMBERED = 100_000


class Courier:
    """Takes events and delivers them in the background, each target in its own lane."""

    def __init__(self, *, key: SigningKey, faults: FaultBook, settings: Callable[[], Settings]) -> None:
        self._key = key
        self._forger = SigningKey()
        self._faults = faults
        self._settings = settings
        self._changed = threading.Condition()
        self._deliveries: deque[Delivery] = deque(maxlen=_REMEMBERED)
        self._pending = 0
        self._lanes: dict[str, Lane] = {}
        self._closed = False

    def submit(self, event: JsonObject, urls: Sequence[str]) -> Delivery:
        """Deliver ``{"data": event}`` to the first of the URLs that takes it."""
        rules = self._faults.strike(EVENT_KINDS, message_id=message_id_of(event), event_type=event.get("event_type"))
        kinds = {rule.kind for rule in rules}
        allowed = [url for url in urls if self._settings().allow_remote_webhooks or is_loopback(url)]
        if FaultKind.DROP in kinds or not allowed:
            unsent = DeliveryState.REFUSED if urls else DeliveryState.NO_URL
            return self._remember(Delivery(event, urls, DeliveryState.DROPPED if allowed else unsent))
        copies = max([1, *(rule.copies for rule in rules if rule.kind is FaultKind.DUPLICATE)])
        deliveries = [self._remember(Delivery(event, allowed)) for _ in range(copies)]
        for delivery in deliveries:
            # Each copy is held for a time of its own.
            self._enqueue(delivery, after=sum(self._held(rule) for rule in rules))
        return deliveries[0]

    def deliveries(self) -> list[Delivery]:
        """Every event taken so far, in that order."""
        with self._changed:
            return list(self._deliveries)

    def settle(self, timeout: float) -> bool:
        """Wait until every delivery has ended; False if some had not within the time."""
        with self._changed:
            return self._changed.wait_for(lambda: self._pending == 0, timeout)

    def close(self) -> None:
        """Stop: attempts under way end, nothing new begins."""
        with self._changed:
            self._closed = True
            lanes = list(self._lanes.values())
        for lane in lanes:
            lane.close()

    def _remember(self, delivery: Delivery) -> Delivery:
        with self._changed:
            self._deliveries.append(delivery)
            self._pending += delivery.state is DeliveryState.PENDING
        return delivery

    def _held(self, rule: FaultRule) -> float:
        if rule.kind is FaultKind.REORDER:
            return self._faults.fraction() * (1.0 if rule.seconds is None else rule.seconds)
        return (rule.seconds or 0.0) if rule.kind is FaultKind.DELAY else 0.0

    def _enqueue(self, delivery: Delivery, *, after: float) -> None:
        parts = urlsplit(delivery.urls[delivery.url_index])
        target = f"{parts.scheme}://{parts.netloc}"
        with self._changed:
            if self._closed:
                return
            lane = self._lanes.get(target) or self._lanes.setdefault(target, Lane(target))
        lane.put(lambda connection: self._make_attempt(delivery, connection), after=after)

    def _make_attempt(self, delivery: Delivery, connection: Connection) -> None:
        settings, url, number = self._settings(), delivery.urls[delivery.url_index], delivery.attempt
        began_at, began = now_text(), time.monotonic()
        answer = self._post(delivery, connection, settings)
        attempt = {
            "attempt": number,
            "url": url,
            "at": began_at,
            "finished_at": now_text(),
            "seconds": round(time.monotonic() - began, 4),
            "delivered": answer.is_success(),
            "status": answer.status,
            "error": answer.error,
        }
        with self._changed:
            delivery.attempts.append(attempt)
            again = self._after(delivery, answer, settings)
            if again is None:
                self._pending -= 1
                self._changed.notify_all()
        if again is not None:
            self._enqueue(delivery, after=again)

    def _post(self, delivery: Delivery, connection: Connection, settings: Settings) -> Answer:
        url = delivery.urls[delivery.url_index]
        rules = self._faults.strike(
            ATTEMPT_KINDS,
            message_id=message_id_of(delivery.event),
            path=url,
            event_type=delivery.event.get("event_type"),
        )
        if any(rule.kind is FaultKind.LOSE for rule in rules):
            return Answer(None, "lost")
        meta = {"attempt": delivery.attempt, "delivered_to": url}
        # Half of a surrogate pair, which no encoding has room for, becomes the escape that JSON has for it.
        body = json.dumps({"data": delivery.event, "meta": meta}, ensure_ascii=False).encode(errors="backslashreplace")
        headers = {
            "Content-Type": "application/json",
            "User-Agent": "telnyx-webhooks",
            **self._signature(body, rules),
        }
        return connection.post(url, body, headers, timeout=settings.webhook_timeout.total_seconds())

    def _signature(self, body: bytes, rules: Sequence[FaultRule]) -> dict[str, str]:
        key = self._forger if any(rule.kind is FaultKind.BAD_SIGNATURE for rule in rules) else self._key
        ages = [3600.0 if rule.seconds is None else rule.seconds for rule in rules if rule.kind is FaultKind.STALE]
        return key.sign(body, int(time.time() - sum(ages)))

    @staticmethod
    def _after(delivery: Delivery, answer: Answer, settings: Settings) -> float | None:
        """Move the delivery on; the seconds until its next attempt, or None when there is none."""
        if answer.is_success():
            delivery.state = DeliveryState.DELIVERED
            return None
        if delivery.attempt < settings.webhook_attempts:
            delivery.attempt += 1
            return settings.webhook_backoff.total_seconds() * 2.0 ** (delivery.attempt - 2)
        if delivery.url_index + 1 < len(delivery.urls):
            delivery.url_index += 1
            delivery.attempt = 1
            return 0.0
        delivery.state = DeliveryState.FAILED
        return None


def message_id_of(event: Mapping[str, Any]) -> str | None:
    """Name the message an event is about; None for events that are about none."""
    payload = event.get("payload")
    return payload.get("id") if isinstance(payload, Mapping) else None
