"""The client, a process of its own so that nothing but the program slows it: ``python -m tests.faults.sending``.

It reads a ``Load`` as JSON, delivers with Telnyx's manners (2 s, three attempts at the primary URL, three at the
failover URL), keeps a book of what it was promised, and a list of every attempt. It tells how far it is, a line each.
"""

from __future__ import annotations

import asyncio
import json
import random
import signal
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from tests.faults import events
from tests.faults.book import Entry, Pen
from tests.faults.events import Errand, Kind
from tests.faults.wire import Answer, Broken, Lines

PRIMARY_PATH = "/webhooks/telnyx"
FAILOVER_PATH = "/webhooks/telnyx/failover"
ATTEMPTS = 3
TIMEOUT = 2.0
_BACKOFF = 0.05
_TELL_EVERY = 0.1
_API_TRIES = 60


@dataclass(frozen=True, slots=True)
class Load:
    """How much is sent, where to, and for how long."""

    folder: str
    """Where the book and the attempts are written."""
    name: str
    seed: int
    primary_port: int
    failover_port: int | None = None
    telnyx_port: int | None = None
    """The simulator's; without it nothing is scheduled and registered."""
    token: str = ""
    events: int = 0
    """To end when so many were acknowledged; 0 goes on until told to stop."""
    seconds: float = 0.0
    """To end after this long; 0 as above."""
    rate: float = 0.0
    """So many errands a second whatever comes back; 0 sends the next when the last is answered."""
    lanes: int = 16
    doubled: float = 0.03
    """The share of events that are delivered again although they were acknowledged."""
    first_person: int = 0
    statuses_only: bool = False

    @property
    def book(self) -> Path:
        return Path(self.folder) / f"{self.name}.book"

    @property
    def attempts(self) -> Path:
        return Path(self.folder) / f"{self.name}.attempts"


