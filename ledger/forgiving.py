"""Forgive a number its failures: they count no more, and what waits for it is decided on again."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from core.deciding import Rules
from core.facts import Signal, SignalKind
from ledger import showing, signalling
from store import messages, outcomes

#: Nobody counts failures that are older.
_EVER = timedelta(days=366)


@dataclass(frozen=True, slots=True)
class Forgiven:
    """What forgiving a number came to."""

    signal: Signal
    failures: int
    """So many had come together since something was last delivered to it, whatever they were for."""
    pending: int
    """How many messages wait for it."""

    def shown(self) -> dict[str, Any]:
        """Show it."""
        return {
            "id": self.signal.id,
            "phone_number": self.signal.phone_number,
            "reason": self.signal.value,
            "forgiven_at": showing.instant(self.signal.at),
            "failures": self.failures,
            "pending": self.pending,
        }


def forgive(connection: sa.Connection, phone_number: str, rules: Rules, *, reason: str, now: datetime) -> Forgiven:
    """Have a number's failures up to now count no more, and decide again on what is pending for it.

    Cancellations that no longer have a reason are withdrawn, as far as Telnyx has not carried them out.
    """
    signal = Signal(f"forgiven:{uuid.uuid4()}", SignalKind.FORGIVEN, reason, now, phone_number)
    signalling.hear(connection, [signal], rules, now=now)
    failed = outcomes.failures_to(connection, {phone_number}, since=now - _EVER)
    return Forgiven(signal, len(failed), messages.count_pending_to(connection, phone_number))
