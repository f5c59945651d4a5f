"""How fast a worker turns accepted events into state, history, consent and decisions."""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import rq
from rq.serializers import JSONSerializer

from bench import backlog, databases, serving, targets
from rescind.valkey import Valkey
from store.bell import connect
from store.engine import Database

DRAIN, TWO, JOBS, BULK = "drain", "drain, two processes", "a job per event", "same rows in bulk"
#: A job per event is slow, so it gets a part of the events.
_JOBS_SHARE = 10


@dataclass(frozen=True)
class Run:
    """What one way of draining came to in one round."""

    rate: float
    peak_mb: float


def main(arguments: list[str]) -> int:
    """Measure in interleaved rounds, print medians beside the targets, and return 1 when a target is missed."""
    parser = argparse.ArgumentParser(prog="python -m bench apply", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--events", type=int, default=10_000, help="how many events wait in each round")
    options = parser.parse_args(arguments)
    seen: dict[str, dict[str, list[Run]]] = {}
    with ExitStack() as stack:
        directory = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="rescind-bench-")))
        valkey = Valkey(directory / "valkey")
        valkey.start()
        stack.callback(valkey.stop)
        servers = {"SQLite": None, "PostgreSQL": stack.enter_context(serving.postgresql(directory))}
        for number in range(options.rounds):
            print(f"round {number + 1} of {options.rounds}", file=sys.stderr)
            for kind, server in servers.items():
                make = _maker(directory / f"{kind}-{number}", server)
                for name, run in _round(make, options.events, valkey.url).items():
                    seen.setdefault(kind, {}).setdefault(name, []).append(run)
        memory = _memory(_maker(directory / "memory", None), options.events)
    return _report(seen, memory)


def _maker(path: Path, server: str | None) -> Callable[[str, int], str]:
    def make(name: str, events: int) -> str:
        url = databases.create(path.with_name(f"{path.name}-{name}.db"), server)
        database = Database(url)
        backlog.fill(database, events)
        database.dispose()
        return url

    return make


def _round(make: Callable[[str, int], str], events: int, redis_url: str) -> dict[str, Run]:
    drained = make("drain", events)
    jobs = make("jobs", events // _JOBS_SHARE)
    both = make("two", events)
    with connect(redis_url) as connection:
        queue = rq.Queue("bench", connection=connection, serializer=JSONSerializer)
        for _ in range(events // _JOBS_SHARE):
            queue.enqueue("bench.drainer.apply_one", jobs, result_ttl=0, description="")
    return {
        DRAIN: _drained(drained, processes=1),
        JOBS: _run([("jobs", redis_url)]),
        TWO: _drained(both, processes=2),
        BULK: _run([("bulk", drained)]),
    }


def _drained(url: str, *, processes: int) -> Run:
    starts_at = str(time.time() + 3)
    return _run([("drain", url, starts_at)] * processes)


def _run(commands: list[tuple[str, ...]]) -> Run:
    """Run drainers side by side; they are as slow as the slowest."""
    started = [
        subprocess.Popen([sys.executable, "-m", "bench.drainer", *command], cwd=serving.ROOT, stdout=subprocess.PIPE)
        for command in commands
    ]
    told = [json.loads(process.communicate()[0]) for process in started]
    seconds = max(each["seconds"] for each in told)
    return Run(sum(each["events"] for each in told) / seconds, max(each["peak_mb"] for each in told))


def _memory(make: Callable[[str, int], str], events: int) -> dict[int, float]:
    """Return the peak memory of draining a backlog, and one ten times as long."""
    return {count: _drained(make(str(count), count), processes=1).peak_mb for count in (events // 5, events * 2)}


def _report(seen: Mapping[str, Mapping[str, list[Run]]], memory: Mapping[int, float]) -> int:
    kept = []
    for kind, ways in seen.items():
        rates = {name: statistics.median(run.rate for run in runs) for name, runs in ways.items()}
        rounds = len(ways[DRAIN])
        print(f"\n{kind}, medians of {rounds} interleaved rounds")
        print(f"{'':34}{'events/s':>9}{'of bulk':>9}{'of jobs':>9}{'peak MB':>9}")
        for name, runs in ways.items():
            peak = max(run.peak_mb for run in runs)
            of_bulk, of_jobs = rates[name] / rates[BULK], rates[name] / rates[JOBS]
            print(f"{name:34}{rates[name]:9.0f}{of_bulk:9.2f}{of_jobs:9.1f}{peak:9.0f}")
        kept.append(targets.target(f"{kind}: times a job per event", rates[DRAIN] / rates[JOBS], at_least=15.0))
        if kind == "PostgreSQL":
            kept.append(targets.target("PostgreSQL: two processes to one", rates[TWO] / rates[DRAIN], at_least=1.6))
    (few, at_few), (many, at_many) = sorted(memory.items())
    print(f"\npeak memory with {few} events waiting {at_few:.0f} MB, with {many} {at_many:.0f} MB")
    kept.append(targets.target("memory, ten times the backlog", at_many / at_few, at_most=1.1))
    return 0 if all(kept) else 1
