from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import suppress

import pytest

from tests.faults.proxy import FaultProxy, Mode
from tests.processes import wait_for


class Echo:
    """A server that sends back what it gets, and remembers it."""

    def __init__(self) -> None:
        self.heard = b""
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self._threads = [threading.Thread(target=self._accept)]
        self._threads[0].start()

    def close(self) -> None:
        self.listener.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(10)
        self.listener.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                line, _ = self.listener.accept()
                thread = threading.Thread(target=self._echo, args=(line,))
                self._threads.append(thread)
                thread.start()

    def _echo(self, line: socket.socket) -> None:
        with line, suppress(OSError):
            while piece := line.recv(1000):
                self.heard += piece
                line.sendall(piece)


@pytest.fixture
def echo() -> Iterator[Echo]:
    server = Echo()
    yield server
    server.close()


@pytest.fixture
def proxy(echo) -> Iterator[FaultProxy]:
    with FaultProxy(echo.port) as running:
        yield running


@pytest.fixture
def line(proxy) -> Iterator[socket.socket]:
    with socket.create_connection(("127.0.0.1", proxy.port), timeout=10) as connection:
        connection.sendall(b"first")
        assert connection.recv(100) == b"first"
        yield connection


def ask(port: int, words: bytes) -> bytes:
    with socket.create_connection(("127.0.0.1", port), timeout=10) as line:
        line.sendall(words)
        return line.recv(100)


def test_what_passes_arrives_both_ways(line, echo):
    line.sendall(b"more")

    assert line.recv(100) == b"more"
    assert echo.heard == b"firstmore"


def test_delayed_answer_arrives_later_and_whole(line, proxy):
    proxy.set(Mode.DELAY, seconds=0.3)
    began = time.monotonic()
    line.sendall(b"slow")

    assert line.recv(100) == b"slow"
    assert time.monotonic() - began >= 0.3


def test_reset_ends_running_and_new_connections(line, proxy, echo):
    proxy.set(Mode.RESET)

    with pytest.raises(ConnectionResetError):
        line.recv(100)
    with pytest.raises(ConnectionResetError):
        ask(proxy.port, b"unheard")
    assert echo.heard == b"first"


def test_refused_connection_fails_until_it_is_over(line, proxy, echo):
    proxy.set(Mode.REFUSE)

    with pytest.raises(ConnectionResetError):
        line.recv(100)
    with pytest.raises(ConnectionRefusedError):
        ask(proxy.port, b"unheard")

    proxy.set(Mode.PASS)
    assert ask(proxy.port, b"heard") == b"heard"
    assert echo.heard == b"firstheard"


def test_half_closed_client_reads_the_end_and_is_still_heard(line, proxy, echo):
    proxy.set(Mode.HALF_CLOSE)

    assert line.recv(100) == b""
    line.sendall(b"last words")
    assert wait_for(lambda: echo.heard == b"firstlast words")


def test_blackholed_bytes_arrive_when_it_is_over(line, proxy, echo):
    proxy.set(Mode.BLACKHOLE)
    line.sendall(b"held")
    line.settimeout(0.3)

    with pytest.raises(TimeoutError):
        line.recv(100)
    assert echo.heard == b"first"

    proxy.set(Mode.PASS)
    line.settimeout(10)
    assert line.recv(100) == b"held"


def test_connection_made_into_a_blackhole_is_served_when_it_is_over(proxy):
    proxy.set(Mode.BLACKHOLE)
    with socket.create_connection(("127.0.0.1", proxy.port), timeout=10) as late:
        late.sendall(b"late")
        proxy.set(Mode.PASS)
        assert late.recv(100) == b"late"


def test_dropped_answer_was_heard_and_its_connection_is_reset_afterwards(line, proxy, echo):
    proxy.set(Mode.DROP_ANSWER)
    line.sendall(b"done?")
    assert wait_for(lambda: echo.heard == b"firstdone?")
    line.settimeout(0.3)
    with pytest.raises(TimeoutError):
        line.recv(100)

    proxy.set(Mode.PASS)
    line.settimeout(10)
    with pytest.raises(ConnectionResetError):
        line.recv(100)


def test_server_that_is_gone_resets_the_client():
    with socket.create_server(("127.0.0.1", 0)) as gone:
        port = gone.getsockname()[1]
    with FaultProxy(port) as proxy, pytest.raises(ConnectionResetError):
        ask(proxy.port, b"unheard")
