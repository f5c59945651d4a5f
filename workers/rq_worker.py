"""The RQ worker: takes doorbells from one queue and runs nothing but our own job.

Whoever can write to Redis can queue a job that names any function, callback or URL. So a job is
read here as if by a stranger: what it may say is listed, and everything else in it is dropped.
"""

from __future__ import annotations

import json
import logging
import signal
import time
import zlib
from collections.abc import Mapping
from contextlib import suppress
from datetime import timedelta
from types import FrameType
from typing import Any

import structlog
from redis import Redis
from redis.exceptions import RedisError
from rq import SimpleWorker
from rq.exceptions import StopRequested
from rq.job import Job
from rq.serializers import JSONSerializer
from rq.worker import WorkerStatus

from core.errors import StoreUnavailable
from store.bell import JOB, JOB_TIMEOUT, QUEUE, connect
from workers.stopping import StopFlag

_log = structlog.get_logger(__name__)

ALLOWED = frozenset({JOB})
_REFUSED_FIELDS = ("success_callback_name", "failure_callback_name", "stopped_callback_name", "webhooks")
_KEPT_FIELDS = ("created_at", "enqueued_at", "started_at", "ended_at", "last_heartbeat", "status")
_NOTHING = json.dumps(["refused", None, [], {}]).encode()

#: How long one look into the queue blocks. Every Redis command of the worker may take a little longer, so that
#: a Redis that hangs holds up neither the worker's stop nor its notice of the trouble.
_LOOK = timedelta(seconds=5)
_PATIENCE = timedelta(seconds=7)
_PATIENCE_AT_THE_END = timedelta(milliseconds=500)
_FIRST_WAIT = 1.0
_LONGEST_WAIT = 5.0


class SafeJob(Job):
    """A job that can only be one of ours: any other does nothing."""

    refusal: str | None = None

    def restore(self, raw_data: Mapping[Any, Any]) -> None:
        """Take over from Redis what cannot do harm."""
        said = {key.decode() if isinstance(key, bytes) else key: value for key, value in raw_data.items()}
        self.refusal = _refusal(said)
        harmless = {
            "data": said["data"] if self.refusal is None else _NOTHING,
            "origin": QUEUE.encode(),
            "timeout": str(int(JOB_TIMEOUT.total_seconds())).encode(),
            "result_ttl": b"0",
            "failure_ttl": b"60",
        }
        try:
            super().restore(harmless | {key: said[key] for key in _KEPT_FIELDS if said.get(key)})
        except (ValueError, UnicodeDecodeError):
            super().restore(harmless)

    def perform(self) -> None:
        """Run the job, and let nothing it raises reach Redis: a traceback may quote a phone number."""
        if self.refusal is not None:
            _log.warning("job_refused", job_id=self.id, reason=self.refusal)
            return
        try:
            super().perform()
        except StoreUnavailable as error:
            _log.warning("drain_postponed", reason=str(error))
        except StopRequested:
            raise
        except Exception:  # noqa: BLE001 - whatever it is, it is told in our log and not in Redis
            _log.exception("drain_failed")


def _refusal(said: Mapping[str, bytes]) -> str | None:
    for field in _REFUSED_FIELDS:
        if said.get(field):
            return f"it has a {field}"
    try:
        raw = said["data"]
        with suppress(zlib.error):
            raw = zlib.decompress(raw)
        call = json.loads(raw)
    except (KeyError, ValueError, RecursionError):
        return "it cannot be read"
    if call not in [[name, None, [], {}] for name in ALLOWED]:
        return "it names a function, or arguments, that are not ours"
    return None


class DrainWorker(SimpleWorker):
    """RQ's worker without a fork for each job, on our one queue.

    One queue, because RQ loses jobs between two. No listening for RQ's remote commands: they would
    let whoever can write to Redis stop the worker.
    """

    job_class = SafeJob
    max_connection_wait_time = _LONGEST_WAIT

    def __init__(self, connection: Redis, *, stop: StopFlag) -> None:
        self.stop = stop
        super().__init__(
            [QUEUE],
            connection=connection,
            serializer=JSONSerializer,
            worker_ttl=45,
            maintenance_interval=30,
            log_job_description=False,
        )

    @property
    def dequeue_timeout(self) -> int:
        """How many seconds one look into the queue blocks."""
        return int(_LOOK.total_seconds())

    @property
    def connection_timeout(self) -> int:
        """The longest a Redis command may take, in seconds."""
        return int(_PATIENCE.total_seconds())

    def subscribe(self) -> None:
        """Listen to no remote commands."""

    def request_stop(self, _signum: int | None, _frame: FrameType | None) -> None:
        """Stop now when idle; a running drain sees the flag and comes to its end."""
        self.stop.set()
        self._stop_requested = True
        if self.get_state() != WorkerStatus.BUSY:
            raise StopRequested

    def heartbeat(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401 - RQ's signature
        """Send RQ's heartbeat; a stop that came at a moment when it could not be raised is raised here."""
        if self._stop_requested and self.get_state() != WorkerStatus.BUSY:
            raise StopRequested
        super().heartbeat(*args, **kwargs)

    def register_death(self) -> None:
        """Sign off, if Redis is there to hear it."""
        pool = self.connection.connection_pool
        pool.connection_kwargs.update(
            socket_timeout=_PATIENCE_AT_THE_END.total_seconds(),
            socket_connect_timeout=_PATIENCE_AT_THE_END.total_seconds(),
        )
        pool.disconnect()
        # The connections there are keep the patience they were made with.
        pool.reset()
        with suppress(RedisError, OSError):
            super().register_death()  # type: ignore[no-untyped-call]  # RQ has none


def run_worker(redis_url: str, *, stop: StopFlag) -> None:
    """Work until a stop is asked for, through any trouble with Redis. Only the main thread may call this."""
    logging.getLogger("rq.worker").addFilter(_OnceAMinute())
    wait = _FIRST_WAIT
    while not stop():
        started_at = time.monotonic()
        try:
            _work_once(redis_url, stop)
        except (RedisError, OSError) as error:
            _complain(str(error))
        except StopRequested:
            stop.set()
        # A worker that ran for a while ended on a passing trouble.
        wait = _FIRST_WAIT if time.monotonic() - started_at > _LONGEST_WAIT else min(wait * 2, _LONGEST_WAIT)
        stop.wait(wait)


def _work_once(redis_url: str, stop: StopFlag) -> None:
    """Work until RQ's worker gives up, or is stopped."""

    def interrupt(_number: int, _frame: FrameType | None) -> None:
        stop.set()
        raise StopRequested

    # Until RQ's worker has its own handlers, it may be waiting for a Redis that hangs.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, interrupt)
    try:
        DrainWorker(connect(redis_url, patience=_PATIENCE), stop=stop).work(logging_level="WARNING")
    finally:
        stop.listen()


def _complain(reason: str) -> None:
    # RQ's own logger, so that its complaints and this one share the limit of one a minute.
    logging.getLogger("rq.worker").error("Redis cannot be used, the sweeper works meanwhile: %s", reason)


class _OnceAMinute(logging.Filter):
    """Lets each message through once a minute: RQ repeats itself every few seconds while Redis is away."""

    def __init__(self) -> None:
        super().__init__()
        self._said_at: dict[str, float] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        now = time.monotonic()
        if now - self._said_at.get(str(record.msg), -60.0) < 60.0:  # noqa: PLR2004 - a minute
            return False
        self._said_at[str(record.msg)] = now
        return True
