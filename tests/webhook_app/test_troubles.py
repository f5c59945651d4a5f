"""Receiving while something else fails: the database costs a 503 in time, Redis costs nothing."""

from __future__ import annotations

import sqlite3
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from werkzeug.test import TestResponse

from bench import serving
from store.engine import Database
from tests import telnyx_signing as telnyx
from tests.receiving_world import NOW, Receiver, receiving

IN_TIME = 1.5


def timed(receiver: Receiver) -> tuple[TestResponse, float]:
    started_at = time.monotonic()
    answer = receiver.deliver(telnyx.event())
    return answer, time.monotonic() - started_at


def require_503(answer: TestResponse) -> None:
    assert (answer.status_code, answer.json["error"]["code"]) == (503, "store_unavailable")
    assert answer.json["error"]["message"] == "The database cannot be reached in time."
    assert answer.headers["Retry-After"] == "1"


def wait_until_it_accepts(receiver: Receiver) -> None:
    until = time.monotonic() + 5
    while receiver.deliver(telnyx.event()).status_code != 200:
        assert time.monotonic() < until
        time.sleep(0.05)


def test_database_that_hangs_is_a_503_in_time_for_everybody(database_url):
    other = Database(database_url)
    with receiving(database_url) as receiver:
        with other.begin() as connection:
            if not other.is_sqlite:
                connection.exec_driver_sql("LOCK TABLE inbox IN ACCESS EXCLUSIVE MODE")
            with ThreadPoolExecutor(8) as pool:
                for answer, took in pool.map(lambda _: timed(receiver), range(24)):
                    require_503(answer)
                    assert took < IN_TIME
            assert receiver.rung == 0
        wait_until_it_accepts(receiver)
    other.dispose()


def test_database_locked_by_another_program_is_a_503_in_time(sqlite_url):
    rival = sqlite3.connect(sqlite_url.removeprefix("sqlite:///"), isolation_level=None)
    with receiving(sqlite_url) as receiver:
        rival.execute("BEGIN IMMEDIATE")
        with ThreadPoolExecutor(8) as pool:
            for answer, took in pool.map(lambda _: timed(receiver), range(24)):
                require_503(answer)
                assert took < IN_TIME
        rival.execute("ROLLBACK")
        wait_until_it_accepts(receiver)
        assert receiver.rung >= 1
    rival.close()


def test_database_that_is_not_there_is_a_503_at_once():
    with receiving(f"postgresql://nobody@127.0.0.1:{serving.free_port()}/none") as receiver:
        answer, took = timed(receiver)
        require_503(answer)
        assert took < 1.0
        assert receiver.rung == 0


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
def test_redis_in_trouble_changes_no_answer(sqlite_url, trouble):
    with serving.silent_server() as silent:
        port = silent if trouble == "hung" else serving.free_port()
        with receiving(sqlite_url, REDIS_URL=f"redis://127.0.0.1:{port}/0") as receiver:
            timed(receiver)
            for _ in range(50):
                answer, took = timed(receiver)
                assert answer.json == {"status": "accepted"}
                assert took < 0.15
            assert len(receiver.rows()) == 51
