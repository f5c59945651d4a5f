"""Taking over behind a real server: hand-overs that take for ever leave the webhooks their threads."""

from __future__ import annotations

import http.client
import json
import selectors
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime

import pytest

from schemas.handover import HANDOVER_PATH, MAX_BODY
from tests import telnyx_signing as telnyx
from tests.handing import SECRET, body_of, handed, sealing
from tests.receiving_world import PATH, served


@pytest.fixture
def port(tmp_path, sqlite_url) -> Iterator[int]:
    with served(tmp_path, sqlite_url, RESCIND_HANDOVER_SECRET=SECRET) as port:
        yield port


def post(port: int, path: str, body: bytes, headers: dict[str, str]) -> tuple[int, dict]:
    """Send a request; its status and its answer."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    try:
        connection.request("POST", path, body, headers)
        answer = connection.getresponse()
        return answer.status, json.loads(answer.read())
    finally:
        connection.close()


def begin(port: int, length: int) -> socket.socket:
    """Announce a hand-over, and send nothing of it."""
    seal = sealing(b"", datetime.now(UTC))
    head = [
        f"POST {HANDOVER_PATH} HTTP/1.1",
        "Host: localhost",
        f"Content-Length: {length}",
        *(f"{name}: {value}" for name, value in seal.items()),
    ]
    connection = socket.create_connection(("127.0.0.1", port), timeout=20)
    connection.sendall("\r\n".join([*head, "", ""]).encode())
    return connection


def test_hand_overs_that_do_not_come_to_an_end_leave_webhooks_their_threads(port):
    with ExitStack() as held:
        begun = [held.enter_context(begin(port, 1000)) for _ in range(30)]
        time.sleep(0.5)
        for _ in range(20):
            body = telnyx.raw(telnyx.event())
            assert post(port, PATH, body, telnyx.headers(body, datetime.now(UTC)))[0] == 200
        with selectors.DefaultSelector() as selector:
            for each in begun:
                selector.register(each, selectors.EVENT_READ)
            assert len(selector.select(0)) < len(begun)


def test_batch_beyond_the_cap_is_refused_before_it_is_read(port):
    with begin(port, MAX_BODY + 1) as connection:
        assert connection.recv(64).startswith(b"HTTP/1.1 413 ")


def test_events_are_taken_over_chunked_or_not(port):
    now = datetime.now(UTC)
    body = body_of(handed(1, telnyx.event(), received_at=now))

    told = [
        post(port, HANDOVER_PATH, body, sealing(body, now))[1],
        post(port, HANDOVER_PATH, (body[:10], body[10:]), sealing(body, now))[1],
    ]

    assert [each["data"][0]["verdict"] for each in told] == ["accepted", "duplicate"]
