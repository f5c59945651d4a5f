"""Take signals: keep what was said about recipients and subjects, and decide again on the messages it concerns.

A signal is a standing order. It is kept for good, and counts for messages that are registered later.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from core.deciding import Act, Rules
from core.facts import Need, Signal, SignalKind
from core.scopes import Scope
from ledger import deciding, showing
from ledger.deciding import Cause
from ledger.gathering.subjects import looked_at
from store import consents, holds, messages, reviews, signals
from store.signals import SignalRow

#: The label of the messages that a kind of signal is about.
_LABELLED = {SignalKind.GOAL: "goals", SignalKind.REVISION: "about"}

_AT_ONCE = 100


@dataclass(frozen=True, slots=True)
class Signalled:
    """What taking signals came to."""

    rows: list[SignalRow]
    """Each as it is kept, in the order in which they were told."""
    new: frozenset[str]
    """The ids of those that were not known."""
    cancelling: int
    """How many messages are cancelled because of them at once."""


def parts(told: Sequence[Signal]) -> Iterator[Sequence[Signal]]:
    """Yield many signals in parts, each to be taken in a transaction of its own: on SQLite, webhooks wait for its end.

    Those that speak of no recipient in particular stay together, so that what is pending is gone through once.
    """
    of_somebody = [signal for signal in told if signal.phone_number]
    for start in range(0, len(of_somebody), _AT_ONCE):
        yield of_somebody[start : start + _AT_ONCE]
    of_all = [signal for signal in told if not signal.phone_number]
    if of_all:
        yield of_all


def hear(connection: sa.Connection, told: Sequence[Signal], rules: Rules, *, now: datetime) -> Signalled:
    """Keep signals, each under its id once, and decide on the pending messages that they concern.

    What speaks of no recipient in particular is decided on by and by, because only their tags tell which messages
    it concerns. A signal counts from when it is dated, but never from later than it was heard.
    """
    dated = [_not_ahead(signal, now) for signal in told]
    # The first of all locks: close to its deadline a message is decided on for the last time.
    holds.keep(connection)
    consents.lock_recipients(connection, {signal.phone_number for signal in dated if signal.phone_number})
    new = signals.add(connection, dated, received_at=now)
    kept = signals.find(connection, [signal.id for signal in dated])
    fresh = [kept[signal_id].signal for signal_id in sorted(new) if _matters(kept[signal_id].signal, rules)]
    for_all = [signal for signal in fresh if signal.phone_number is None]
    if for_all:
        # Once for all of them: it goes through everything that is pending.
        reviews.request(connection, Scope.ALL, "", event_id=for_all[0].id, known_at=now)
    return Signalled([kept[signal.id] for signal in dated], frozenset(new), _decide(connection, fresh, rules, now=now))


def _decide(connection: sa.Connection, fresh: Sequence[Signal], rules: Rules, *, now: datetime) -> int:
    """Decide on what is pending to the recipients that were spoken of; return how many are cancelled for it."""
    about = {signal.phone_number: signal.id for signal in fresh if signal.phone_number}
    pending = messages.pending_to(connection, about.keys())
    held = looked_at(messages.lock(connection, pending).values(), rules.needs.get(Need.SIGNALS, ()))
    causes = {row.id: Cause(about[pending[row.id]], now) for row in held}
    decided = deciding.decide_on(connection, held, rules, trigger="signal", causes=causes, now=now)
    ids = {signal.id for signal in fresh}
    return sum(each.verdict is Act.CANCEL and each.event_id in ids for each in decided.values())


def shown(row: SignalRow) -> dict[str, Any]:
    """Show one signal."""
    return {
        "id": row.signal.id,
        "kind": row.signal.kind,
        "value": row.signal.value,
        "phone_number": row.signal.phone_number,
        "revision": row.signal.revision,
        "at": showing.instant(row.signal.at),
        "received_at": showing.instant(row.received_at),
    }


def _matters(signal: Signal, rules: Rules) -> bool:
    """Return True when a rule that is asked looks at messages that such a signal concerns."""
    label = _LABELLED.get(signal.kind)
    return any(reach.of_labelled in {None, label} for reach in rules.needs.get(Need.SIGNALS, ()))


def _not_ahead(signal: Signal, now: datetime) -> Signal:
    return Signal(signal.id, signal.kind, signal.value, min(signal.at, now), signal.phone_number, signal.revision)
