"""The failover process's sender: a thread that hands over what is due, for as long as the process lives.

Of all processes on one spool one sends. Two would do no harm, since the primary tells what it has already.
"""

from __future__ import annotations

import fcntl
import os
import random
import threading
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Self

from structlog.typing import FilteringBoundLogger

from core.errors import StoreUnavailable
from schemas.settings import Settings
from store.spool import Spool
from webhook_app.handover_client import Primary
from webhook_app.handover_rounds import Round, Rounds, backoff

#: How long handed rows are kept: longer than anybody takes to find out that the primary's database must be restored.
KEPT = timedelta(days=7)
_PRUNE_EVERY = timedelta(hours=1)
#: Long enough for a server to fork its workers, and for processes that start together not to ask together.
_FIRST_WAIT = (0.5, 1.5)
_IDLE_WAIT = 0.5
_NOT_MY_TURN_WAIT = 1.0
#: A round that takes longer shows that the primary is busy: it is left in peace for as long.
_QUICK = 0.1
_TELL_EVERY = 60.0
_FILE_MODE = 0o600


def start(
    *, spool: Spool, settings: Settings, clock: Callable[[], datetime], log: FilteringBoundLogger
) -> Sender | None:
    """Start handing over in the background, where the settings say to whom; otherwise say so, and return None.

    It may be called before a server forks: the thread then runs in the children, and no longer here.
    """
    url, secret = settings.handover_url, settings.handover_secret
    if url is None or secret is None:
        log.warning(
            "handover_off", remedy="set RESCIND_HANDOVER_URL and RESCIND_HANDOVER_SECRET; until then events wait here"
        )
        return None
    sender = Sender(
        spool=spool,
        primary=lambda: Primary(url, secret, clock=clock),
        lock=Path(f"{settings.spool}.sender"),
        clock=clock,
        log=log,
    )
    sender.start()
    os.register_at_fork(before=sender.pause, after_in_child=sender.resume)
    return sender


class Sender:
    """The thread, from its start to its end."""

    def __init__(
        self,
        *,
        spool: Spool,
        primary: Callable[[], Primary],
        lock: Path,
        clock: Callable[[], datetime],
        log: FilteringBoundLogger,
    ) -> None:
        """Take the spool, what makes the connection, and the file whose lock says which process sends."""
        self._spool = spool
        self._primary = primary
        self._lock = lock
        self._clock = clock
        self._log = log
        self._state = _State(log)
        self._pruned_at: datetime | None = None
        self._is_wanted = False
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin, after a moment."""
        self._is_wanted = True
        self.resume()

    def stop(self) -> None:
        """End, within the time that one request may take."""
        self._is_wanted = False
        self.pause()

    def pause(self) -> None:
        """End the thread here: none may run while the process forks, and who forks leaves the work to the children."""
        if self._thread is not None:
            self._stopping.set()
            self._thread.join()
            self._thread = None

    def resume(self) -> None:
        """Begin again, in the child of a fork."""
        if self._is_wanted and self._thread is None:
            self._stopping = threading.Event()
            # A daemon: whatever it is in the middle of when the process ends will be done again, to no harm.
            self._thread = threading.Thread(target=self._run, name="handing-over", daemon=True)
            self._thread.start()

    def _run(self) -> None:
        stopping = self._stopping
        if stopping.wait(random.uniform(*_FIRST_WAIT)):  # noqa: S311 - no secret depends on it
            return
        with _Turn(self._lock) as turn, self._primary() as primary:
            rounds = Rounds(spool=self._spool, primary=primary, clock=self._clock)
            wait = 0.0
            while not stopping.wait(wait):
                wait = self._step(turn, rounds)

    def _step(self, turn: _Turn, rounds: Rounds) -> float:
        """Hand over a batch, if it is this process's turn, and return how many seconds to wait before the next."""
        began = time.monotonic()
        try:
            if not turn.is_mine():
                return _NOT_MY_TURN_WAIT
            self._prune()
            done = rounds.one()
        except (StoreUnavailable, OSError) as error:
            return self._state.in_trouble("spool", str(error))
        except Exception as error:  # noqa: BLE001 - the events are in the spool, and this thread lives on
            self._log.error("bug", error=type(error).__name__, exc_info=error)
            return self._state.in_trouble("bug", type(error).__name__)
        if done.away:
            return self._state.in_trouble("primary", done.away)
        if done.is_idle:
            return _IDLE_WAIT
        self._state.well(done)
        took = time.monotonic() - began
        return took if took > _QUICK else 0.0

    def _prune(self) -> None:
        now = self._clock()
        if self._pruned_at is None or now - self._pruned_at >= _PRUNE_EVERY:
            self._pruned_at = now
            self._spool.prune(now - KEPT)


class _State:
    """Whether it goes well; told when that changes, not with every try."""

    def __init__(self, log: FilteringBoundLogger) -> None:
        self._log = log
        self._failures = 0
        self._told: str | None = None
        self._told_at = 0.0
        self._refused_at = float("-inf")

    def in_trouble(self, what: str, reason: str) -> float:
        """Note a failure, and return how many seconds to wait after it."""
        self._failures += 1
        told_for = time.monotonic() - self._told_at
        if self._told is None or (self._told != reason and told_for > _TELL_EVERY):
            self._log.warning("handover_waits", trouble=what, reason=reason)
            self._told, self._told_at = reason, time.monotonic()
        return backoff(self._failures).total_seconds()

    def well(self, done: Round) -> None:
        """Note that the primary answers, and tell of what it would not take."""
        if self._told is not None:
            self._log.info("handover_goes_on")
        self._failures, self._told = 0, None
        refused_for = time.monotonic() - self._refused_at
        if done.refused and refused_for > _TELL_EVERY:
            self._refused_at = time.monotonic()
            remedy = "see that TELNYX_PUBLIC_KEY has the same keys there and here; it is tried again within the hour"
            self._log.warning("handover_refused", reason=done.refused, remedy=remedy)
        if done.parked:
            self._log.warning("handover_parked", events=done.parked, remedy="see `rescind handover --parked`")


class _Turn:
    """The right to send, which one process has at a time; whoever has it and dies gives it up."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: int | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._file is not None:
            os.close(self._file)

    def is_mine(self) -> bool:
        """Return True once nobody else has it. Raises OSError when the file cannot be used."""
        if self._file is None:
            self._file = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, _FILE_MODE)
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True
