"""A Telnyx that answers as a test tells it to, over real sockets."""

from __future__ import annotations

import json
import threading
import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass(frozen=True)
class Reply:
    """One answer; ``hang`` seconds come before it, and ``cut`` closes the connection instead."""

    status: int = 200
    body: object = None
    headers: dict[str, str] = field(default_factory=dict)
    hang: float = 0
    cut: bool = False
    drip: float = 0
    """Seconds between any two bytes of the body."""


@dataclass(frozen=True)
class Request:
    method: str
    path: str
    headers: dict[str, str]
    at: float
    body: bytes = b""

    @property
    def message_id(self) -> str:
        return self.path.rsplit("/", 1)[-1]


Script = Callable[[Request, int], Reply]


def message(message_id: str, *statuses: str) -> dict[str, object]:
    to = [{"phone_number": f"+1555765010{at}", "status": status} for at, status in enumerate(statuses, start=1)]
    return {"id": message_id, "record_type": "message", "direction": "outbound", "to": to}


def cancelled(request: Request) -> Reply:
    return Reply(200, message(request.message_id, "cancelled"))


def found(request: Request, *statuses: str) -> Reply:
    return Reply(200, {"data": message(request.message_id, *statuses)})


NOT_CANCELLABLE = Reply(422, {"errors": [{"code": "10027", "title": "Unprocessable Entity"}]})
NOT_FOUND = Reply(404, {"code": "40303", "title": "Message not found"})
HTML = Reply(200, "<html>welcome</html>", {"content-type": "text/html"})


class ScriptedTelnyx:
    """Listens on loopback; ``script(request, nth)`` gives the answer to the nth request (from 1) for a message."""

    def __init__(self, script: Script) -> None:
        self.script = script
        self.requests: list[Request] = []
        self._counts: dict[str, int] = defaultdict(int)
        self._lock = threading.Lock()
        self.over = threading.Event()
        """Set when the test ends, so that no answer hangs for longer."""
        self._server = _Server(("127.0.0.1", 0), _handler(self))
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}/v2"

    def asked(self, method: str | None = None) -> list[str]:
        """The ids that were asked about, in order."""
        return [each.message_id for each in self.requests if method in (None, each.method)]

    def methods(self) -> list[str]:
        return [each.method for each in self.requests]

    def reply_to(self, request: Request) -> Reply:
        with self._lock:
            self.requests.append(request)
            self._counts[request.message_id] += 1
            nth = self._counts[request.message_id]
        return self.script(request, nth)

    def stop(self) -> None:
        self.over.set()
        self._server.shutdown()
        self._server.server_close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, request, client_address) -> None:
        """A client that hangs up is part of the tests."""


def _handler(telnyx: ScriptedTelnyx) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do_DELETE(self) -> None:
            self._answer()

        def do_GET(self) -> None:
            self._answer()

        def do_POST(self) -> None:
            self._answer()

        def _answer(self) -> None:
            sent = self.rfile.read(int(self.headers.get("content-length", 0)))
            request = Request(self.command, self.path, dict(self.headers), time.monotonic(), sent)
            reply = telnyx.reply_to(request)
            telnyx.over.wait(reply.hang)
            if reply.cut:
                self.close_connection = True
                self.connection.close()
                return
            body = reply.body if isinstance(reply.body, str) else json.dumps(reply.body)
            raw = b"" if reply.status == 204 else body.encode()
            self.send_response(reply.status)
            for name, value in {"content-type": "application/json", **reply.headers}.items():
                self.send_header(name, value)
            if reply.status != 204:
                self.send_header("content-length", str(len(raw)))
            self.end_headers()
            for piece in [raw] if not reply.drip else [raw[at : at + 1] for at in range(len(raw))]:
                self.wfile.write(piece)
                time.sleep(reply.drip)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    return Handler
