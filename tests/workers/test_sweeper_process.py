"""The sweeper as a process of its own, over a real Redis and a real Telnyx in a box."""

from __future__ import annotations

import signal
from datetime import UTC, datetime, timedelta

import pytest

import simulator
from core.outcomes import LedgerState
from rescind.valkey import Valkey
from store import messages
from tests.processes import Running, accept_stop, schedule, status_of, wait_for

ALICE = "+15557650101"


@pytest.fixture
def telnyx():
    with simulator.running() as running:
        yield running


@pytest.fixture
def chosen(sqlite_url, telnyx):
    return {"DATABASE_URL": sqlite_url, "TELNYX_API_KEY": "KEY_test", "TELNYX_BASE_URL": telnyx.base_url}


def scheduled_at(telnyx, database, *, to=ALICE) -> str:
    send_at = datetime.now(UTC) + timedelta(hours=1)
    message = telnyx.schedule(to=to, send_at=send_at)["id"]
    schedule(database, message, to=to, send_at=send_at)
    return message


def ledger_of(database, message):
    with database.read() as connection:
        return messages.find(connection, message).ledger


def status_at(telnyx, message) -> str:
    return next(each["to"][0]["status"] for each in telnyx.messages() if each["id"] == message)


def test_sweeper_process_alone_cancels_after_a_stop(chosen, tmp_path, telnyx, sqlite_database):
    message = scheduled_at(telnyx, sqlite_database)
    other = scheduled_at(telnyx, sqlite_database, to="+15557650102")
    with Running("sweeper", log=tmp_path / "log", chosen=chosen) as sweeper:
        event_id = accept_stop(sqlite_database, sender=ALICE)

        assert wait_for(lambda: status_at(telnyx, message) == "cancelled")
        assert wait_for(lambda: ledger_of(sqlite_database, message) == LedgerState.CANCELLED)
        assert status_of(sqlite_database, event_id) == "applied"
        assert status_at(telnyx, other) == "scheduled"
        sweeper.stop()
        assert sweeper.process.returncode == 0
        assert not any("5557650101" in line for line in sweeper.lines)


def test_sweeper_process_goes_on_while_redis_hangs(chosen, tmp_path, telnyx, sqlite_database):
    valkey = Valkey(tmp_path / "valkey")
    valkey.start()
    message = scheduled_at(telnyx, sqlite_database)
    valkey.signal(signal.SIGSTOP)
    try:
        with Running("sweeper", log=tmp_path / "log", chosen=chosen | {"REDIS_URL": valkey.url}):
            accept_stop(sqlite_database, sender=ALICE)

            assert wait_for(lambda: status_at(telnyx, message) == "cancelled")
    finally:
        valkey.signal(signal.SIGCONT)
        valkey.stop()


def test_sweeper_process_waits_for_a_database_that_is_away(chosen, tmp_path):
    away = chosen | {"DATABASE_URL": "postgresql://nobody:secret@127.0.0.1:9/none"}
    with Running("sweeper", log=tmp_path / "log", chosen=away) as sweeper:
        assert wait_for(lambda: sweeper.says("sweeper_waits"))

        assert sweeper.process.poll() is None
        sweeper.stop()
        assert sum("sweeper_waits" in line for line in sweeper.lines) == 1
        assert not sweeper.says("secret")
