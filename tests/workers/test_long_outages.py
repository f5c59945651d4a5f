"""An hour without Telnyx, and a thousand cancellations that wait for it: real time is not involved.

The other ways of being away are tried for some minutes, which shows the same.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable
from concurrent.futures import Executor, Future
from datetime import datetime, timedelta
from itertools import count
from random import Random

import pytest
from structlog.testing import capture_logs

from core.cancelling import Answer, Trouble
from core.deadlines import WALL, deadline
from ledger import balance, breaches
from ledger.registering import register
from store import cancellations
from store.cancellations import NewCancellation
from tests.reports import NOW, RULES, message_id, registration
from tests.scripted_telnyx import NOT_CANCELLABLE
from tests.scripted_telnyx import message as told
from workers.cancelling import Canceller
from workers.pacing import Pacer

RATE = 20
EVERY = timedelta(seconds=10)
HOUR, MINUTES = timedelta(hours=1), timedelta(minutes=12)
MANY, FEWER = 1000, 150
LATENCY = timedelta(milliseconds=150)
GIVEN_UP = timedelta(seconds=5)


class World(Executor):
    """The ledger, a clock, and a Telnyx beyond a line on which every request takes its time."""

    def __init__(self, database, broken: Callable[[timedelta], Answer], back_in: timedelta, messages: int) -> None:
        self.database = database
        self.back_at = NOW + back_in
        self.broken = broken
        self.now = NOW
        self.send_ats = {message_id(number): NOW + timedelta(minutes=5) + number * EVERY for number in range(messages)}
        self.cancelled: set[str] = set()
        self.asked: list[tuple[datetime, str, str]] = []
        self._line: list[tuple[datetime, int, Callable[[], None]]] = []
        self._order = count()
        self._asked_at = NOW
        self.canceller = Canceller(
            database,
            self,
            Pacer(RATE, None, clock=self._seconds),
            now=lambda: self.now,
            random=Random(7),
            threads=self,
        )
        self._register()

    def _seconds(self) -> float:
        return self.now.timestamp()

    def _register(self) -> None:
        began = NOW - timedelta(days=1)
        made = [registration(number, send_at=at) for number, at in enumerate(self.send_ats.values())]
        rows = [
            NewCancellation(of, "opt_out" if nth % 2 else "stale", "reason", 1 - nth % 2, at, began, NOW, NOW)
            for nth, (of, at) in enumerate(self.send_ats.items())
        ]
        with self.database.begin() as connection:
            register(connection, made, RULES, door="api", now=began)
            cancellations.request(connection, rows)

    def submit(self, fn, /, *args, **kwargs):
        """A request leaves; its answer comes later."""
        (claimed,) = args
        left_at = self.now
        self.asked.append((left_at, str(claimed.asked.action), claimed.message_id))

        def arrive() -> None:
            self._asked_at = left_at
            fn(*args, **kwargs)

        broken = self._broken(left_at)
        is_hanging = broken is not None and broken.trouble is Trouble.TIMEOUT
        takes = GIVEN_UP if is_hanging else LATENCY
        heapq.heappush(self._line, (left_at + takes, next(self._order), arrive))
        return Future()

    def _broken(self, at: datetime) -> Answer | None:
        return self.broken(self.back_at - at) if at < self.back_at else None

    def cancel(self, of: str, _timeout: timedelta) -> Answer:
        if broken := self._broken(self._asked_at):
            return broken
        if self.send_ats[of] - self._asked_at <= WALL:
            return Answer(422, body=NOT_CANCELLABLE.body)
        self.cancelled.add(of)
        return Answer(200, body=told(of, "cancelled"))

    def retrieve(self, of: str, _timeout: timedelta) -> Answer:
        if broken := self._broken(self._asked_at):
            return broken
        stands = "cancelled" if of in self.cancelled else "sent" if self._asked_at >= self.send_ats[of] else "scheduled"
        return Answer(200, body={"data": told(of, stands)})

    def close(self) -> None:
        """There is nothing to close."""

    def run(self) -> None:
        """Go on until nothing is under way, from one moment at which something happens to the next."""
        for _ in range(200_000):
            pumped = self.canceller.pump()
            happens = [self._line[0][0]] if self._line else []
            if pumped.next_due_at is not None and pumped.in_flight < 4:
                happens.append(pumped.next_due_at)
            if not happens:
                return
            self.now = max(self.now, min(happens))
            while self._line and self._line[0][0] <= self.now:
                heapq.heappop(self._line)[-1]()
        raise AssertionError("it never came to rest")


def most_in_a_second(times: list[datetime]) -> int:
    most, begin = 0, 0
    for end, at in enumerate(times):
        while at - times[begin] >= timedelta(seconds=1):
            begin += 1
        most = max(most, end - begin + 1)
    return most


def reset_in(left: timedelta) -> Answer:
    """A throttled request's answer that tells the truth: when the limit will be lifted, at most a minute ahead."""
    return Answer(429, retry_after=min(left, timedelta(minutes=1)), is_last=True)


@pytest.mark.parametrize(
    ("broken", "back_in", "messages"),
    [
        pytest.param(reset_in, HOUR, MANY, id="429 with headers"),
        pytest.param(lambda left: Answer(429), MINUTES, FEWER, id="429 without"),
        pytest.param(lambda left: Answer(500, text="<html>"), MINUTES, FEWER, id="500"),
        pytest.param(lambda left: Answer(trouble=Trouble.CONNECTION), MINUTES, FEWER, id="connection refused"),
        pytest.param(lambda left: Answer(trouble=Trouble.TIMEOUT), MINUTES, FEWER, id="hanging"),
        pytest.param(lambda left: Answer(401), MINUTES, FEWER, id="401"),
    ],
)
def test_everything_cancellable_is_cancelled_in_order_after_an_outage_and_the_rest_is_listed(
    sqlite_database, broken, back_in, messages
):
    world = World(sqlite_database, broken, back_in, messages)
    with capture_logs():
        world.run()

    # Whoever asks again every so often notices at the latest so much later; a key that is not let in is not pressed.
    notice = timedelta(seconds=31 if broken(back_in).http_status == 401 else 10)
    lost = {of for of, send_at in world.send_ats.items() if deadline(send_at) <= world.back_at}
    reachable = {of for of, send_at in world.send_ats.items() if deadline(send_at) > world.back_at + notice}
    assert reachable <= world.cancelled
    assert not lost & world.cancelled
    times = [at for at, *_ in world.asked]
    assert most_in_a_second(times) <= RATE

    # The first that is answered makes everything due: what had left before are a few that looked whether it is back.
    after = [(at, of) for at, action, of in world.asked if at >= world.back_at and action == "DELETE"]
    in_order = [world.send_ats[of] for at, of in after if at > after[0][0] + LATENCY + timedelta(seconds=1)]
    assert in_order == sorted(in_order)
    assert sum(at <= after[0][0] + LATENCY for at, _ in after) <= 4
    assert len(world.asked) < messages * 3 + 64 + 4 * back_in.total_seconds()

    with sqlite_database.read() as connection:
        sums = balance.balance(connection)
        missed = {each["id"]: each for each in breaches.listed(connection, limit=messages)}
    assert (sums.pending, sums.cancelled, sums.breach) == (0, len(world.cancelled), messages - len(world.cancelled))
    assert lost <= missed.keys()
    assert {missed[of]["cause"] for of in lost} == {"telnyx_unavailable"}
    assert all(0 < missed[of]["late_minutes"] <= 61 for of in lost)
    assert {missed[of]["reason"] for of in lost} == {"reason"}
