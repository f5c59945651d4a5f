"""How much longer a call takes through the door than straight to Telnyx, which is a simulator on the same machine."""

from __future__ import annotations

import argparse
import http.client
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from bench import databases, serving, signing, targets

_KEY = "KEY-of-a-benchmark"
_MOST = 5.0
_OURS = "webhook_app:create_app()"


class _Caller:
    """One application with one connection that it keeps."""

    def __init__(self, port: int) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        self._connection.connect()
        self._headers = {"Authorization": f"Bearer {_KEY}", "Content-Type": "application/json"}

    def call(self, method: str, path: str, body: bytes | None = None) -> tuple[float, bytes]:
        """Return how many milliseconds a call took, and its answer."""
        began = time.perf_counter()
        self._connection.request(method, path, body, self._headers)
        answer = self._connection.getresponse()
        told = answer.read()
        took = time.perf_counter() - began
        if answer.status != http.HTTPStatus.OK:
            raise SystemExit(f"{method} {path}: {answer.status} {told.decode()}")
        return took * 1000, told


def main(arguments: list[str]) -> int:
    """Measure call by call in turns, print medians beside the target, and return 1 when it is missed."""
    parser = argparse.ArgumentParser(prog="python -m bench door", description=__doc__)
    parser.add_argument("--calls", type=int, default=300, help="of each kind, over each database")
    options = parser.parse_args(arguments)
    print(f"{'':34}{'straight p50':>13}{'door p50':>10}{'p99':>8}{'added p50':>11}   ms")
    kept = []
    with ExitStack() as stack:
        directory = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="rescind-bench-")))
        telnyx = stack.enter_context(_simulator(directory))
        server = stack.enter_context(serving.postgresql(directory))
        for kind in ("SQLite", "PostgreSQL"):
            url = databases.create(directory / f"door-{kind}.db", server if kind == "PostgreSQL" else None)
            chosen = {
                "DATABASE_URL": url,
                "TELNYX_PUBLIC_KEY": signing.PUBLIC_KEY,
                "TELNYX_API_KEY": _KEY,
                "TELNYX_BASE_URL": f"http://127.0.0.1:{telnyx}/v2",
                "REDIS_URL": f"redis://127.0.0.1:{stack.enter_context(serving.silent_server())}/0",
            }
            port = stack.enter_context(serving.server(_OURS, chosen, log=directory / f"{kind}.log"))
            kept += [
                targets.target(f"{kind}, {name}: added p50 in ms", added, at_most=_MOST)
                for name, added in _measured(kind, _Caller(telnyx), _Caller(port), options.calls).items()
            ]
    return 0 if all(kept) else 1


def _measured(kind: str, straight: _Caller, door: _Caller, calls: int) -> dict[str, float]:
    """Return by how much the median of each kind of call is longer through the door."""
    added: dict[str, float] = {}
    for name in ("send at once", "schedule", "look"):
        took: dict[_Caller, list[float]] = {straight: [], door: []}
        for number in range(calls + calls // 10):
            # In turns, so that whatever else the machine does is done to both.
            for caller in (straight, door) if number % 2 else (door, straight):
                took[caller].append(_one(name, caller, number))
        plain, ours = (sorted(took[caller][calls // 10 :]) for caller in (straight, door))
        added[name] = statistics.median(ours) - statistics.median(plain)
        figures = f"{statistics.median(plain):13.1f}{statistics.median(ours):10.1f}{ours[len(ours) * 99 // 100]:8.1f}"
        print(f"{f'{kind}, {name}':34}{figures}{added[name]:11.1f}")
    return added


def _one(name: str, caller: _Caller, number: int) -> float:
    asked = {"from": "+15557650900", "to": f"+1555123{number:04d}", "text": "Spring sale, today only."}
    if name != "send at once":
        asked["send_at"] = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
    took, told = caller.call("POST", "/v2/messages", json.dumps(asked).encode())
    if name == "look":
        took, _ = caller.call("GET", f"/v2/messages/{json.loads(told)['data']['id']}")
    return took


@contextmanager
def _simulator(directory: Path) -> Iterator[int]:
    """Run the simulator as a process of its own, and yield its port."""
    port = serving.free_port()
    command = [sys.executable, "-m", "rescind", "simulate", "--port", str(port)]
    with (directory / "simulator.log").open("wb") as log:
        process = subprocess.Popen(command, cwd=serving.ROOT, stdout=log, stderr=log)
    try:
        _wait_for(port)
        yield port
    finally:
        process.terminate()
        process.wait(timeout=30)


def _wait_for(port: int) -> None:
    until = time.monotonic() + 20
    while True:
        try:
            _Caller(port)
        except OSError:
            if time.monotonic() > until:
                raise
            time.sleep(0.1)
        else:
            return
