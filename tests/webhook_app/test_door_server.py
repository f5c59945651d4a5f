"""The door behind the real server, in trouble: callers are answered in time, and webhooks do not notice."""

from __future__ import annotations

import http.client
import json
import os
import signal
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest
import sqlalchemy as sa
from telnyx import InternalServerError, Telnyx

import simulator
from store.engine import Database
from tests import telnyx_signing
from tests.processes import descendants, named, wait_for
from tests.receiving_world import PATH, served
from tests.reports import OURS

KEY = "KEY-of-the-operator"
CALLS = 40


@pytest.fixture
def telnyx() -> Iterator[simulator.RunningSimulator]:
    with simulator.running(webhook_url=None, delivery_delay=0) as running:
        yield running


@contextmanager
def door(folder: Path, url: str, telnyx: simulator.RunningSimulator, **more: str) -> Iterator[int]:
    chosen = {"TELNYX_API_KEY": KEY, "TELNYX_BASE_URL": telnyx.base_url, **more}
    with served(folder, url, **chosen) as port:
        yield port


def ask(port: int, path: str, body: bytes, headers: dict[str, str]) -> int:
    """Send a request; the status of its answer."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=40)
    try:
        connection.request("POST", path, body, headers)
        answer = connection.getresponse()
        answer.read()
        return answer.status
    finally:
        connection.close()


def send(port: int, number: int = 0) -> int:
    body = json.dumps({"to": f"+1555765{7000 + number}", "from": OURS, "text": "x"}).encode()
    return ask(port, "/v2/messages", body, {"Authorization": f"Bearer {KEY}"})


def deliver(port: int) -> int:
    body = telnyx_signing.raw(telnyx_signing.event())
    return ask(port, PATH, body, telnyx_signing.headers(body, datetime.now(UTC)))


@contextmanager
def stopped_server(postgresql: Database) -> Iterator[None]:
    """Have PostgreSQL answer nobody."""
    if "TEST_POSTGRES_URL" in os.environ:
        pytest.skip("the server is not ours to stop")
    with postgresql.read() as connection:
        backend = connection.scalar(sa.text("SELECT pg_backend_pid()"))
    server = int(Path(f"/proc/{backend}/stat").read_text().rsplit(")", 1)[1].split()[1])
    stopped = [server, *descendants(server)]
    for pid in stopped:
        os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in stopped:
            os.kill(pid, signal.SIGCONT)


@pytest.mark.parametrize(("setting", "status"), [("refuse", 503), ("forward", 200)])
def test_calls_are_answered_in_time_while_the_database_hangs(
    tmp_path, postgresql_database_url, postgresql, telnyx, setting, status
):
    with door(tmp_path, postgresql_database_url, telnyx, RESCIND_PASSTHROUGH_ON_FAILURE=setting) as port:
        assert {send(port, number) for number in range(8)} == {200}
        before = len(telnyx.messages())
        with stopped_server(postgresql), ThreadPoolExecutor(10) as pool:
            answers = list(pool.map(lambda number: send(port, number), range(10)))
        assert set(answers) == {status}
        assert len(telnyx.messages()) - before == (10 if status == 200 else 0)
        assert wait_for(lambda: {send(port, number) for number in range(8)} == {200})


def test_webhooks_are_accepted_while_the_door_is_blocked(tmp_path, postgresql_database_url, postgresql, telnyx):
    with door(tmp_path, postgresql_database_url, telnyx) as port:
        assert deliver(port) == send(port) == 200
        with postgresql.begin() as connection, ThreadPoolExecutor(CALLS) as pool:
            connection.exec_driver_sql("LOCK TABLE intents IN ACCESS EXCLUSIVE MODE")
            calls = [pool.submit(send, port, number) for number in range(CALLS)]
            assert [deliver(port) for _ in range(10)] == [200] * 10
            assert {call.result() for call in calls} == {503}
        assert wait_for(lambda: send(port) == 200)
        assert len(telnyx.messages()) == 2


def test_webhooks_are_accepted_while_telnyx_keeps_calls_waiting(tmp_path, sqlite_url, telnyx):
    with door(tmp_path, sqlite_url, telnyx) as port:
        telnyx.fault("hang_after", seconds=6, method="POST")
        # Two processes with 64 places each.
        with ThreadPoolExecutor(160) as pool:
            calls = [pool.submit(send, port, number) for number in range(160)]
            time.sleep(1)
            assert [deliver(port) for _ in range(10)] == [200] * 10
            assert not all(call.done() for call in calls)
            assert {call.result() for call in calls} <= {200, 503}


def kill_workers() -> None:
    """Kill all processes that answer calls; the one that started them starts others."""
    servers = named(descendants(os.getpid()), "rescind.server_settings")
    for worker in [pid for pid in servers if not descendants(pid)]:
        os.kill(worker, signal.SIGKILL)


def test_library_does_not_send_again_what_a_killed_worker_had_sent(tmp_path, sqlite_url, telnyx):
    """With its own two repeats: the connection breaks, and the next process knows the request."""
    with door(tmp_path, sqlite_url, telnyx) as port, ThreadPoolExecutor(1) as pool:
        telnyx.fault("hang_after", seconds=2, method="POST", times=1)
        with Telnyx(api_key=KEY, base_url=f"http://127.0.0.1:{port}/v2") as library:
            answer = pool.submit(library.messages.send, to="+15557657000", from_=OURS, text="x")
            assert wait_for(telnyx.messages)
            kill_workers()
            with pytest.raises(InternalServerError, match="was not sent again"):
                answer.result()
    assert len(telnyx.messages()) == 1
