"""Recovery from Telnyx's own records: what was missed is found there and taken in by the usual ways.

Four sources, in the order of what matters: events that none of our URLs took, Telnyx's list of
opt-outs, events that somebody took, which we may not hold, and messages whose end nobody told us,
which are asked about one by one, so that the events before spare most of the requests.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Protocol

from core.deciding import Rules
from core.errors import ProcessorError, StoreUnavailable
from store import cancellations, reconciliations
from store.engine import Database
from workers.inquiring import Inquirer, Refused, Unanswered
from workers.pacing import Pacer
from workers.reconciling_deliveries import Deliveries
from workers.reconciling_messages import Messages
from workers.reconciling_opt_outs import OptOuts
from workers.tallying import Reached, SourceName, Tally, Window
from workers.telnyx import AsksTelnyx

#: A delivery is listed once its attempts are over, which takes a while, and by Telnyx's clock.
OVERLAP = timedelta(minutes=15)
#: How far the first run looks back. How long Telnyx keeps deliveries is not documented.
FIRST = timedelta(hours=24)
#: No message is scheduled for longer, nor remembered by Telnyx.
LONGEST = timedelta(days=10)
_SHOW_ALIVE = reconciliations.DEAD / 6


class AnotherRuns(ProcessorError):
    """Another process is reconciling."""

    code = "already_reconciling"


class Source(Protocol):
    """One kind of Telnyx's records."""

    @property
    def name(self) -> SourceName:
        """Return what it is called in figures."""

    def heal(self, window: Window, tally: Tally) -> Reached:
        """Compare, take in what is missing, count, and return how far it came; raises Unanswered and Refused."""


@dataclass(frozen=True, slots=True)
class Reconciliation:
    """What one run came to."""

    started_at: datetime
    since: datetime
    tallies: Mapping[SourceName, Tally]
    """Of every source that was asked, however far that went."""
    errors: tuple[str, ...]

    @property
    def events_reported(self) -> int:
        """Return how many events Telnyx tells of."""
        return sum(self._of_events(name).reported for name in _EVENTS)

    @property
    def events_held(self) -> int:
        """Return how many of them were here already."""
        return sum(self._of_events(name).held for name in _EVENTS)

    @property
    def completeness(self) -> float | None:
        """Return the share of the events that was here already, in percent; None when Telnyx tells of none."""
        return 100 * self.events_held / self.events_reported if self.events_reported else None

    def _of_events(self, name: SourceName) -> Tally:
        return self.tallies.get(name, Tally())


_EVENTS = (SourceName.FAILED_DELIVERIES, SourceName.DELIVERED)


