"""A receiver for webhooks on a real socket, and a simulator that sends to it."""

import base64
import json
import threading
from collections import deque
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import nacl.signing
import pytest

import simulator


class Receiver(ThreadingHTTPServer):
    """Remembers what it is sent; answers 200, or first what ``answers`` holds, after ``seconds`` or once it is over."""

    daemon_threads = False

    def __init__(self):
        super().__init__(("127.0.0.1", 0), _Taking)
        self.url = f"http://127.0.0.1:{self.server_port}/hooks"
        self.arrivals = []
        self.answers = deque()
        self.seconds = 0.0
        self.over = threading.Event()
        self.connections = 0
        self.closed = 0
        self._connections = []
        self._thread = threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.02})
        self._thread.start()

    def process_request(self, request, client_address):
        self.connections += 1
        self._connections.append(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request):
        super().shutdown_request(request)
        self.closed += 1

    def handle_error(self, request, client_address):
        """A simulator that hung up after two seconds is what some tests are about."""

    def stop(self):
        self.over.set()
        self.shutdown()
        self.server_close()
        self._thread.join()

    @property
    def bodies(self):
        return [json.loads(body) for _, body, _ in self.arrivals]

    @property
    def events(self):
        return [body["data"] for body in self.bodies]


class _Taking(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.arrivals.append((dict(self.headers), body, self.path))
        self.server.over.wait(self.server.seconds)
        self.send_response(self.server.answers.popleft() if self.server.answers else 200)
        self.send_header("Location", "/hooks/elsewhere")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


@pytest.fixture
def receiver():
    server = Receiver()
    yield server
    server.stop()


@pytest.fixture
def failover():
    server = Receiver()
    yield server
    server.stop()


@pytest.fixture
def telnyx_sim(receiver, failover):
    """Started, impatient, and stopped before the receivers it sends to."""
    with simulator.running(
        webhook_url=receiver.url,
        webhook_failover_url=failover.url,
        webhook_backoff=0.01,
        delivery_delay=0,
    ) as running:
        yield running


@pytest.fixture
def still():
    """A simulator that nobody has started: its clock stands, and only ``tick`` makes it work."""
    simulated = simulator.Simulator(
        clock=simulator.Clock(start=datetime(2026, 3, 1, 12, tzinfo=UTC), speed=0),
        seed=7,
        settings=simulator.Settings(delivery_delay=timedelta(seconds=1)),
    )
    yield simulated
    simulated.stop()


@pytest.fixture
def verify():
    """Check a signature as a receiver would; raises when it is wrong."""

    def check(public_key, headers, body):
        signed = headers["telnyx-timestamp"].encode() + b"|" + body
        key = nacl.signing.VerifyKey(base64.b64decode(public_key))
        key.verify(signed, base64.b64decode(headers["telnyx-signature-ed25519"]))

    return check
