"""The doorbell: a nudge through RQ that there is work in SQL. It carries nothing and promises nothing.

A lost, doubled or late ring changes no result: the job drains whatever SQL says is due, and the
sweeper rings or works when nobody else did. So every trouble with Redis ends here, as ``False``.
"""

from __future__ import annotations

import logging
import os
import secrets
import threading
import time
from contextlib import suppress
from datetime import timedelta

from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry
from rq import Queue
from rq.serializers import JSONSerializer

QUEUE = "rescind"
#: The one job there is, by name: whoever rings must not import the workers.
JOB = "workers.jobs.drain"
#: Longer than a drain's budget and its slowest statement; RQ stops a job that takes longer.
JOB_TIMEOUT = timedelta(minutes=3)

_KEY = "rescind:bell"
#: While the key lives, further rings are part of the same burst. It outlives a job that RQ lost by no more than this.
_BURST = timedelta(seconds=5)
#: A doorbell that nobody answered in this time says nothing any more.
_JOB_TTL = timedelta(minutes=5)
#: A healthy Redis answers in a millisecond; nobody waits for another one.
_PATIENCE = timedelta(milliseconds=200)
_COMPLAIN_EVERY = timedelta(minutes=1)
#: Between two rings of the background thread: bursts coalesce, and a hung Redis is left in peace.
_PAUSE = timedelta(milliseconds=10)
_PAUSE_AFTER_FAILURE = timedelta(milliseconds=500)

_log = logging.getLogger(__name__)


def connect(redis_url: str, *, patience: timedelta = _PATIENCE) -> Redis:
    """Return a client that gives up on a command after ``patience`` and never retries by itself.

    redis-py would retry each command ten times with growing pauses: seconds, for a Redis that is down.
    Nothing is connected yet.
    """
    return Redis.from_url(
        redis_url,
        retry=Retry(NoBackoff(), 0),
        socket_timeout=patience.total_seconds(),
        socket_connect_timeout=patience.total_seconds(),
    )


class Bell:
    """Rings for a drain. Without a Redis URL it does nothing, and says so by returning False."""

    def __init__(self, redis_url: str | None, *, client: Redis | None = None) -> None:
        self._client = client if client is not None or redis_url is None else connect(redis_url)
        self._complained_at: float | None = None
        self._wanted = threading.Event()
        self._starting = threading.Lock()
        self._ringing_in: int | None = None

    def ring(self) -> bool:
        """Enqueue one drain for this burst, unless it is already there. Return False when Redis did not take it."""
        if self._client is None:
            return False
        try:
            if self._client.set(_KEY, 1, nx=True, ex=_BURST):
                self._enqueue(self._client)
        except (RedisError, OSError) as error:
            self._complain(error)
            return False
        return True

    def ring_soon(self) -> None:
        """Have a thread of this process ring, and return at once."""
        if self._client is None:
            return
        self._wanted.set()
        # A server forks its workers after it built the application, and threads do not survive a fork.
        if self._ringing_in != os.getpid():
            with self._starting:
                if self._ringing_in != os.getpid():
                    threading.Thread(target=self._keep_ringing, name="bell", daemon=True).start()
                    self._ringing_in = os.getpid()

    def silence(self) -> None:
        """Open the next burst.

        A drain says so before it looks into SQL, so that a ring which comes later is never
        mistaken for the one that called it.
        """
        if self._client is None:
            return
        try:
            self._client.delete(_KEY)
        except (RedisError, OSError) as error:
            self._complain(error)

    def _enqueue(self, client: Redis) -> None:
        try:
            Queue(QUEUE, connection=client, serializer=JSONSerializer).enqueue_call(
                JOB,
                job_id=f"drain-{secrets.token_hex(6)}",
                timeout=int(JOB_TIMEOUT.total_seconds()),
                description="",
                result_ttl=0,
                failure_ttl=60,
                ttl=int(_JOB_TTL.total_seconds()),
            )
        except (RedisError, OSError):
            # Nothing is on its way, so the next ring must not be taken for an echo of this one.
            with suppress(RedisError, OSError):
                client.delete(_KEY)
            raise

    def _keep_ringing(self) -> None:
        while True:
            self._wanted.wait()
            self._wanted.clear()
            rung = self.ring()
            time.sleep((_PAUSE if rung else _PAUSE_AFTER_FAILURE).total_seconds())

    def _complain(self, error: Exception) -> None:
        now = time.monotonic()
        if self._complained_at is None or now - self._complained_at >= _COMPLAIN_EVERY.total_seconds():
            self._complained_at = now
            _log.warning("Redis does not take the doorbell, the sweeper works instead: %s", error)
