"""How long after a signed STOP was posted the DELETE that follows from it is at Telnyx, through processes at rest."""

from __future__ import annotations

import argparse
import random
import socket
import sys
import tempfile
import time
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path

from bench import cancel, crew, databases, serving, signing, targets
from bench.box import Options
from rescind.valkey import Valkey
from store.engine import Database

_MINUTES = 60.0
#: Between one STOP and the next all comes to rest, at no regular beat.
_SHORTEST, _LONGEST = 0.1, 0.3
_WARMING = 5


def main(arguments: list[str]) -> int:
    """Measure on each database, print the percentiles, and return 1 when a target is missed."""
    parser = argparse.ArgumentParser(prog="python -m bench latency", description=__doc__)
    parser.add_argument("--stops", type=int, default=300)
    parser.add_argument("--database", choices=["SQLite", "PostgreSQL"], action="append")
    options = parser.parse_args(arguments)
    kinds = options.database or ["SQLite", "PostgreSQL"]
    kept = []
    with ExitStack() as stack:
        directory = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="rescind-bench-")))
        server = stack.enter_context(serving.postgresql(directory)) if "PostgreSQL" in kinds else None
        for kind in kinds:
            folder = directory / kind
            folder.mkdir()
            url = databases.create(folder / f"{kind}_latency.db", server if kind == "PostgreSQL" else None)
            kept += _report(kind, _measured(url, folder, options.stops))
    return 0 if all(kept) else 1


def _measured(url: str, folder: Path, stops: int) -> tuple[list[float], list[float]]:
    """Return, sorted and in milliseconds, after how long the DELETE was at Telnyx, and the webhook answered."""
    with ExitStack() as stack:
        asked = Options(stops + _WARMING, first_in=_MINUTES * 60, over=_MINUTES * 60, latency=0.0)
        box = stack.enter_context(crew.boxed(asked))
        valkey = Valkey(folder / "valkey")
        valkey.start()
        stack.callback(valkey.stop)
        database = Database(url)
        cancel.register(database, box)
        database.dispose()
        environment = {
            **box.environment,
            "TELNYX_PUBLIC_KEY": signing.PUBLIC_KEY,
            "DATABASE_URL": url,
            "REDIS_URL": valkey.url,
            "RESCIND_CANCEL_RATE": "1000",
        }
        port = stack.enter_context(serving.server("webhook_app:create_app()", environment, log=folder / "web.log"))
        stack.enter_context(crew.running(["worker", "sweeper"], environment, folder=folder))
        posted: dict[str, float] = {}
        answered: list[float] = []
        for of, to, _ in box.scheduled:
            posted[of], took = _post(port, signing.request(signing.stop(to)))
            answered.append(took)
            time.sleep(random.uniform(_SHORTEST, _LONGEST))
        crew.wait_for(lambda: box.seen()["statuses"].get("cancelled", 0) == len(posted), 30)
        requests = box.seen()["requests"]
        arrived = {path.rsplit("/", 1)[-1]: _seconds(at) for method, path, at, _ in requests if method == "DELETE"}
        took_to_delete = [(arrived[of] - at) * 1000 for of, at in posted.items()]
        return sorted(took_to_delete[_WARMING:]), sorted(each * 1000 for each in answered[_WARMING:])


def _post(port: int, request: bytes) -> tuple[float, float]:
    """Post a webhook; return when it was posted, and how many seconds the answer took."""
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        at = datetime.now(UTC).timestamp()
        connection.sendall(request)
        head = connection.recv(65536)
        took = datetime.now(UTC).timestamp() - at
    if not head.startswith(b"HTTP/1.1 200"):
        raise RuntimeError(f"the receiver answered {head[:80]!r}")
    return at, took


def _seconds(told: str) -> float:
    return datetime.fromisoformat(told).timestamp()


def _report(kind: str, measured: tuple[list[float], list[float]]) -> list[bool]:
    deleted, answered = measured
    p50, p99 = _percentile(deleted, 50), _percentile(deleted, 99)
    print(f"\n{kind}: {len(deleted)} STOPs, each answered after {_percentile(answered, 50):.1f} ms (p50)")
    sys.stdout.flush()
    return [
        targets.target("STOP to DELETE, p50 in ms", p50, at_most=25),
        targets.target("STOP to DELETE, p99 in ms", p99, at_most=150),
        targets.target("STOP to DELETE, slowest in ms", deleted[-1], at_most=2000),
    ]


def _percentile(ordered: list[float], percent: int) -> float:
    return ordered[min(len(ordered) * percent // 100, len(ordered) - 1)]
