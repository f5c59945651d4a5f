"""A simulated Telnyx as a process of its own, ``python -m bench.box OPTIONS``, with messages scheduled beforehand.

Prints where it listens and what it holds as one line of JSON; each further line on its stdin asks for what it saw.
"""

from __future__ import annotations

import json
import random
import sys
from collections import Counter
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import simulator
from simulator import RunningSimulator

_SENDER = "+13125550001"


@dataclass(frozen=True)
class Options:
    """What is scheduled, and how it answers."""

    messages: int
    first_in: float
    """Seconds from now until the first message is to be sent."""
    over: float
    """Seconds between the first and the last."""
    latency: float = 0.15
    rate_limit: float | None = None
    webhook_url: str | None = None


def command(options: Options) -> list[str]:
    """Return the command that runs it."""
    return [sys.executable, "-m", "bench.box", json.dumps(asdict(options))]


def main(raw: str) -> None:
    """Schedule, listen, and answer questions until stdin ends."""
    options = Options(**json.loads(raw))
    with simulator.running() as box:
        scheduled = _schedule(box, options)
        # A second's requests may come at once: the limit is one by the second.
        box.configure(
            latency=options.latency,
            rate_limit=options.rate_limit,
            rate_burst=options.rate_limit or 10.0,
            webhook_url=options.webhook_url,
        )
        _tell({"base_url": box.base_url, "url": box.url, "public_key": box.public_key, "scheduled": scheduled})
        for _ in sys.stdin:
            _tell(_seen(box))


def _schedule(box: RunningSimulator, options: Options) -> list[tuple[str, str, str]]:
    now = datetime.now(UTC)
    order = list(range(options.messages))
    random.Random(7).shuffle(order)
    scheduled = []
    for number in order:
        at = now + timedelta(seconds=options.first_in + options.over * number / options.messages)
        to = f"+1555{number:07d}"
        scheduled.append((box.schedule(to=to, send_at=at, sender=_SENDER)["id"], to, at.isoformat()))
    return scheduled


def _seen(box: RunningSimulator) -> dict[str, Any]:
    requests = [(each["method"], each["path"], each["at"], each["status"]) for each in box.requests()]
    return {"requests": requests, "statuses": Counter(each["to"][0]["status"] for each in box.messages())}


def _tell(what: dict[str, Any]) -> None:
    print(json.dumps(what), flush=True)


if __name__ == "__main__":
    main(sys.argv[1])
