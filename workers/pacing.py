"""The pace at which Telnyx is asked, shared by every worker that shares a Redis.

Two things keep it. A bucket in this process spreads requests over the second. A
window in Redis counts those of all workers. While Redis is away each worker
keeps the pace for itself alone, so several together may ask that many times as
often; Telnyx's own limit, and the pause that its 429 brings, then hold.

A pause is shared only when it concerns the account: a worker that has a wrong
key, or no network, must not stop those that have.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from datetime import timedelta

import structlog
from limits import RateLimitItemPerSecond
from limits.storage import RedisStorage
from limits.strategies import MovingWindowRateLimiter
from redis import Redis
from redis.exceptions import RedisError

log = structlog.get_logger()

#: After Redis has failed, it is left in peace for this long: a dead one must not cost its timeout each time.
_REDIS_PEACE = timedelta(seconds=5)
_PAUSED_KEY = "rescind:paused"
#: Nobody asks for a longer pause. A key that stays longer, such as after Redis's clock was set back, is cut short.
_LONGEST_SHARED_PAUSE = timedelta(minutes=1)
_WINDOW = "telnyx"
#: What may go out at once, as a share of a second's requests.
_BURST = 0.1


class Pacer:
    """Grants requests to Telnyx: at most ``rate`` in any second, and none during a pause.

    ``redis`` should give up on a command within 100 ms and not retry. Not for
    use by several threads.
    """

    def __init__(
        self, rate: int, redis: Redis | None, *, share: float = 1, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """Open nothing yet; ``share`` is how much of the rate this process may use at most."""
        self._clock = clock
        # A full burst and a second's refill together make the rate, so no window of a second exceeds it. What is less
        # than a request counts: at a low rate nearly a whole one would be lost whenever somebody asks a little late.
        self._burst = max(1.0, rate * share * _BURST)
        self._refill = rate * share * (1 - _BURST)
        self._tokens = self._burst
        self._counted_at = clock()
        self._paused_until = float("-inf")
        self._redis = redis
        self._redis_back_at = float("-inf")
        # What is granted by the second arrives a little unevenly: the burst's share is kept free for that.
        self._limit = RateLimitItemPerSecond(math.ceil(rate * (1 - _BURST)))
        self._window = (
            MovingWindowRateLimiter(
                RedisStorage("redis://", connection_pool=redis.connection_pool, key_prefix="rescind:pace")
            )
            if redis is not None
            else None
        )

    def try_acquire(self, wanted: int) -> int:
        """Return how many of the wanted requests may leave now, without waiting."""
        self._fill()
        granted = min(wanted, int(self._tokens))
        if granted <= 0 or self.paused_for() > timedelta():
            return 0
        granted = self._shared(granted)
        self._tokens -= granted
        return granted

    def pause(self, span: timedelta) -> None:
        """Ask nothing from this process for this long; a longer pause that is on already stays."""
        self._paused_until = max(self._paused_until, self._clock() + span.total_seconds())

    def pause_everybody(self, span: timedelta) -> None:
        """Let no worker ask anything for this long, a minute at most."""
        span = min(span, _LONGEST_SHARED_PAUSE)
        self.pause(span)
        if self._redis is None or not self._redis_answers():
            return
        try:
            if span > _shared_pause(self._redis):
                self._redis.set(_PAUSED_KEY, 1, px=max(span, timedelta(milliseconds=1)))
        except (RedisError, OSError) as error:
            self._leave_redis(error)

    def paused_for(self) -> timedelta:
        """Return how much longer this process may not ask anything, as far as it knows."""
        return timedelta(seconds=max(0.0, self._paused_until - self._clock()))

    def ready_in(self) -> timedelta:
        """Return after how long asking again makes sense."""
        self._fill()
        # Rounded up: a clock that has moved on by this much must find the request granted.
        refilled = math.ceil(1000 * max(0.0, (1 - self._tokens) / self._refill))
        return max(self.paused_for(), timedelta(milliseconds=refilled))

    def _fill(self) -> None:
        now = self._clock()
        self._tokens = min(self._burst, self._tokens + (now - self._counted_at) * self._refill)
        self._counted_at = now

    def _shared(self, wanted: int) -> int:
        """Return how many of the wanted requests the other workers leave us."""
        if self._redis is None or self._window is None or not self._redis_answers():
            return wanted
        try:
            if paused := _shared_pause(self._redis):
                self.pause(paused)
                return 0
            while wanted and not self._window.hit(self._limit, _WINDOW, cost=wanted):
                # Somebody may take the rest in between; the count that is left only ever shrinks here.
                wanted = min(wanted - 1, self._window.get_window_stats(self._limit, _WINDOW).remaining)
        except (RedisError, OSError) as error:
            self._leave_redis(error)
        return max(wanted, 0)

    def _redis_answers(self) -> bool:
        return self._clock() >= self._redis_back_at

    def _leave_redis(self, error: Exception) -> None:
        self._redis_back_at = self._clock() + _REDIS_PEACE.total_seconds()
        log.warning("pace_not_shared", error=type(error).__name__)


def _shared_pause(redis: Redis) -> timedelta:
    """Return how much longer nobody may ask anything."""
    pttl = redis.pttl(_PAUSED_KEY)
    # Negative means that there is no such key.
    left = timedelta(milliseconds=max(0, pttl)) if isinstance(pttl, int) else timedelta()
    if left > _LONGEST_SHARED_PAUSE:
        redis.pexpire(_PAUSED_KEY, _LONGEST_SHARED_PAUSE)
    return min(left, _LONGEST_SHARED_PAUSE)
