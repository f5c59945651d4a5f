"""A call to Telnyx ends in time, however its server drips."""

from __future__ import annotations

import itertools
import re
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from pathlib import Path

import pytest

from ledger import intending
from schemas.secret import Secret
from tests.door_world import error_of
from webhook_app import door_book
from webhook_app.door_call import Call
from webhook_app.door_telnyx import LONGEST_ANSWER, PATIENCE, Line, Silence

SHORT = timedelta(seconds=0.5)
#: Between two bytes: none of them comes late by itself.
DRIP = 0.05
#: Far more than a call may take, and far less than a server would drip.
SOON = 10.0
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"


class Dripping:
    """A server that reads what there is, and answers with bytes as they come out of an iterator."""

    def __init__(self, listener: socket.socket, answer: Callable[[], Iterator[bytes]], *, reads: bool) -> None:
        self._listener = listener
        self._answer = answer
        self._reads = reads
        self.port = listener.getsockname()[1]
        self.is_over = threading.Event()
        self.connections = 0

    def serve(self) -> None:
        with suppress(OSError):
            while True:
                connection, _ = self._listener.accept()
                self.connections += 1
                threading.Thread(target=self._drip, args=(connection,), daemon=True).start()

    def _drip(self, connection: socket.socket) -> None:
        with connection, suppress(OSError):
            while self._reads and b"\r\n\r\n" not in connection.recv(65536):
                pass
            for piece in self._answer():
                connection.sendall(piece)
                if self.is_over.wait(DRIP):
                    return
            self.is_over.wait()


@contextmanager
def dripping(answer: Callable[[], Iterator[bytes]], *, reads: bool = True) -> Iterator[Dripping]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        server = Dripping(listener, answer, reads=reads)
        threading.Thread(target=server.serve, daemon=True).start()
        yield server
        server.is_over.set()
        listener.shutdown(socket.SHUT_RDWR)


def slowly_headed() -> Iterator[bytes]:
    yield HEAD
    yield from (f"X-{number}: x\r\n".encode() for number in itertools.count())


def heralded() -> Iterator[bytes]:
    return itertools.repeat(b"HTTP/1.1 103 Early Hints\r\n\r\n")


def slowly_written() -> Iterator[bytes]:
    yield HEAD + b"Content-Length: 100000\r\n\r\n"
    yield from itertools.repeat(b" ")


def in_chunks() -> Iterator[bytes]:
    yield HEAD + b"Transfer-Encoding: chunked\r\n\r\n"
    yield from itertools.repeat(b"1\r\n \r\n")


def silent() -> Iterator[bytes]:
    return iter(())


def endless() -> Iterator[bytes]:
    yield HEAD + b"Connection: close\r\n\r\n" + b"x" * (LONGEST_ANSWER + 1)


def call(body: bytes = b"{}") -> Call:
    return Call("POST", "messages", "", (("Authorization", "Bearer KEY"),), body, Secret("KEY"), {})


def asked(server: Dripping, *, scheme: str = "http", body: bytes = b"{}") -> tuple[Silence, float]:
    """How a call ended without an answer, and how many seconds that took."""
    line = Line(f"{scheme}://127.0.0.1:{server.port}/v2", at_once=1, patience=SHORT)
    began = time.monotonic()
    answer = line.ask(call(body))
    took = time.monotonic() - began
    line.close()
    assert isinstance(answer, Silence)
    return answer, took


@pytest.mark.parametrize("answer", [slowly_headed, heralded, slowly_written, in_chunks, silent])
def test_answer_that_drips_ends_at_the_deadline_and_is_in_doubt(answer):
    with dripping(answer) as server:
        silence, took = asked(server)
    assert silence == Silence("Telnyx did not answer within 0.5 seconds", has_left=True)
    assert SHORT.total_seconds() <= took < SOON
    assert server.connections == 1


def test_request_that_is_not_taken_ends_at_the_deadline_and_is_in_doubt():
    with dripping(silent, reads=False) as server:
        silence, took = asked(server, body=b"x" * 16 * 1024 * 1024)
    assert silence.has_left
    assert took < SOON


def test_greeting_that_drips_ends_at_the_deadline_and_nothing_has_left():
    with dripping(lambda: itertools.repeat(b"\x16"), reads=False) as server:
        silence, took = asked(server, scheme="https")
    assert not silence.has_left
    assert took < SOON


def test_answer_that_is_longer_than_any_is_in_doubt():
    with dripping(endless) as server:
        line = Line(f"http://127.0.0.1:{server.port}/v2", at_once=1)
        assert line.ask(call()) == Silence(f"Telnyx's answer is longer than {LONGEST_ANSWER} bytes", has_left=True)
        line.close()


def test_caller_of_a_server_that_drips_is_told_not_to_send_again_and_leaves_its_connection_to_others(small_world):
    line = Line("http://unused.example/v2", at_once=1, patience=SHORT)
    small_world.line._patience = line._patience
    good = small_world.line._base
    with dripping(slowly_written) as server:
        small_world.line._base = Line(f"http://127.0.0.1:{server.port}/v2", at_once=1)._base
        answer = small_world.schedule()
    assert "could send it twice" in error_of(answer, 504)["detail"]
    assert answer.headers["x-should-retry"] == "false"
    assert [row.state for row in small_world.intents()] == ["unknown"]
    small_world.line._base, small_world.line._patience = good, PATIENCE.total_seconds()
    assert small_world.schedule().status_code == 200


def test_no_request_is_in_doubt_while_it_may_be_answered_and_no_proxy_gives_up_before():
    ours = PATIENCE + 2 * door_book.PATIENCE
    assert ours + timedelta(seconds=5) <= intending.IN_FLIGHT
    nginx = (Path(__file__).parents[2] / "docs/nginx.conf").read_text()
    told = re.search(r"location /v2/messages \{[^}]*proxy_read_timeout (\d+)s", nginx)
    assert told
    # A strange key is asked about first.
    assert timedelta(seconds=int(told[1])) > PATIENCE + ours
