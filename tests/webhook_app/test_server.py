"""The receiver behind the server it ships with, by raw sockets: what only a real HTTP parser can get wrong."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bench import serving
from store.engine import Database
from tests import telnyx_signing as telnyx
from tests.receiving_world import PATH, raw_of, rows_of, served

CRLF = "\r\n"


@pytest.fixture(scope="module")
def server(tmp_path_factory, sqlite_template) -> Iterator[tuple[int, Database]]:
    folder: Path = tmp_path_factory.mktemp("server")
    path = folder / "rescind.db"
    path.write_bytes(sqlite_template.read_bytes())
    database = Database(f"sqlite:///{path}")
    with served(folder, f"sqlite:///{path}") as port:
        yield port, database
    database.dispose()


def signed(body: bytes, **more: str) -> list[str]:
    headers = telnyx.headers(body, datetime.now(UTC)) | {"Host": "localhost"} | more
    return [f"{name}: {value}" for name, value in headers.items()]


def exchange(port: int, head: list[str], body: bytes = b"", *, half_close: bool = True) -> tuple[int, bytes]:
    """Send bytes as they are and return the status and all that came back; status 0 when nothing did."""
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        received = b""
        # Who refuses a request before its end may close the connection on us.
        with suppress(OSError):
            connection.sendall(CRLF.join([*head, "", ""]).encode("latin-1") + body)
            if half_close:
                connection.shutdown(socket.SHUT_WR)
        with suppress(ConnectionResetError):
            while part := connection.recv(65536):
                received += part
    return int(received[9:12] or b"0"), received


def chunks(body: bytes, size: int) -> bytes:
    parts = [body[start : start + size] for start in range(0, len(body), size)]
    return b"".join(f"{len(part):x}\r\n".encode() + part + b"\r\n" for part in parts) + b"0\r\n\r\n"


def test_signed_request_is_accepted_over_a_socket(server):
    port, database = server
    body = telnyx.raw(telnyx.event())
    status, answer = exchange(port, [f"POST {PATH} HTTP/1.1", *signed(body), f"Content-Length: {len(body)}"], body)
    assert status == 200
    assert answer.endswith(b'{"status":"accepted"}\n')
    assert body in set(raw_of(database).values())


@pytest.mark.parametrize("size", [1, 100, 65536])
def test_signed_chunked_request_is_accepted(server, size):
    port, database = server
    body = telnyx.raw(telnyx.event())
    head = [f"POST {PATH} HTTP/1.1", *signed(body), "Transfer-Encoding: chunked"]
    assert exchange(port, head, chunks(body, size))[0] == 200
    assert body in set(raw_of(database).values())


def test_header_names_are_read_in_any_case(server):
    port, _ = server
    body = telnyx.raw(telnyx.event())
    head = [line.upper() if line.startswith("telnyx-timestamp") else line for line in signed(body)]
    assert exchange(port, [f"POST {PATH} HTTP/1.1", *head, f"Content-Length: {len(body)}"], body)[0] == 200


BIG = 300_000


def _malformed() -> dict[str, tuple[list[str], bytes, set[int]]]:
    body = telnyx.raw(telnyx.event())
    post, length, good = f"POST {PATH} HTTP/1.1", f"Content-Length: {len(body)}", signed(body)
    signature = next(line for line in good if line.startswith("telnyx-signature"))
    timestamp = next(line for line in good if line.startswith("telnyx-timestamp"))
    chunked = "Transfer-Encoding: chunked"
    return {
        "both lengths": ([post, *good, length, chunked], chunks(body, 100), {400}),
        "two lengths": ([post, *good, length, "Content-Length: 3"], body, {400}),
        "length with a sign": ([post, *good, f"Content-Length: +{len(body)}"], body, {400}),
        "folded header": ([post, *good, length, "X: a", " b"], body, {400}),
        "blank before the colon": ([post, *good, f"Content-Length : {len(body)}"], body, {400}),
        "body cut short": ([post, *good, "Content-Length: 5000"], body, {0, 400}),
        "chunked body cut short": ([post, *good, chunked], chunks(body, 100)[:-5], {0, 400}),
        "bad chunk size": ([post, *good, chunked], b"zz\r\n" + body, {400}),
        "too long": ([post, *signed(b"x" * BIG), f"Content-Length: {BIG}"], b"x" * BIG, {413}),
        "too long, announced only": ([post, *good, "Content-Length: 99999999999"], body, {413}),
        "too long in chunks": ([post, *signed(b"x" * BIG), chunked], chunks(b"x" * BIG, 8192), {413}),
        "compressed": ([post, *good, length, "Content-Encoding: gzip"], body, {415}),
        "header too long": ([post, *good, length, "X: " + "x" * 10_000], body, {400, 431}),
        "too many headers": ([post, *good, length, *[f"X-{n}: x" for n in range(200)]], body, {400, 431}),
        "address too long": ([f"POST {PATH}?{'x' * 9000} HTTP/1.1", *good, length], body, {400, 414}),
        "no such version": ([f"POST {PATH} HTTP/9.9", *good, length], body, {400, 505}),
        "signature twice": ([post, *good, length, signature], body, {401}),
        "timestamp twice": ([post, *good, length, timestamp], body, {401}),
        "underscores": ([post, length, *[line.replace("-", "_", 2) for line in good]], body, {401}),
        "no headers": ([post, length], body, {400, 401}),
        "slash at the end": ([f"POST {PATH}/ HTTP/1.1", *good, length], body, {404}),
        "another method": ([f"PUT {PATH} HTTP/1.1", *good, length], body, {405}),
        "body of another": ([post, *good, "Content-Length: 2"], b"{}", {401}),
    }


@pytest.mark.parametrize("name", _malformed())
def test_malformed_request_is_refused_and_changes_nothing(server, name):
    port, database = server
    before = rows_of(database)
    head, body, statuses = _malformed()[name]
    status, answer = exchange(port, head, body)
    assert status in statuses
    assert b"Traceback" not in answer
    assert rows_of(database) == before


def test_connection_goes_on_after_a_refusal(server):
    port, _ = server
    body = telnyx.raw(telnyx.event())
    refused = CRLF.join([f"POST {PATH}/ HTTP/1.1", "Host: x", "Content-Length: 3", "", ""]).encode() + b"abc"
    head = CRLF.join([f"POST {PATH} HTTP/1.1", *signed(body), f"Content-Length: {len(body)}", "", ""]).encode()
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        for request, expected in ((refused, b"404"), (head + body, b"200")):
            connection.sendall(request)
            assert connection.recv(65536)[9:12] == expected


def test_log_on_a_full_disk_fails_no_request(tmp_path, sqlite_url):
    body = telnyx.raw(telnyx.event())
    chosen = {"DATABASE_URL": sqlite_url, "TELNYX_PUBLIC_KEY": telnyx.PUBLIC_KEY}
    with serving.server("webhook_app:create_app()", chosen, log=Path("/dev/full")) as port:
        head = [f"POST {PATH} HTTP/1.1", *signed(body), f"Content-Length: {len(body)}"]
        assert exchange(port, head, body)[0] == 200


def test_worker_killed_at_any_moment_loses_nothing_it_answered(tmp_path, sqlite_url):
    """Every event that got a 200 is stored, whoever is killed meanwhile."""
    database = Database(sqlite_url)
    answered = set()
    with served(tmp_path, sqlite_url) as port:
        for number in range(60):
            body = telnyx.raw(telnyx.event())
            if number % 15 == 7:
                os.kill(_workers()[0], signal.SIGKILL)
            head = [f"POST {PATH} HTTP/1.1", *signed(body), f"Content-Length: {len(body)}", "Connection: close"]
            if exchange(port, head, body, half_close=False)[0] == 200:
                answered.add(body)
    assert len(answered) >= 50
    assert answered <= set(raw_of(database).values())
    database.dispose()


def _workers() -> list[int]:
    """Return the processes below the servers that this process started, newest server last."""
    masters = Path(f"/proc/{os.getpid()}/task/{os.getpid()}/children").read_text().split()
    below: list[int] = []
    for master in masters:
        if b"gunicorn" in Path(f"/proc/{master}/cmdline").read_bytes():
            below = [int(pid) for pid in Path(f"/proc/{master}/task/{master}/children").read_text().split()]
    return below


@pytest.mark.parametrize(
    ("key", "word"),
    [("", "TELNYX_PUBLIC_KEY"), ("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=", "TELNYX_PUBLIC_KEY")],
    ids=["missing", "a placeholder"],
)
def test_server_without_a_usable_key_stops_with_one_line(sqlite_url, key, word):
    command = ["gunicorn", "--bind", f"127.0.0.1:{serving.free_port()}", "--no-control-socket"]
    environ = {name: value for name, value in os.environ.items() if not name.startswith(("TELNYX_", "RESCIND_"))}
    ended = subprocess.run(
        [sys.executable, "-m", *command, "webhook_app:create_app()"],
        cwd=serving.ROOT,
        env={**environ, "DATABASE_URL": sqlite_url, "TELNYX_PUBLIC_KEY": key},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ended.returncode == 4
    (told,) = [line for line in ended.stderr.splitlines() if line.startswith("rescind: ")]
    assert word in told
    assert "Traceback" not in ended.stderr
    assert not key or key not in ended.stderr
