"""Receiving while something else fails: the database costs a 503 in time, Redis costs nothing."""

from __future__ import annotations

import sqlite3
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from werkzeug.test import TestResponse

from bench import serving
from store.bell import Bell
from store.engine import Database
from tests import telnyx_signing as telnyx
from tests.processes import wait_for
from tests.receiving_world import NOW, Receiver, receiving


def require_503(answer: TestResponse) -> None:
    assert (answer.status_code, answer.json["error"]["code"]) == (503, "store_unavailable")
    assert answer.json["error"]["message"] == "The database cannot be reached in time."
    assert answer.headers["Retry-After"] == "1"


def wait_until_it_accepts(receiver: Receiver) -> None:
    assert wait_for(lambda: receiver.deliver(telnyx.event()).status_code == 200)


def test_database_that_hangs_is_a_503_in_time_for_everybody(database_url):
    other = Database(database_url)
    with receiving(database_url, hurried=True) as receiver:
        with other.begin() as connection:
            if not other.is_sqlite:
                connection.exec_driver_sql("LOCK TABLE inbox IN ACCESS EXCLUSIVE MODE")
            with ThreadPoolExecutor(8) as pool:
                for answer in pool.map(lambda _: receiver.deliver(telnyx.event()), range(24)):
                    require_503(answer)
            assert receiver.rung == 0
        wait_until_it_accepts(receiver)
    other.dispose()


def test_database_locked_by_another_program_is_a_503_in_time(sqlite_url):
    rival = sqlite3.connect(sqlite_url.removeprefix("sqlite:///"), isolation_level=None)
    with receiving(sqlite_url, hurried=True) as receiver:
        rival.execute("BEGIN IMMEDIATE")
        with ThreadPoolExecutor(8) as pool:
            for answer in pool.map(lambda _: receiver.deliver(telnyx.event()), range(24)):
                require_503(answer)
        rival.execute("ROLLBACK")
        wait_until_it_accepts(receiver)
        assert receiver.rung >= 1
    rival.close()


def test_database_that_is_not_there_is_a_503_at_once(capfd):
    port = serving.free_port()
    with receiving(f"postgresql://nobody@127.0.0.1:{port}/none") as receiver:
        require_503(receiver.deliver(telnyx.event()))
        assert receiver.rung == 0
    # The driver said so, and not the deadline that ends the waiting.
    told = capfd.readouterr().err
    assert f"port {port}" in told
    assert "in time" not in told


def test_what_the_driver_says_is_logged_once_a_second_and_answered_to_nobody(capfd):
    port = serving.free_port()
    url = f"postgresql://nobody:canary@127.0.0.1:{port}/none"
    with receiving(url, RESCIND_API_TOKEN="a-token") as receiver:
        answers = [receiver.client.get("/readyz") for _ in range(5)]
        answers += [receiver.client.get("/v1/ledger", headers={"Authorization": "Bearer a-token"}) for _ in range(5)]
        answers.append(receiver.deliver(telnyx.event()))
    for answer in answers:
        require_503(answer)
        for detail in (b"127.0.0.1", str(port).encode(), b"nobody", b"canary", b"none", b"refused"):
            assert detail not in answer.data
    told = [line for line in capfd.readouterr().err.splitlines() if '"event": "store_unavailable"' in line]
    assert 1 <= len(told) < len(answers)
    assert f"port {port}" in told[0]
    assert "canary" not in "".join(told)


def test_stale_request_that_cannot_be_held_is_a_503_so_that_it_comes_again(tmp_path):
    with receiving(f"sqlite:///{tmp_path}/empty.db") as receiver:
        require_503(receiver.deliver(telnyx.event(), signed_at=NOW.replace(year=2025)))


@pytest.mark.parametrize("trouble", ["refused", "hung"])
def test_redis_in_trouble_changes_no_answer(sqlite_url, trouble, monkeypatch):
    ringing = []
    ring = Bell.ring

    def rung(bell: Bell) -> bool:
        ringing.append(threading.current_thread().name)
        return ring(bell)

    monkeypatch.setattr(Bell, "ring", rung)
    with serving.silent_server() as silent:
        port = silent if trouble == "hung" else serving.free_port()
        with receiving(sqlite_url, REDIS_URL=f"redis://127.0.0.1:{port}/0") as receiver:
            for _ in range(51):
                assert receiver.deliver(telnyx.event()).json == {"status": "accepted"}
            assert len(receiver.rows()) == 51
    # No request waits for Redis: a thread of the bell's own does.
    assert wait_for(lambda: ringing)
    assert set(ringing) == {"bell"}
