"""How long it takes to find what comes next, and to count it all, in a ledger that holds very many messages."""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path

import sqlalchemy as sa

from bench import databases, registered, serving, targets
from core.deadlines import LAST_LOOK, WALL
from core.policies.catalogue import rules
from core.scopes import Scope
from ledger import balance, breaches, forecasting, leading, reviewing
from store import cancellations, due, reviews
from store.engine import Database
from store.sums import ALL

_SIZES = (1000, 100_000, 1_000_000)
_BATCH = 100
_RATE = 20
_CLAIM = "next due cancellations, leased"

Work = Callable[[sa.Connection, datetime], object]

_RULES = rules()


def main(arguments: list[str]) -> int:
    """Measure on each database and size, print medians, and return 1 when the target is missed."""
    parser = argparse.ArgumentParser(prog="python -m bench ledger", description=__doc__)
    parser.add_argument("--messages", type=int, action="append", help="how many are registered; again for more sizes")
    parser.add_argument("--database", choices=["SQLite", "PostgreSQL"], action="append")
    parser.add_argument("--rounds", type=int, default=9)
    options = parser.parse_args(arguments)
    sizes, kinds = options.messages or _SIZES, options.database or ["SQLite", "PostgreSQL"]
    seen: dict[str, dict[str, float]] = {}
    with ExitStack() as stack:
        directory = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="rescind-bench-")))
        server = stack.enter_context(serving.postgresql(directory)) if "PostgreSQL" in kinds else None
        for kind in kinds:
            for size in sizes:
                path = directory / f"{kind}_{size}.db"
                seen[f"{kind}, {size:,}"] = _measured(
                    path, server if kind == "PostgreSQL" else None, size, options.rounds
                )
                path.unlink(missing_ok=True)
    return _report(seen)


def _measured(path: Path, server: str | None, size: int, rounds: int) -> dict[str, float]:
    database = Database(databases.create(path, server))
    began = time.perf_counter()
    now = registered.fill(database, size)
    print(f"{path.stem}: filled in {time.perf_counter() - began:.0f} s", file=sys.stderr)
    _call_for_review(database, now)
    try:
        return {name: _median(database, work, now, rounds) for name, work in _works().items()}
    finally:
        database.dispose()


def _works() -> dict[str, Work]:
    soon = timedelta(minutes=10)
    return {
        _CLAIM: lambda connection, now: cancellations.claim(
            connection, now=now, limit=_BATCH, lease=timedelta(seconds=30), token="bench"
        ),
        "how many are due, and when the next": lambda connection, now: (
            cancellations.due_count(connection, now=now, limit=64),
            cancellations.next_due_at(connection),
        ),
        "next of a review, decided on": lambda connection, now: reviewing.review(
            connection, _RULES, now=now, limit=_BATCH
        ),
        "next last looks, found": lambda connection, now: due.awaiting_last_look(
            connection, until=now + soon + LAST_LOOK + WALL, limit=_BATCH
        ),
        "next to release, found": lambda connection, now: due.for_release(connection, until=now, limit=_BATCH),
        "the sums": lambda connection, _: balance.balance(connection),
        "the sums of a page of campaigns": lambda connection, _: balance.by_campaign(connection, ALL, limit=50),
        "the sums of a page of days": lambda connection, _: balance.by_day(connection, ALL, limit=50),
        "what stands beside them": lambda connection, now: balance.beside(connection, now=now),
        "a page of breaches": lambda connection, _: breaches.listed(connection, limit=100),
        "the forecast": lambda connection, now: forecasting.look(connection, rate=_RATE).forecast(now),
        "how early to look at crowds": lambda connection, now: leading.look(connection, rate=_RATE, now=now),
    }


def _call_for_review(database: Database, now: datetime) -> None:
    with database.begin() as connection:
        reviews.request(connection, Scope.CAMPAIGN, "campaign-7", event_id="bench", known_at=now)


def _median(database: Database, work: Work, now: datetime, rounds: int) -> float:
    """Return the median in milliseconds; the first time is not counted, and nothing is kept of any."""
    took = []
    for _ in range(rounds + 1):
        with database.begin() as connection:
            began = time.perf_counter()
            work(connection, max(now, datetime.now(UTC)))
            took.append((time.perf_counter() - began) * 1000)
            connection.rollback()
    return statistics.median(took[1:])


def _report(seen: dict[str, dict[str, float]]) -> int:
    names = list(next(iter(seen.values())))
    width = max(map(len, seen)) + 2
    print(f"\nmedians in milliseconds, {_BATCH} at a time\n{'':38}" + "".join(f"{where:>{width}}" for where in seen))
    for name in names:
        print(f"{name:38}" + "".join(f"{times[name]:{width}.1f}" for times in seen.values()))
    print()
    kept = [targets.target(f"{where}: claim", times[_CLAIM], at_most=20) for where, times in seen.items()]
    return 0 if all(kept) else 1
