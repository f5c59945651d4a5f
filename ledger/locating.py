"""Keep where a recipient is, as their sender tells, and decide again on what is scheduled for them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from core.deciding import Rules
from core.facts import Need, Person
from ledger import deciding
from ledger.deciding import Cause
from ledger.gathering.subjects import looked_at
from store import consents, holds, messages, people


@dataclass(frozen=True, slots=True)
class Located:
    """What is known of a recipient's place now."""

    person: Person
    pending: int
    """How many messages wait for them."""

    def shown(self) -> dict[str, Any]:
        """Show it."""
        return {
            "phone_number": self.person.phone_number,
            "time_zone": self.person.time_zone,
            "region": self.person.region,
            "pending": self.pending,
        }


def tell(
    connection: sa.Connection,
    phone_number: str,
    wanted: Mapping[str, str | None],
    rules: Rules,
    *,
    cause: str,
    now: datetime,
) -> Located:
    """Change a recipient's ``time_zone`` and ``region``, as far as they are given, and decide on what that concerns.

    None forgets what was told. ``cause`` names the request, as an event id names an event.
    """
    # The first of all locks: close to its deadline a message is decided on for the last time.
    holds.keep(connection)
    consents.lock_recipients(connection, {phone_number})
    before = _known(connection, phone_number)
    changes = {name: value for name, value in wanted.items() if value != getattr(before, name)}
    if changes:
        people.tell(connection, phone_number, changes)
        _decide(connection, phone_number, rules, cause=cause, now=now)
    return Located(_known(connection, phone_number), messages.count_pending_to(connection, phone_number))


def _decide(connection: sa.Connection, phone_number: str, rules: Rules, *, cause: str, now: datetime) -> None:
    """Decide again on the recipient's pending messages that somebody looks at who asks where people are."""
    if Need.PEOPLE not in rules.needs:
        return
    pending = messages.pending_to(connection, {phone_number})
    held = looked_at(messages.lock(connection, pending).values(), rules.needs[Need.PEOPLE])
    causes = dict.fromkeys((row.id for row in held), Cause(cause, now))
    deciding.decide_on(connection, held, rules, trigger="recipient", causes=causes, now=now)


def _known(connection: sa.Connection, phone_number: str) -> Person:
    return people.of(connection, {phone_number}).get(phone_number, Person(phone_number))
