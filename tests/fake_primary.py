"""A primary over a real socket that answers a hand-over as a test tells it to."""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

from schemas.handover import HANDOVER_PATH

Batch = list[dict[str, Any]]
#: A status and a body, or None for no answer at all.
Answer = tuple[int, bytes] | None


def accepted(batch: Batch) -> Answer:
    """What a primary answers when all is well."""
    return 200, json.dumps({"data": [{"id": each["id"], "verdict": "accepted"} for each in batch]}).encode()


class FakePrimary:
    """Takes hand-overs; ``rule`` says how it answers one that has events, ``question`` one that has none."""

    def __init__(self) -> None:
        self.batches: list[Batch] = []
        self.questions = 0
        self.largest = 0
        self.headers: list[dict[str, str]] = []
        self.rule: Callable[[Batch], Answer] = accepted
        self.question: Callable[[Batch], Answer] = accepted
        self.over = threading.Event()
        """Set when the test ends, and with it every answer that never came."""
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.primary = self
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.over.set()
        self._server.shutdown()
        self._server.server_close()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}{HANDOVER_PATH}"

    @property
    def ids(self) -> list[list[int]]:
        """The rows of each batch, in the order in which they came."""
        return [[each["id"] for each in batch] for batch in self.batches]

    @property
    def bodies(self) -> list[bytes]:
        """The events as Telnyx sent them, in the order in which they came."""
        return [base64.b64decode(each["raw"]) for batch in self.batches for each in batch]

    def answer(self, body: bytes, headers: dict[str, str]) -> Answer:
        batch: Batch = json.loads(body)["events"]
        self.headers.append(headers)
        self.largest = max(self.largest, len(body))
        if not batch:
            self.questions += 1
            return self.question(batch)
        self.batches.append(batch)
        return self.rule(batch)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    primary: FakePrimary


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # The head and the body of an answer are two writes, and the second would wait for the other side's delayed word.
    disable_nagle_algorithm = True
    server: _Server

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        answer = self.server.primary.answer(body, dict(self.headers))
        if answer is None:
            # Longer than anybody who asks has patience for.
            self.server.primary.over.wait(60)
            self.close_connection = True
            return
        status, told = answer
        self.send_response(status)
        self.send_header("Content-Length", str(len(told)))
        if 300 <= status < 400:
            self.send_header("Location", f"http://127.0.0.1:{self.server.server_port}/elsewhere")
        self.end_headers()
        self.wfile.write(told)

    def log_message(self, *_: object) -> None:
        """Say nothing on stderr."""