class Sender:
    """Sees errands through."""

    def __init__(self, load: Load) -> None:
        self.load = load
        self.pen = Pen(load.book)
        self.acked = 0
        self.given_up = 0
        self.stopping = asyncio.Event()
        self._chance = random.Random(load.seed + 1)
        self._primary = Lines(load.primary_port)
        self._failover = Lines(load.failover_port) if load.failover_port else None
        self._telnyx = Lines(load.telnyx_port) if load.telnyx_port else None
        self._attempts = load.attempts.open("w")
        self._errands = self._planned()
        self._lateness: list[float] = []

    async def run(self) -> None:
        """Send until enough is acknowledged, the time is over, or a stop is asked for."""
        teller = asyncio.create_task(self._tell())
        if self.load.seconds:
            asyncio.get_running_loop().call_later(self.load.seconds, self.stopping.set)
        await (self._at_rate() if self.load.rate else self._in_lanes())
        teller.cancel()
        for lines in filter(None, (self._primary, self._failover, self._telnyx)):
            lines.close()
        self.pen.close()
        self._attempts.close()

    async def _in_lanes(self) -> None:
        async def lane() -> None:
            while not self.stopping.is_set():
                await self._see_through(next(self._errands))

        await asyncio.gather(*(lane() for _ in range(self.load.lanes)))

    async def _at_rate(self) -> None:
        started_at = time.monotonic()
        under_way: set[asyncio.Task[None]] = set()
        number = 0
        while not self.stopping.is_set():
            due = int((time.monotonic() - started_at) * self.load.rate)
            for _ in range(due - number):
                task = asyncio.create_task(self._see_through(next(self._errands)))
                under_way.add(task)
                task.add_done_callback(under_way.discard)
            number = max(number, due)
            await asyncio.sleep(0.001)
        await asyncio.gather(*under_way)

    def _planned(self) -> Iterator[Errand]:
        for errand in events.errands(self.load.seed, first_person=self.load.first_person):
            is_status = errand.kind is Kind.STATUS
            if is_status or not (self.load.statuses_only or (errand.kind is Kind.REGISTER and self._telnyx is None)):
                yield errand

    async def _see_through(self, errand: Errand) -> None:
        if errand.kind is Kind.REGISTER:
            await self._register(errand)
            return
        if errand.kind is Kind.STOP:
            self.pen.write(Entry.STOP_TRIED, errand.id, errand.phone_number)
        elif errand.kind is Kind.FORGED:
            self.pen.write(Entry.FORGED, errand.id, errand.phone_number)
        is_acked = await self._deliver(errand)
        if errand.kind is Kind.FORGED:
            if is_acked:
                self.pen.write(Entry.FORGED_ACKED, errand.id, errand.phone_number)
            return
        if not is_acked:
            self.given_up += 1
            return
        self.acked += 1
        self.pen.write(Entry.ACKED, errand.id, errand.phone_number)
        if errand.kind is Kind.STOP:
            self.pen.write(Entry.STOP_ACKED, errand.id, errand.phone_number)
        if self.load.events and self.acked >= self.load.events:
            self.stopping.set()
        if self._chance.random() < self.load.doubled:
            await self._deliver(errand, first=self._chance.choice([self._primary, self._failover]))

    async def _deliver(self, errand: Errand, *, first: Lines | None = None) -> bool:
        """Make the attempts that Telnyx makes; return whether one was answered with a 2xx."""
        urls = [lines for lines in (first or self._primary, self._failover) if lines is not None]
        if first is self._failover and first is not None:
            urls = [first]
        attempt = 0
        for lines in urls:
            where = "failover" if lines is self._failover else "primary"
            for tried in range(ATTEMPTS):
                attempt += 1
                status = await self._attempt(errand, lines, where, attempt)
                if 200 <= status < 300:
                    return True
                if errand.kind is Kind.FORGED and status:
                    return False
                await asyncio.sleep(_BACKOFF * 2**tried)
        return False

    async def _attempt(self, errand: Errand, lines: Lines, where: str, attempt: int) -> int:
        path = PRIMARY_PATH if where == "primary" else FAILOVER_PATH
        body, headers = events.delivery(errand, attempt=attempt, url=f"https://app.example.com{path}")
        started_at, began = time.time(), time.perf_counter()
        try:
            status, trouble = (await lines.ask("POST", path, headers, body, within=TIMEOUT)).status, "-"
        except (OSError, Broken) as error:  # a timeout is an OSError
            status, trouble = 0, type(error).__name__
        took = (time.perf_counter() - began) * 1000
        self._attempts.write(f"{started_at:.4f} {where} {errand.kind} {status} {took:.2f} {trouble}\n")
        return status

    async def _register(self, errand: Errand) -> None:
        """Schedule a message at Telnyx, then register it as often as it takes: an application has no failover URL."""
        assert self._telnyx is not None
        bearer = {"Authorization": "Bearer any", "Content-Type": "application/json"}
        answer = await self._call(self._telnyx, "/v2/messages", bearer, json.dumps(errand.body).encode())
        if answer is None:
            return
        message_id = json.loads(answer.body)["data"]["id"]
        self.pen.write(Entry.SCHEDULED, message_id, errand.phone_number)
        ours = bearer | {"Authorization": f"Bearer {self.load.token}"}
        if await self._call(self._primary, "/v1/messages", ours, answer.body) is not None:
            self.pen.write(Entry.REGISTERED, message_id, errand.phone_number)

    async def _call(self, lines: Lines, path: str, headers: dict[str, str], body: bytes) -> Answer | None:
        for _ in range(_API_TRIES):
            try:
                answer = await lines.ask("POST", path, headers, body, within=10)
                if answer.status in (200, 201):
                    return answer
            except (OSError, Broken):
                pass
            if self.stopping.is_set():
                break
            await asyncio.sleep(0.25)
        return None

    async def _tell(self) -> None:
        """Say how far this is, and how much later than it should this process gets its turn: it blames nobody else."""
        while True:
            self.say()
            began = time.perf_counter()
            await asyncio.sleep(_TELL_EVERY)
            self._lateness.append((time.perf_counter() - began - _TELL_EVERY) * 1000)

    def say(self) -> None:
        late = sorted(self._lateness) or [0.0]
        print(f"acked {self.acked} {self.given_up} {late[int(len(late) * 0.99)]:.1f}", flush=True)


async def main() -> None:
    sender = Sender(Load(**json.loads(sys.stdin.readline())))
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, sender.stopping.set)
    await sender.run()
    sender.say()


def as_json(load: Load) -> str:
    """Write a load as the process reads it."""
    return json.dumps(asdict(load))


if __name__ == "__main__":
    asyncio.run(main())
