"""Telnyx's deliveries: three attempts at the primary, three at the failover, then an entry in a list."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from tests import telnyx_signing

ATTEMPTS_PER_URL = 3
ATTEMPTS = 2 * ATTEMPTS_PER_URL


class DeliveryState(StrEnum):
    """How far a delivery has come."""

    WAITING = "waiting"
    DELIVERED = "delivered"
    FAILED = "failed"


@dataclass
class Delivery:
    """One event on its way to us."""

    data: dict[str, Any]
    made_at: datetime
    attempts: int = 0
    state: DeliveryState = DeliveryState.WAITING
    finished_at: datetime | None = None

    @property
    def event_id(self) -> str:
        return str(self.data["id"])

    @property
    def goes_to_failover(self) -> bool:
        return self.attempts >= ATTEMPTS_PER_URL

    def signed(self, at: datetime) -> tuple[bytes, dict[str, str]]:
        """The next attempt, as it goes over the wire."""
        body = json.dumps({"data": self.data, "meta": {"attempt": self.attempts + 1}}).encode()
        return body, telnyx_signing.headers(body, at)

    def attempted(self, status: int | None, at: datetime) -> None:
        """Note how an attempt was answered; Telnyx goes by that alone."""
        if self.state is not DeliveryState.WAITING:
            return
        self.attempts += 1
        if status is not None and 200 <= status < 300:
            self.state, self.finished_at = DeliveryState.DELIVERED, at
        elif self.attempts == ATTEMPTS:
            self.state, self.finished_at = DeliveryState.FAILED, at


def listed(deliveries: Sequence[Delivery], query: dict[str, str]) -> dict[str, Any]:
    """A page of the list of deliveries that have ended."""
    since, until = (datetime.fromisoformat(query[f"filter[finished_at][{end}]"]) for end in ("gte", "lte"))
    found = [
        {"status": each.state.value, "webhook": each.data}
        for each in deliveries
        if each.state == query["filter[status][eq]"] and each.finished_at and since <= each.finished_at <= until
    ]
    size, number = int(query["page[size]"]), int(query["page[number]"])
    return {"data": found[(number - 1) * size : number * size], "meta": {"total_pages": -(-len(found) // size)}}
