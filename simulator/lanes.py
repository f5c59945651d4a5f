"""Send webhooks over kept-alive connections, a lane of threads to each target.

A target that answers slowly fills its own lane and no other. Each thread of a
lane keeps one connection, so nothing is shared and nothing needs pooling.
"""

import contextlib
import heapq
import http.client
import itertools
import select
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

_THREADS_PER_LANE = 8


@dataclass(frozen=True, slots=True)
class Answer:
    """What one POST came to: a status, or the reason there is none."""

    status: int | None
    error: str | None = None

    def is_success(self) -> bool:
        """Telnyx takes any 2xx for success, and nothing else: redirects are not followed."""
        return self.status is not None and 200 <= self.status < 300  # noqa: PLR2004 - the class of HTTP statuses


class Connection:
    """One kept-alive connection to a target, opened when needed; for one thread."""

    def __init__(self, target: str) -> None:
        parts = urlsplit(target)
        kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
        # The very host that was checked for being loopback, whatever else the URL may hold.
        self._http = kind(parts.hostname or "", parts.port)

    def post(self, url: str, body: bytes, headers: Mapping[str, str], *, timeout: float) -> Answer:
        """Send, and wait for the whole answer no longer than ``timeout`` seconds."""
        parts = urlsplit(url)
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        until = time.monotonic() + timeout
        try:
            self._open(timeout)
            self._http.request("POST", path, body=body, headers=dict(headers))
            self._wait_at_most(until)
            response = self._http.getresponse()
            self._wait_at_most(until)
            response.read()
        except (OSError, ValueError, http.client.HTTPException) as error:
            self.close()
            return Answer(None, "timeout" if isinstance(error, TimeoutError) else type(error).__name__)
        return Answer(response.status)

    def close(self) -> None:
        """Close; the next ``post`` opens anew."""
        self._http.close()

    def _open(self, timeout: float) -> None:
        # An idle connection that can be read was closed by the other side.
        if self._http.sock is not None and select.select([self._http.sock], [], [], 0)[0]:
            self.close()
        if self._http.sock is None:
            self._http.timeout = timeout
            self._http.connect()
        self._http.sock.settimeout(timeout)

    def _wait_at_most(self, until: float) -> None:
        left = until - time.monotonic()
        if left <= 0:
            raise TimeoutError
        # After the last byte of an answer that closes the connection there is no socket left.
        if self._http.sock is not None:
            self._http.sock.settimeout(left)


Job = Callable[[Connection], None]
"""One attempt, made with the connection it is handed."""


class Lane:
    """The jobs for one target, each not before its time, and the threads that do them."""

    def __init__(self, target: str) -> None:
        self._target = target
        self._changed = threading.Condition()
        self._jobs: list[tuple[float, int, Job]] = []
        self._order = itertools.count()
        self._threads: list[threading.Thread] = []
        self._idle = 0
        self._closed = False

    def put(self, job: Job, *, after: float = 0.0) -> None:
        """Do the job, ``after`` so many real seconds."""
        with self._changed:
            if self._closed:
                return
            heapq.heappush(self._jobs, (time.monotonic() + after, next(self._order), job))
            if len(self._jobs) > self._idle and len(self._threads) < _THREADS_PER_LANE:
                thread = threading.Thread(target=self._work, name=f"webhooks to {self._target}", daemon=True)
                self._threads.append(thread)
                thread.start()
            self._changed.notify()

    def close(self) -> None:
        """Forget the jobs that have not begun and wait for those that have."""
        with self._changed:
            self._closed = True
            self._jobs.clear()
            self._changed.notify_all()
        for thread in self._threads:
            thread.join()

    def _work(self) -> None:
        with contextlib.closing(Connection(self._target)) as connection:
            while (job := self._next()) is not None:
                job(connection)

    def _next(self) -> Job | None:
        with self._changed:
            self._idle += 1
            try:
                while not self._closed:
                    wait = self._jobs[0][0] - time.monotonic() if self._jobs else None
                    if wait is not None and wait <= 0:
                        return heapq.heappop(self._jobs)[2]
                    self._changed.wait(wait)
                return None
            finally:
                self._idle -= 1
