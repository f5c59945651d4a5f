"""A client that keeps a number of connections busy: each sends its next request when it has the answer to its last.

A process of its own, ``python -m bench.load PORT CONNECTIONS SECONDS``, so that it does not share an interpreter with
what it measures. Requests are signed before the clock starts. Prints JSON.
"""

from __future__ import annotations

import json
import selectors
import socket
import sys
import time
from dataclasses import dataclass, field

from bench import signing

#: More than any server here answers in a second; what is left over is thrown away.
_MOST_A_SECOND = 7000


@dataclass
class Connection:
    """One kept-alive connection with at most one request under way."""

    socket: socket.socket
    sent_at: float = 0.0
    received: bytearray = field(default_factory=bytearray)

    def send(self, request: bytes) -> None:
        """Send the next request."""
        self.received.clear()
        self.sent_at = time.perf_counter()
        self.socket.sendall(request)

    def status(self) -> bytes | None:
        """Read what has come, and return the status once the answer is whole."""
        part = self.socket.recv(65536)
        if not part:
            raise ConnectionError("the server closed the connection")
        self.received += part
        head, end, body = bytes(self.received).partition(b"\r\n\r\n")
        if not end:
            return None
        lower = head.lower()
        start = lower.index(b"content-length:") + len(b"content-length:")
        length = int(lower[start : lower.find(b"\r\n", start) if b"\r\n" in lower[start:] else None])
        return head[9:12] if len(body) >= length else None


def run(port: int, connections: int, seconds: float) -> dict[str, object]:
    """Load a server and return the rate, the latencies in milliseconds, and how many answers were not 200."""
    requests = signing.requests(int(_MOST_A_SECOND * (seconds + 1)))
    ready = list(requests)
    ready.reverse()
    selector = selectors.EpollSelector() if hasattr(selectors, "EpollSelector") else selectors.DefaultSelector()
    for _ in range(connections):
        connection = Connection(socket.create_connection(("127.0.0.1", port), timeout=30))
        connection.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        selector.register(connection.socket, selectors.EVENT_READ, connection)
        connection.send(ready.pop())
    latencies: list[float] = []
    refused = 0
    started_at = time.perf_counter()
    now = started_at
    while now - started_at < seconds and ready:
        for key, _ in selector.select(timeout=5):
            connection = key.data
            status = connection.status()
            if status is None:
                continue
            now = time.perf_counter()
            latencies.append(now - connection.sent_at)
            refused += status != b"200"
            if not ready:
                break
            connection.send(ready.pop())
    took = now - started_at
    latencies.sort()
    return {
        "rate": len(latencies) / took,
        "p50": latencies[len(latencies) // 2] * 1000,
        "p99": latencies[int(len(latencies) * 0.99)] * 1000,
        "refused": refused,
    }


if __name__ == "__main__":
    print(json.dumps(run(int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3]))))
