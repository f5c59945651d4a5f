"""A campaign ended at once: how fast, in which order and how timely its messages are cancelled, by real processes."""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from bisect import bisect_left
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import sqlalchemy as sa

from bench import crew, databases, serving, targets
from bench.box import Options
from bench.crew import Box
from core.campaigns import CampaignStatus
from core.deadlines import WALL
from core.deciding import Rules
from core.outcomes import LedgerState
from ledger import campaigning, registering
from ledger.campaigning import CampaignChange
from ledger.registering import Registration
from rescind.valkey import Valkey
from schemas import message
from store import sums
from store.bell import Bell
from store.engine import Database

_CAMPAIGN = "spring-sale"
_RATE = 200
_UNLIMITED = 1000
_PART = 500
#: Registered at first, this leaves time to do so.
_SPARE = timedelta(minutes=8)


@dataclass(frozen=True)
class Run:
    """What one run came to."""

    cancelled: int
    seconds: float
    busiest_second: int
    """The most requests that left within any second."""
    busiest_arrival: int
    """The most that Telnyx saw within any: whenever it, or the network, stops for a moment, they bunch."""
    refused: int
    """Requests that Telnyx throttled."""
    late: int
    inversion: float
    """How much later to be sent a message was than one that was asked for after it, in seconds, at most."""
    decided_in: float
    memory: tuple[float, float]


def main(arguments: list[str]) -> int:
    """Run on each database with and without a limit, print the figures, and return 1 when a target is missed."""
    parser = argparse.ArgumentParser(prog="python -m bench cancel", description=__doc__)
    parser.add_argument("--messages", type=int, default=2000)
    parser.add_argument("--minutes", type=float, default=None, help="how long before the first deadline it is ended")
    parser.add_argument("--database", choices=["SQLite", "PostgreSQL"], action="append")
    parser.add_argument("--only-limited", action="store_true", help="leave out the run without a limit")
    options = parser.parse_args(arguments)
    kept = []
    with ExitStack() as stack:
        directory = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="rescind-bench-")))
        chosen = options.database or ["SQLite", "PostgreSQL"]
        server = stack.enter_context(serving.postgresql(directory)) if "PostgreSQL" in chosen else None
        for kind in chosen:
            for limit in (_RATE, *([] if options.only_limited else [None])):
                folder = directory / f"{kind}-{limit or 'none'}"
                folder.mkdir()
                url = databases.create(
                    folder / f"{kind}_{limit or 'none'}.db", server if kind == "PostgreSQL" else None
                )
                run = _run(url, folder, options.messages, limit, options.minutes)
                kept += _report(f"{kind}, {f'{limit} requests a second' if limit else 'no limit'}", run, options, limit)
    return 0 if all(kept) else 1


def _run(url: str, folder: Path, count: int, limit: int | None, minutes: float | None) -> Run:
    ahead = _SPARE + WALL + timedelta(seconds=count / 1000)
    asked = Options(count, ahead.total_seconds(), over=max(600.0, count / _RATE * 2), rate_limit=limit)
    with ExitStack() as stack:
        box = stack.enter_context(crew.boxed(asked))
        valkey = Valkey(folder / "valkey")
        valkey.start()
        stack.callback(valkey.stop)
        database = Database(url)
        stack.callback(database.dispose)
        register(database, box)
        rate = str(limit or _UNLIMITED)
        environment = {**box.environment, "DATABASE_URL": url, "REDIS_URL": valkey.url, "RESCIND_CANCEL_RATE": rate}
        pids = stack.enter_context(crew.running(["worker", "sweeper"], environment, folder=folder))
        first = min(datetime.fromisoformat(at) for *_, at in box.scheduled)
        if minutes is not None:
            time.sleep(max(0.0, (first - WALL - timedelta(minutes=minutes) - datetime.now(UTC)).total_seconds()))
        before = crew.resident_mb(pids["worker"])
        ended_at = datetime.now(UTC)
        _end(database, valkey.url, ended_at)
        _wait(database, count, limit)
        return _seen(box, database, ended_at, (before, crew.resident_mb(pids["worker"])))


