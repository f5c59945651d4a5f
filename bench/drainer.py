"""One process that drains a backlog in one way, and prints how long it took and how much memory it used, as JSON."""

from __future__ import annotations

import json
import resource
import sys
import time
from datetime import UTC, datetime
from functools import cache

import rq
import sqlalchemy as sa
from rq.serializers import JSONSerializer

from core.policies.catalogue import rules
from store import tables
from store.bell import connect
from store.engine import Database
from workers.applying import BATCH, Applier


def drain(url: str, starts_at: float) -> int:
    """Drain as a worker does, beginning at a moment that all processes agreed on."""
    applier = _applier(url, batch=BATCH)
    time.sleep(max(0.0, starts_at - time.time()))
    done = 0
    while applied := applier.apply():
        done += applied
    return done


def job_per_event(redis_url: str) -> int:
    """Work off one RQ job per event on a SimpleWorker."""
    connection = connect(redis_url)
    queue = rq.Queue("bench", connection=connection, serializer=JSONSerializer)
    waiting = queue.count
    rq.SimpleWorker([queue], connection=connection, serializer=JSONSerializer).work(burst=True, logging_level="ERROR")
    return int(waiting)


def apply_one(url: str) -> None:
    """Apply a single event in a transaction of its own: the job of ``job_per_event``."""
    _applier(url, batch=1).apply()


def bulk(url: str) -> None:
    """Write the rows that a drain has made once more, into an empty copy of the tables: the ceiling."""
    database = Database(url)
    copied = (tables.messages, tables.message_recipients, tables.transitions)
    with database.read() as connection:
        events = connection.scalar(sa.select(sa.func.count()).select_from(tables.inbox)) or 0
        rows = {table: [dict(row) for row in connection.execute(sa.select(table)).mappings()] for table in copied}
    with database.begin() as connection:
        for table in copied:
            connection.execute(sa.delete(table))
    started_at = time.perf_counter()
    size = 200
    for table, found in rows.items():
        for start in range(0, len(found), size):
            with database.begin() as connection:
                connection.execute(sa.insert(table), found[start : start + size])
    _tell(int(events), time.perf_counter() - started_at)


@cache
def _applier(url: str, *, batch: int) -> Applier:
    return Applier(Database(url), cache(rules), lambda: datetime.now(UTC), batch)


def _tell(events: int, seconds: float) -> None:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"events": events, "seconds": seconds, "peak_mb": peak}))


def main(way: str, where: str, *more: str) -> None:
    """Run one way of draining and print its figures."""
    if way == "bulk":
        bulk(where)
        return
    starts_at = float(more[0]) if way == "drain" else time.time()
    events = drain(where, starts_at) if way == "drain" else job_per_event(where)
    _tell(events, time.time() - starts_at)


if __name__ == "__main__":
    main(*sys.argv[1:])
