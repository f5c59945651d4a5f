"""How much of a bare Flask POST's rate is left when every event is verified, read and committed before the answer."""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from bench import chains, databases, serving, signing, targets
from rescind.valkey import Valkey

OURS = "webhook_app:create_app()"
CONNECTIONS = 16

BARE = "bare Flask POST"


@dataclass(frozen=True)
class Round:
    """What one client saw in one round."""

    rate: float
    p50: float
    p99: float
    refused: int


def main(arguments: list[str]) -> int:
    """Measure in interleaved rounds, print medians beside the targets, and return 1 when a target is missed."""
    parser = argparse.ArgumentParser(prog="python -m bench receive", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=3.0, help="how long each server is loaded in each round")
    options = parser.parse_args(arguments)
    with ExitStack() as stack:
        directory = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="rescind-bench-")))
        servers = _servers(stack, directory)
        rounds: dict[str, list[Round]] = {name: [] for name in servers}
        for port in servers.values():
            _load(port, 1.0)
        for number in range(options.rounds):
            print(f"round {number + 1} of {options.rounds}", file=sys.stderr)
            for name, port in servers.items():
                rounds[name].append(_load(port, options.seconds))
    return _report(rounds)


def _servers(stack: ExitStack, directory: Path) -> dict[str, int]:
    """Start every server there is to compare and return its port by its name."""
    valkey = Valkey(directory / "valkey")
    valkey.start()
    stack.callback(valkey.stop)
    redis = {"REDIS_URL": valkey.url}
    hung = {"REDIS_URL": f"redis://127.0.0.1:{stack.enter_context(serving.silent_server())}/0"}
    postgresql = stack.enter_context(serving.postgresql(directory))

    def serve(name: str, application: str, environment: Mapping[str, str]) -> int:
        log = directory / f"{name.replace(' ', '-').replace(',', '')}.log"
        return stack.enter_context(serving.server(application, environment, log=log))

    ports = {BARE: serve(BARE, "bench.chains:bare()", {})}
    for kind in ("SQLite", "PostgreSQL"):
        for name, application, more in (
            (f"receiver, {kind}", OURS, redis),
            (f"receiver, {kind}, Redis hung", OURS, hung),
            (f"usual chain, {kind}", "bench.chains:usual()", redis),
        ):
            url = databases.create(directory / f"{len(ports)}.db", postgresql if kind == "PostgreSQL" else None)
            chains.prepare(url)
            environment = {
                "DATABASE_URL": url,
                "TELNYX_PUBLIC_KEY": signing.PUBLIC_KEY,
                "BENCH_PUBLIC_KEY": signing.PUBLIC_KEY,
                **more,
            }
            ports[name] = serve(name, application, environment)
    return ports


def _load(port: int, seconds: float) -> Round:
    command = [sys.executable, "-m", "bench.load", str(port), str(CONNECTIONS), str(seconds)]
    done = subprocess.run(command, cwd=serving.ROOT, check=True, capture_output=True, text=True)
    return Round(**json.loads(done.stdout))


def _report(rounds: Mapping[str, list[Round]]) -> int:
    ceiling = statistics.median(one.rate for one in rounds[BARE])
    print(f"\n{CONNECTIONS} connections, the Procfile's settings, medians of {len(rounds[BARE])} interleaved rounds")
    print(f"{'':34}{'a second':>9}{'of bare':>9}{'p50 ms':>8}{'p99 ms':>8}{'not 200':>9}")
    rates: dict[str, float] = {}
    p99s: dict[str, float] = {}
    for name, seen in rounds.items():
        rates[name] = statistics.median(one.rate for one in seen)
        p50 = statistics.median(one.p50 for one in seen)
        p99s[name] = statistics.median(one.p99 for one in seen)
        refused = sum(one.refused for one in seen)
        print(f"{name:34}{rates[name]:9.0f}{rates[name] / ceiling:9.2f}{p50:8.1f}{p99s[name]:8.1f}{refused:9}")
    print()
    kept = []
    for kind in ("SQLite", "PostgreSQL"):
        ours, hung, usual = (
            rates[name] for name in (f"receiver, {kind}", f"receiver, {kind}, Redis hung", f"usual chain, {kind}")
        )
        kept += [
            targets.target(f"{kind}: of a bare Flask POST", ours / ceiling, at_least=0.40),
            targets.target(f"{kind}: times the usual chain", ours / usual, at_least=2.0),
            targets.target(f"{kind}: with Redis hung, of healthy", hung / ours, at_least=0.90),
            targets.target(f"{kind}: p99 in ms", p99s[f"receiver, {kind}"], at_most=30.0),
        ]
    return 0 if all(kept) else 1