def register(database: Database, box: Box) -> None:
    """Register everything that the box holds, as one campaign."""
    now = datetime.now(UTC)
    for start in range(0, len(box.scheduled), _PART):
        part = [_registration(*each, now=now) for each in box.scheduled[start : start + _PART]]
        with database.begin() as connection:
            registering.register(connection, part, Rules(()), door="bench", now=now)


def _registration(message_id: str, to: str, send_at: str, *, now: datetime) -> Registration:
    body = {
        "id": message_id,
        "direction": "outbound",
        "from": {"phone_number": "+13125550001"},
        "to": [{"phone_number": to, "status": "scheduled"}],
        "text": "Spring sale",
    }
    return Registration(message.registered(body, send_at=datetime.fromisoformat(send_at), now=now), _CAMPAIGN)


def _end(database: Database, redis_url: str, now: datetime) -> None:
    with database.begin() as connection:
        change = CampaignChange(status=CampaignStatus.ENDED)
        campaigning.change(connection, _CAMPAIGN, change, cause="campaign:bench", now=now)
    Bell(redis_url).ring()


def _wait(database: Database, count: int, limit: int | None) -> None:
    def is_done() -> bool:
        with database.read() as connection:
            stands = sums.stands(connection)
        return not stands[LedgerState.PENDING, None]

    crew.wait_for(is_done, 120 + 3 * count / (limit or _RATE), every=1.0)


def _seen(box: Box, database: Database, ended_at: datetime, memory: tuple[float, float]) -> Run:
    seen = box.seen()
    send_ats = {of: datetime.fromisoformat(at) for of, _, at in box.scheduled}
    asked = [
        (path.rsplit("/", 1)[-1], _moment(at), status)
        for method, path, at, status in seen["requests"]
        if method == "DELETE"
    ]
    times = sorted(at.timestamp() for _, at, _ in asked)
    with database.read() as connection:
        decided_at = connection.scalar(sa.text("SELECT max(decided_at) FROM decisions WHERE trigger = 'campaign'"))
        left = connection.scalars(sa.text("SELECT started_at FROM cancellation_attempts ORDER BY started_at"))
        left_at = [_moment(str(at)).timestamp() for at in left]
    return Run(
        cancelled=seen["statuses"].get("cancelled", 0),
        seconds=times[-1] - times[0],
        busiest_second=_busiest(left_at),
        busiest_arrival=_busiest(times),
        refused=sum(status == 429 for *_, status in asked),  # noqa: PLR2004 - HTTP's own
        late=sum(at >= send_ats[of] - WALL for of, at, _ in asked),
        inversion=_inversion([send_ats[of] for of, *_ in asked]),
        decided_in=(_moment(str(decided_at)) - ended_at).total_seconds(),
        memory=memory,
    )


def _moment(told: str) -> datetime:
    at = datetime.fromisoformat(told)
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def _busiest(times: Sequence[float]) -> int:
    return max(bisect_left(times, at + 1) - nth for nth, at in enumerate(times))


def _inversion(send_ats: Sequence[datetime]) -> float:
    latest, most = send_ats[0], timedelta()
    for send_at in send_ats:
        latest = max(latest, send_at)
        most = max(most, latest - send_at)
    return most.total_seconds()


def _report(told: str, run: Run, options: argparse.Namespace, limit: int | None) -> list[bool]:
    rate = options.messages / run.seconds
    before, after = run.memory
    print(f"\n{told}: {run.cancelled} cancelled in {run.seconds:.1f} s, all decided on after {run.decided_in:.1f} s")
    print(f"within a second at most {run.busiest_second} left and {run.busiest_arrival} arrived")
    print(f"largest inversion {run.inversion:.1f} s of the time of sending")
    print(f"the worker's memory {before:.0f} MB, then {after:.0f} MB")
    sys.stdout.flush()
    kept = [
        targets.target("cancelled of all", run.cancelled / options.messages, at_least=1.0),
        targets.target("late", run.late, at_most=0),
        targets.target("cancellations a second", rate, at_least=0.85 * limit if limit else 200),
    ]
    if limit:
        kept.append(targets.target("requests that left within a second", run.busiest_second, at_most=limit))
        kept.append(targets.target("throttled", run.refused, at_most=0))
    return kept
