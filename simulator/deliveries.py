"""The record of one event's delivery.

Times here are real, not the simulator's: they are those of the network.
"""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from simulator.messages import JsonObject

_FAILED_ATTEMPT = 75499
_USER_ID = "0ccc7b54-4df3-4bca-a65a-3da1ecc777f0"


def now_text() -> str:
    """Write the real present as Telnyx writes times."""
    return datetime.now(UTC).isoformat(timespec="milliseconds")


class DeliveryState(StrEnum):
    """How far the delivery of one event has come."""

    PENDING = "pending"
    DELIVERED = "delivered"
    #: Every attempt on every URL failed.
    FAILED = "failed"
    #: A fault rule swallowed the event.
    DROPPED = "dropped"
    #: There is no URL to send it to.
    NO_URL = "no_url"
    #: The only URLs there are lead away from this machine.
    REFUSED = "refused"


@dataclass(slots=True)
class Delivery:
    """One event on its way, with every attempt made so far."""

    event: JsonObject
    urls: Sequence[str]
    state: DeliveryState = DeliveryState.PENDING
    attempts: list[dict[str, Any]] = field(default_factory=list)
    url_index: int = 0
    #: Counts from 1 on each URL, as ``meta.attempt`` does.
    attempt: int = 1
    id: str = field(default_factory=lambda: str(uuid.uuid4()))
    created_at: str = field(default_factory=now_text)

    def as_record(self) -> JsonObject:
        """Give the delivery as the admin API shows it."""
        return {
            "event": self.event,
            "urls": list(self.urls),
            "state": self.state.value,
            "attempts": list(self.attempts),
        }

    def has_ended(self) -> bool:
        """Whether it was sent anywhere, and nothing more will be."""
        return self.state in {DeliveryState.DELIVERED, DeliveryState.FAILED, DeliveryState.DROPPED}

    def as_telnyx(self) -> JsonObject:
        """Give the row of ``GET /v2/webhook_deliveries``: the whole event, and the attempts, newest first.

        https://developers.telnyx.com/api-reference/webhooks/list-webhook-deliveries
        """
        status = "delivered" if self.state is DeliveryState.DELIVERED else "failed"
        return {
            "id": self.id,
            "user_id": _USER_ID,
            "record_type": "webhook_delivery",
            "status": status,
            "webhook": self.event,
            "started_at": self.attempts[0]["at"] if self.attempts else self.created_at,
            "finished_at": self.attempts[-1]["finished_at"] if self.attempts else self.created_at,
            "attempts": [_attempt_as_telnyx(attempt) for attempt in reversed(self.attempts)],
        }


def _attempt_as_telnyx(attempt: Mapping[str, Any]) -> JsonObject:
    headers = [["Content-Type", "application/json"], ["User-Agent", "telnyx-webhooks"]]
    answered = attempt["status"] is not None
    return {
        "status": "delivered" if attempt["delivered"] else "failed",
        "started_at": attempt["at"],
        "finished_at": attempt["finished_at"],
        "http": {
            "request": {"url": attempt["url"], "headers": headers},
            "response": {"status": attempt["status"], "headers": [], "body": ""} if answered else None,
        },
        "errors": [] if attempt["delivered"] else [_FAILED_ATTEMPT],
    }
