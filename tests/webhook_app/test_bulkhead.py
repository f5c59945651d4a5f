"""The API in trouble: it may wait without end, and webhooks are answered all the same."""

from __future__ import annotations

import http.client
import json
import os
import signal
import threading
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, ClassVar

import pytest
import sqlalchemy as sa
from structlog.testing import capture_logs
from werkzeug.exceptions import ServiceUnavailable

from core.errors import StoreUnavailable
from store.engine import Database
from tests import telnyx_signing as telnyx
from tests.api_calls import Api, refused, told
from tests.processes import descendants, wait_for
from tests.receiving_world import PATH, served
from webhook_app import bulkhead

TOKEN = "a-token-of-this-test"
CALLS = 40


@pytest.fixture
def port(tmp_path, postgresql_database_url) -> Iterator[int]:
    with served(tmp_path, postgresql_database_url, RESCIND_API_TOKEN=TOKEN) as port:
        yield port


def ask(
    port: int, method: str, path: str, body: bytes | None = None, headers: Mapping[str, str] | None = None
) -> tuple[int, dict[str, Any]]:
    """Send a request; its status and its answer."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=40)
    try:
        connection.request(method, path, body, dict(headers or {}))
        answer = connection.getresponse()
        return answer.status, json.loads(answer.read())
    finally:
        connection.close()


def list_messages(port: int) -> tuple[int, dict[str, Any]]:
    return ask(port, "GET", "/v1/messages", headers={"Authorization": f"Bearer {TOKEN}"})


def deliver(port: int) -> tuple[int, dict[str, Any]]:
    body = telnyx.raw(telnyx.event())
    return ask(port, "POST", PATH, body, telnyx.headers(body, datetime.now(UTC)))


@contextmanager
def calls(port: int) -> Iterator[list[Future[tuple[int, dict[str, Any]]]]]:
    """Many calls to the API at once, each on a connection of its own; all but those that were let in are answered."""
    with ThreadPoolExecutor(CALLS) as pool:
        asked = [pool.submit(list_messages, port) for _ in range(CALLS)]
        # Two processes, four calls in each at most.
        wait_for(lambda: sum(each.done() for each in asked) >= CALLS - 8)
        yield asked


def test_webhooks_are_accepted_while_the_api_alone_is_blocked(port, postgresql):
    with postgresql.begin() as connection:
        connection.exec_driver_sql("LOCK TABLE messages IN ACCESS EXCLUSIVE MODE")
        with calls(port) as asked:
            for _ in range(20):
                assert deliver(port) == (200, {"status": "accepted"})
            sent_away = [each.result() for each in asked if each.done()]
            assert CALLS - 8 <= len(sent_away) < CALLS
            assert {status for status, _ in sent_away} == {503}
            assert "service_unavailable" in {answer["error"]["code"] for _, answer in sent_away}
            assert ask(port, "GET", "/v1/messages")[0] == 401
            connection.exec_driver_sql("ROLLBACK")
    assert {each.result()[0] for each in asked} == {200, 503}
    assert [list_messages(port)[0] for _ in range(20)] == [200] * 20


def test_webhooks_get_their_503_in_time_while_the_database_hangs_under_the_api(port, postgresql):
    if "TEST_POSTGRES_URL" in os.environ:
        pytest.skip("the server is not ours to stop")
    assert {list_messages(port)[0] for _ in range(8)} == {200}
    assert deliver(port)[0] == 200
    with postgresql.read() as connection:
        backend = connection.scalar(sa.text("SELECT pg_backend_pid()"))
    server = int(Path(f"/proc/{backend}/stat").read_text().rsplit(")", 1)[1].split()[1])
    stopped = [server, *descendants(server)]
    for pid in stopped:
        os.kill(pid, signal.SIGSTOP)
    try:
        with calls(port) as asked:
            for _ in range(20):
                status, answer = deliver(port)
                assert (status, answer["error"]["code"]) == (503, "store_unavailable")
            assert ask(port, "GET", "/healthz")[0] == 200
            for pid in stopped:
                os.kill(pid, signal.SIGCONT)
    finally:
        for pid in stopped:
            os.kill(pid, signal.SIGCONT)
    assert {each.result()[0] for each in asked} <= {200, 503}
    assert wait_for(lambda: deliver(port)[0] == 200)
    assert wait_for(lambda: [list_messages(port)[0] for _ in range(20)] == [200] * 20)


class Troubled(Database):
    """A database that fails, or waits, as a test has it."""

    trouble: Exception | None = None
    gate: threading.Event | None = None
    entered = 0

    @contextmanager
    def read(self):
        self.entered += 1
        if self.gate is not None:
            self.gate.wait(60)
        if self.trouble is not None:
            raise self.trouble
        with super().read() as connection:
            yield connection


class Unhurried(threading.Event):
    """Lets everybody through after a moment."""

    def wait(self, timeout: float | None = None) -> bool:
        time.sleep(0.02)
        return True


@pytest.fixture
def troubled(sqlite_url) -> Iterator[Troubled]:
    database = Troubled(sqlite_url)
    yield database
    database.dispose()


@pytest.mark.parametrize(
    ("trouble", "status"), [(StoreUnavailable("away"), 503), (RuntimeError("a bug"), 500)], ids=["away", "bug"]
)
def test_call_that_fails_leaves_its_place_to_others(troubled, trouble, status):
    api = Api(troubled).alone()
    troubled.trouble = trouble
    with capture_logs():
        codes = {refused(api.get("/v1/ledger"), status)["code"] for _ in range(20)}
    assert "service_unavailable" not in codes
    troubled.trouble = None
    assert told(api.get("/v1/ledger"))["registered"] == 0


class Places(threading.BoundedSemaphore):
    """Remembers for how long each was ready to wait for a place."""

    patience: ClassVar[list[float]] = []

    def acquire(self, blocking: bool = True, timeout: float | None = None) -> bool:  # noqa: FBT001, FBT002 - its signature
        self.patience.append(timeout or 0.0)
        return super().acquire(blocking, timeout)


def test_call_waits_a_moment_and_later_ones_are_sent_away_at_once(troubled, monkeypatch):
    monkeypatch.setattr(bulkhead, "BoundedSemaphore", Places)
    api = Api(troubled).alone()
    troubled.gate = threading.Event()
    with ThreadPoolExecutor(7) as pool:
        inside = [pool.submit(api.get, "/v1/ledger") for _ in range(4)]
        assert wait_for(lambda: troubled.entered == 4)
        Places.patience.clear()
        for _ in range(3):
            answer = api.get("/v1/ledger")
            assert refused(answer, 503)["code"] == "service_unavailable"
            assert answer.headers["Retry-After"] == "1"
        waited = [each for each in Places.patience if each > 0]
        troubled.gate.set()
        assert {each.result().status_code for each in inside} == {200}
    assert len(waited) == 1
    assert waited[0] <= 0.3
    assert told(api.get("/v1/ledger"))["registered"] == 0


def test_no_more_wait_than_there_is_room_for():
    door = bulkhead.Bulkhead(places=1, told="full", patience=timedelta(seconds=60))
    with ThreadPoolExecutor(2) as pool:
        with door.place():
            waiting = [pool.submit(passes, door) for _ in range(2)]
            assert wait_for(lambda: door._waiting == 2)
            assert not passes(door)
            assert not any(each.done() for each in waiting)
        assert [each.result() for each in waiting] == [True, True]
    assert passes(door)


def passes(door: bulkhead.Bulkhead) -> bool:
    try:
        with door.place():
            return True
    except ServiceUnavailable:
        return False


def test_burst_of_calls_that_end_soon_is_answered_whole(troubled, monkeypatch):
    # So that none of them ends too late for the next only because this machine is slow.
    monkeypatch.setattr(bulkhead, "_PATIENCE", 30)
    api = Api(troubled).alone()
    troubled.gate = Unhurried()
    with ThreadPoolExecutor(12) as pool:
        answers = list(pool.map(lambda _: api.get("/v1/ledger"), range(12)))
    assert {answer.status_code for answer in answers} == {200}
