"""The book-keeping of an import: what is held already, and registering the rest in batches, a transaction each."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Sequence
from contextlib import suppress
from datetime import datetime
from functools import partial
from typing import TypeVar

from core.deciding import Act, Rules
from core.errors import StoreUnavailable
from core.reports import MessageReport
from ledger import meeting, passing
from ledger.registering import Registered, Registration
from rescind.importing_screen import Fate, Screen, Tally
from store import known
from store.engine import Database
from store.known import KnownMessage

DOOR = "import"
#: How many are registered in one transaction: on SQLite, webhooks wait for its end.
_AT_ONCE = 100
#: A message is protected from when it is registered, so nobody waits long for a batch to fill.
_WAIT = 2.0
#: Seconds between the tries when the database is away.
_PATIENCE = (1.0, 2.0, 4.0, 8.0, 15.0, 30.0)

T = TypeVar("T")


class _Undone(Exception):
    """A dry run ends its transaction so."""


class Books:
    """Registers what is given to it, now or a little later; a dry run does the same and takes it back."""

    def __init__(
        self,
        database: Database,
        rules: Callable[[], Rules],
        *,
        ring: Callable[[], object],
        screen: Screen,
        tally: Tally,
        now: Callable[[], datetime],
        is_dry: bool,
    ) -> None:
        """Open nothing yet; ``ring`` says that there is work."""
        self._database = database
        self._rules = rules
        self._ring = ring
        self._screen = screen
        self._tally = tally
        self._now = now
        self._is_dry = is_dry
        self._batch: dict[str, tuple[int, Registration]] = {}
        self._past: list[MessageReport] = []
        self._written_at = time.monotonic()

    def registered(self, ids: Collection[str]) -> dict[str, KnownMessage]:
        """Return those messages that were registered before. Raises StoreUnavailable after a minute."""
        return self._patiently(partial(self._look_up, ids))

    def enrol(self, number: int, registration: Registration) -> None:
        """Take a message to be registered, which the line of this number names."""
        message_id = registration.report.message_id
        held = self._batch.get(message_id)
        if held is not None:
            self._tally.fates[Fate.REPEATED] += 1
        if held is None or held[0] < number:
            self._batch[message_id] = (number, registration)

    def set_aside(self, report: MessageReport) -> None:
        """Take what is told of a message that nobody can cancel any more."""
        self._past.append(report)
        self._tally.fates[Fate.LEFT] += 1
        self._tally.statuses[report.addressees[0].status] += 1

    def write_when_due(self) -> None:
        """Write a batch that is full, or has waited for a while."""
        is_full = max(len(self._batch), len(self._past)) >= _AT_ONCE
        if is_full or time.monotonic() - self._written_at >= _WAIT:
            self.write()

    def write(self) -> None:
        """Write what was taken. Raises StoreUnavailable when the database stays away for a minute."""
        self._patiently(self.write_at_once)

    def write_at_once(self) -> None:
        """Write what was taken, trying once."""
        self._written_at = time.monotonic()
        if self._batch:
            registered = self._register([registration for _, registration in self._batch.values()])
            numbers = [number for number, _ in self._batch.values()]
            self._batch = {}
            for number, each in zip(numbers, registered, strict=True):
                self._count(number, each)
            if not self._is_dry:
                self._ring()
        if not self._is_dry:
            led_to_work = [self._see(report) for report in self._past]
            if any(led_to_work):
                self._ring()
        self._past = []

    def _look_up(self, ids: Collection[str]) -> dict[str, KnownMessage]:
        with self._database.read() as connection:
            return known.registered(connection, ids)

    def _register(self, registrations: Sequence[Registration]) -> list[Registered]:
        registered: list[Registered] = []
        rules = self._rules()
        with suppress(_Undone), self._database.begin() as connection:
            registered += meeting.register_named(connection, registrations, rules, door=DOOR, now=self._now())
            if self._is_dry:
                raise _Undone
        return registered

    def _see(self, report: MessageReport) -> bool:
        """Take in how a message stands, which may be a registered one, or that of a lost answer.

        Each in a transaction of its own: it takes whatever locks it needs. Return whether there is more to do.
        """
        rules = self._rules()
        with self._database.begin() as connection:
            return passing.seen(connection, report, rules, door=DOOR, now=self._now())

    def _count(self, number: int, registered: Registered) -> None:
        self._tally.fates[Fate.REGISTERED if registered.is_new else Fate.KNOWN] += 1
        decision = registered.decision
        if decision is not None and decision.verdict is Act.CANCEL:
            self._tally.stop(number, registered.message.id, decision.policy or "", decision.reason)
        elif decision is not None and decision.verdict is Act.HOLD:
            self._tally.on_hold += 1

    def _patiently(self, work: Callable[[], T]) -> T:
        for pause in _PATIENCE:
            try:
                return work()
            except StoreUnavailable as error:
                self._screen.say(f"rescind: {error}; trying again in {pause:.0f} s")
                time.sleep(pause)
        return work()
