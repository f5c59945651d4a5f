"""Events that end the process which applies them: real processes, killed in the middle."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

import sqlalchemy as sa

from core.inbox import InboxStatus
from ledger.registering import register
from store import inbox, tables
from store.engine import Database
from tests.accepting import accept, sample
from tests.processes import environ
from tests.reports import NOW, RULES, message_id, registration

ROOT = Path(__file__).parents[2]
PEOPLE = [f"+1555765010{number}" for number in range(1, 7)]
DEADLY = 3

#: Applies until nothing is pending, and dies of one message.
WORKER = """
import os, signal, sys, time
from datetime import UTC, datetime, timedelta
import sqlalchemy as sa
from core.deciding import Act, Mode, Rule, Rules, Verdict
from store import tables
from store.engine import Database
from tests.reports import RULES
from workers.applying import Applier

url, deadly, ahead = sys.argv[1:]

def judge(facts):
    if facts.message_id == deadly:
        os.kill(os.getpid(), signal.SIGKILL)
    return Verdict(Act.ALLOW, "deadly", "fine")

def is_pending():
    with database.read() as connection:
        return connection.scalar(sa.select(sa.func.count()).where(tables.inbox.c.status == "pending"))

database = Database(url)
rules = Rules((*RULES, Rule("deadly", Mode.ENFORCE, judge)))
applier = Applier(database, lambda: rules, lambda: datetime.now(UTC) + timedelta(seconds=float(ahead)))
while is_pending():
    applier.apply() or time.sleep(0.05)
"""


def started(url: str, *, ahead: float = 0) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-c", WORKER, url, message_id(DEADLY), str(ahead)]
    return subprocess.Popen(command, cwd=ROOT, env=environ(), stderr=subprocess.DEVNULL)


def everybody_says_stop(database: Database) -> list[str]:
    with database.begin() as connection:
        listed = [registration(number, to=(person,)) for number, person in enumerate(PEOPLE, start=1)]
        register(connection, listed, RULES, door="api", now=NOW)
    texts = [sample("message.received.text", text="STOP", **{"from": {"phone_number": person}}) for person in PEOPLE]
    return accept(database, *texts)


def require_the_deadly_parked_and_the_others_applied_once(database: Database, events: list[str]) -> None:
    deadly = events[DEADLY - 1]
    with database.read() as connection:
        rows = {event_id: inbox.find(connection, event_id) for event_id in events}
        words = list(connection.scalars(sa.select(tables.consents.c.event_id)))
        decided = list(
            connection.scalars(sa.select(tables.decisions.c.message_id).where(tables.decisions.c.trigger == "consent"))
        )
        ordered = list(connection.scalars(sa.select(tables.cancellations.c.message_id)))
        left = connection.scalar(sa.select(sa.func.count()).select_from(tables.applying_runs))
    parked = rows.pop(deadly)
    assert (parked.status, parked.crashes) == (InboxStatus.PARKED, 3)
    assert parked.reason == "the process died 3 times while applying it"
    assert parked.has_raw
    assert {(row.status, row.crashes) for row in rows.values()} == {(InboxStatus.APPLIED, 0)}
    innocent = sorted(message_id(number) for number in range(1, len(PEOPLE) + 1) if number != DEADLY)
    assert sorted(words) == sorted(rows)
    assert sorted(decided) == sorted(ordered) == innocent
    assert left == 0


def test_event_that_ends_the_process_three_times_is_parked_and_its_batch_is_applied(database_url, database):
    events = everybody_says_stop(database)
    ends = []
    for attempt in range(6):
        # Each begins when the run of the one before has lain long enough.
        worker = started(database_url, ahead=10.0 * attempt)
        ends.append(worker.wait(60))
        if ends[-1] == 0:
            break

    assert ends == [-signal.SIGKILL] * 3 + [0]
    require_the_deadly_parked_and_the_others_applied_once(database, events)


def test_workers_side_by_side_die_no_oftener_of_it(postgresql_database_url, postgresql_database):
    events = everybody_says_stop(postgresql_database)
    workers = [started(postgresql_database_url) for _ in range(2)]
    deaths = 0
    until = time.monotonic() + 90
    while workers and time.monotonic() < until:
        time.sleep(0.05)
        for worker in [each for each in workers if each.poll() is not None]:
            workers.remove(worker)
            if worker.returncode:
                deaths += 1
                workers.append(started(postgresql_database_url))

    assert workers == []
    # One may be reaching for the event at the moment that the other dies of it; and on a machine that is held up for
    # seconds, a run that is only just beginning may be taken for one that ended.
    assert 2 <= deaths <= 4
    require_the_deadly_parked_and_the_others_applied_once(postgresql_database, events)
