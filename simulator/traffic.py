"""The API requests that came in: a log of all, and a limit on how many."""

import threading
import time
from collections import deque
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from simulator.messages import JsonObject, moment

_REMEMBERED = 100_000


@dataclass(slots=True)
class Request:
    """One request to ``/v2``; its status is None until it is answered, and stays so if it never is."""

    method: str
    path: str
    body: Any
    at: datetime
    status: int | None = None

    def as_record(self) -> JsonObject:
        """Give the request as the admin API shows it; tokens are not kept."""
        return {
            "method": self.method,
            "path": self.path,
            "body": self.body,
            "at": moment(self.at),
            "status": self.status,
        }


class RequestLog:
    """The last hundred thousand requests."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._requests: deque[Request] = deque(maxlen=_REMEMBERED)

    def add(self, request: Request) -> Request:
        """Remember a request."""
        with self._lock:
            self._requests.append(request)
        return request

    def as_json(self) -> list[JsonObject]:
        """All requests, in the order they came."""
        with self._lock:
            return [request.as_record() for request in self._requests]


@dataclass(frozen=True, slots=True)
class Allowance:
    """What the rate limit says to one request."""

    granted: bool
    limit: int
    remaining: int
    #: Whole seconds, as in ``x-ratelimit-reset``.
    reset: int

    def headers(self) -> dict[str, str]:
        """Give the three headers Telnyx sends along."""
        return {
            "x-ratelimit-limit": str(self.limit),
            "x-ratelimit-remaining": str(self.remaining),
            "x-ratelimit-reset": str(self.reset),
        }


class TokenBucket:
    """A rate limit in real time: ``burst`` requests at once, ``rate`` a second after that."""

    def __init__(self, rate: float, burst: float) -> None:
        self._lock = threading.Lock()
        self._rate = rate
        self._burst = max(burst, 1.0)
        self._tokens = self._burst
        self._filled = time.monotonic()

    def take(self) -> Allowance:
        """Spend one token, if there is one."""
        with self._lock:
            now = time.monotonic()
            self._tokens = min(self._burst, self._tokens + (now - self._filled) * self._rate)
            self._filled = now
            granted = self._tokens >= 1
            self._tokens -= granted
            missing = max(0.0, 1 - self._tokens)
            reset = int(-(-missing // self._rate)) if self._rate else 1
            return Allowance(granted, int(self._burst), int(self._tokens), reset)