@dataclass(slots=True)
class Reconciler:
    """Compares what is held with Telnyx's records. For one thread."""

    database: Database
    client: AsksTelnyx
    pacer: Pacer
    rules: Callable[[], Rules]
    ring: Callable[[], object]
    now: Callable[[], datetime]
    wait: Callable[[float], bool]
    """Sleeps so many seconds and says whether to stop."""
    tell: Callable[[Mapping[SourceName, Tally]], object] | None = None
    """Is told before each request how far a run has come; the last of the sources is the one under way."""
    _shown_at: datetime | None = field(default=None, init=False)

    def run(self, *, since: datetime | None = None, is_dry: bool = False) -> Reconciliation:
        """Reconcile now, from ``since`` or from where the last run ended, however much it is; a dry run writes nothing.

        Raises AnotherRuns, and StoreUnavailable when the database is away.
        """
        if is_dry:
            return self._heal(self.now(), None, since=since, is_dry=True, is_scheduled=False)[0]
        ran = self._claimed(since=since)
        if ran is None:
            raise AnotherRuns("another process is reconciling at this moment; wait until it has ended")
        return ran

    def run_if_due(self, every: timedelta) -> Reconciliation | None:
        """Reconcile when the last run, whoever made it, began at least so long ago. Raises StoreUnavailable."""
        with self.database.read() as connection:
            newest = reconciliations.last(connection)
        if newest is not None and self.now() - newest.started_at < every:
            return None
        return self._claimed(every=every)

    def close(self) -> None:
        """Close the connections to Telnyx."""
        self.client.close()

    def _claimed(self, *, since: datetime | None = None, every: timedelta | None = None) -> Reconciliation | None:
        now = self.now()
        with self.database.begin() as connection:
            run = reconciliations.claim(connection, now=now, every=every)
        if run is None:
            return None
        self._shown_at = now
        try:
            ran, reached = self._heal(now, run, since=since, is_dry=False, is_scheduled=every is not None)
        except BaseException as error:
            # Otherwise the run would stand in the way of the next until it is taken for dead.
            with suppress(StoreUnavailable), self.database.begin() as connection:
                reconciliations.give_up(connection, run, now=self.now(), error=f"ended by {type(error).__name__}")
            raise
        with self.database.begin() as connection:
            reconciliations.finish(
                connection,
                run,
                now=self.now(),
                since=ran.since,
                counts={name: asdict(tally) for name, tally in ran.tallies.items()},
                reached=reached,
                error="; ".join(ran.errors) or None,
            )
        return ran

    def _heal(
        self, now: datetime, run: int | None, *, since: datetime | None, is_dry: bool, is_scheduled: bool
    ) -> tuple[Reconciliation, dict[str, Any]]:
        with self.database.read() as connection:
            reached: dict[str, Any] = reconciliations.reached(connection)
        tallies: dict[SourceName, Tally] = {}
        errors: list[str] = []
        earliest = now
        for source in self._sources(partial(self._show_alive, run, tallies)):
            before = reached.get(source.name)
            window = Window(
                since or _since(before, now),
                now,
                before,
                is_dry,
                is_asked_for=since is not None,
                is_scheduled=is_scheduled,
            )
            earliest = min(earliest, window.since)
            tally = tallies[source.name] = Tally()
            try:
                upto = source.heal(window, tally)
            except Refused as error:
                errors.append(str(error))
            except Unanswered as error:
                errors.append(str(error))
                break
            else:
                if tally.failed and source.name is not SourceName.MESSAGES:
                    errors.append(
                        f"{tally.failed} of the {source.name.replace('_', ' ')} that Telnyx lists cannot be read"
                    )
                if window.since <= _since(before, now):
                    reached[source.name] = upto
        return Reconciliation(now, earliest, tallies, tuple(errors)), reached

    def _sources(self, show_alive: Callable[[], None]) -> list[Source]:
        inquirer = Inquirer(self.client, self.pacer, is_busy=partial(self._is_busy, show_alive), wait=self.wait)
        failed, delivered = (
            Deliveries(name, status, self.database, inquirer, self.ring, self.now)
            for name, status in ((SourceName.FAILED_DELIVERIES, "failed"), (SourceName.DELIVERED, "delivered"))
        )
        opt_outs = OptOuts(self.database, inquirer, self.rules, self.ring, self.now)
        messages = Messages(self.database, inquirer, self.rules, show_alive, self.now)
        return [failed, opt_outs, delivered, messages]

    def _is_busy(self, show_alive: Callable[[], None]) -> bool:
        """Return True while a cancellation is due, whose request goes first."""
        show_alive()
        with self.database.read() as connection:
            due_at = cancellations.next_due_at(connection)
        return due_at is not None and due_at <= self.now()

    def _show_alive(self, run: int | None, tallies: Mapping[SourceName, Tally]) -> None:
        """Show now and then that this run goes on; raises Unanswered when it was taken for dead. Dry runs are none."""
        if self.tell is not None:
            self.tell(tallies)
        now = self.now()
        if run is None or self._shown_at is None or now - self._shown_at < _SHOW_ALIVE:
            return
        self._shown_at = now
        with self.database.begin() as connection:
            if not reconciliations.show_alive(connection, run, now=now):
                raise Unanswered("this run was taken for dead, and another has begun")


def _since(reached: Reached | None, now: datetime) -> datetime:
    """Return from when on to ask: a little before where the last run ended, however long ago, within reason."""
    since = datetime.fromisoformat(reached) - OVERLAP if isinstance(reached, str) else now - FIRST
    return max(since, now - LONGEST)
