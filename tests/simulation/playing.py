"""The processes of an installation, their time and their deaths, and what is seen of it all after each step."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from typing import TypeVar

from werkzeug.test import TestResponse

from core.errors import StoreUnavailable
from core.failpoints import Failpoint, Fault, Plan
from store import failpoints
from store.failpoints import Planned
from store.spool import Spool, SpoolRow
from tests.simulation import looking
from tests.simulation.bell import Bell
from tests.simulation.clock import Clock
from tests.simulation.looking import Look
from tests.simulation.processes import Died, Failover, Line, Web, Working
from tests.simulation.record import RECOVERY, Moment, Record
from tests.simulation.stores import Stores
from tests.simulation.telnyx import Telnyx
from workers.sweeper import Sweeper

#: So much passes with every step: no two moments are the same.
_TICK = timedelta(milliseconds=10)
_BATCH = 3

Result = TypeVar("Result")


def _die() -> None:
    raise Died


class Played:
    """Real code in one thread, that moves when it is told to; whoever dies has nothing left in memory."""

    def __init__(self, stores: Stores, web: Web) -> None:
        stores.reset()
        failpoints.arm(None)
        self.stores = stores
        self.clock = Clock()
        self.record = Record()
        self.trace: list[str] = []
        self.bell = Bell(self.clock)
        self.telnyx = Telnyx(self.clock, wait=self._let_pass)
        self.down: set[str] = set()
        self.line = Line(self.post)
        self.web = web
        web.live_in(self.clock, self.bell.ring, self.telnyx)
        self._failover: Failover | None = None
        self._working: dict[str, Working] = {}
        self._sweeper: Sweeper | None = None
        self._plan: Plan | None = None
        self.seen: Look = looking.look(stores.of["eyes"])

    def advance(self, span: timedelta) -> None:
        """Let time pass in which nobody of ours does anything."""
        self._let_pass(span)
        self.tell(f"{span} later")

    def moment(self) -> Moment:
        return Moment(self.clock.true, self.clock.ours())

    def tell(self, text: str) -> None:
        self.trace.append(f"{self.clock.true:%d %H:%M:%S.%f}"[:-3] + f"  {text}")

    def _let_pass(self, span: timedelta) -> None:
        self.clock.advance(span)
        self.telnyx.tick()

    def set_clock(self, skew: timedelta) -> None:
        """Set our clocks; what was ordered before by a clock that is set back waits until that comes there again."""
        self.tell(f"our clock is {skew.total_seconds():.0f} s ahead")
        moved = skew - self.clock.skew
        self.record.disturb(self.clock.true, RECOVERY + max(-moved, timedelta()))
        self.record.clock_moved += abs(moved)
        self.clock.skew = skew

    def post(self, path: str, body: bytes, headers: Mapping[str, str]) -> TestResponse | None:
        """Send the primary a request; None when no answer comes."""
        return self.play("primary", lambda: self.web.client.post(path, data=body, headers=dict(headers)))

    @property
    def failover(self) -> Failover:
        if self._failover is None:
            spool = Spool(self.stores.spool, max_events=1000, max_bytes=10_000_000)
            self._failover = Failover(spool, self.clock, self.line)
            self._arm_again()
        return self._failover

    def spooled(self) -> list[SpoolRow]:
        """All that is in the spool."""
        return self.failover.spool.listing(limit=10_000) if self.stores.spool.exists() else []

    def working(self, role: str) -> Working:
        if role not in self._working:
            database = self.stores.of[role]
            self._working[role] = Working(database, self.telnyx, self.clock, self.bell, batch=_BATCH)
        return self._working[role]

    @property
    def sweeper(self) -> Sweeper:
        if self._sweeper is None:
            self._sweeper = self.working("sweeper").sweeper(self.clock)
        return self._sweeper

    def play(self, role: str, work: Callable[[], Result]) -> Result | None:
        """Have a process do something; None when it is down, or dies of it."""
        if role in self.down:
            return None
        try:
            return work()
        except Died:
            self.tell(f"the {role} dies")
            self.die(role)
            return None

    def die(self, role: str) -> None:
        """Lose all that a process has in memory; it is back when it is next asked for."""
        self.record.deaths.append(self.moment())
        self.record.disturb(self.clock.true)
        self.fail_nowhere()
        if role == "primary":
            self.web.die()
        elif role == "failover":
            if self._failover is not None:
                self._failover.die()
            self._failover = None
        else:
            self.stores.of[role].dispose()
            self._working.pop(role, None)
            if role == "sweeper":
                self._sweeper = None

    def fail_at(self, failpoint: Failpoint, fault: Fault) -> None:
        """Have whoever comes to this place next die there, or meet an error that nobody expects."""
        self._plan = Plan(failpoint, fault)
        self._arm_again()
        self.tell(f"next at {failpoint}: {fault}")

    def fail_nowhere(self) -> None:
        self._plan = None
        failpoints.arm(None)

    def set_down(self, role: str, *, is_down: bool) -> None:
        self.tell(f"the {role} is {'down' if is_down else 'up'}")
        if is_down:
            self.down.add(role)
        else:
            self.down.discard(role)

    def _arm_again(self) -> None:
        failpoints.arm(self._plan, kill=_die)

    def tried(self, role: str, work: Callable[[], object]) -> bool:
        """Return whether it was done; what a loop around it would live through is no bug."""
        try:
            work()
        except (StoreUnavailable, Planned) as error:
            self.tell(f"the {role} fails: {error}")
            self.fail_nowhere()
            return False
        return True

    def look(self) -> Look:
        """See what is held now, and write down what is seen for the first time."""
        self.seen = looking.look(self.stores.of["eyes"])
        now = self.moment()
        for held in self.seen.messages.values():
            if held.ledger not in {None, "pending"} and held.id not in self.record.closed:
                self.record.closed[held.id] = now
                self.tell(f"message {held.id[-4:]} is {held.ledger} {held.breach_cause or ''}")
        self.clock.advance(_TICK)
        return self.seen

    @contextmanager
    def peeking(self) -> Iterator[None]:
        """See what is held in the middle of a step."""
        seen, self.seen = self.seen, looking.look(self.stores.of["eyes"])
        yield
        self.seen = seen

    def close(self) -> None:
        self.stores.sql.heal()
        self.die("primary")
        self.die("failover")
