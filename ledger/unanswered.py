"""Requests in doubt of messages that are still to be sent: Telnyx may hold them, and nobody can cancel them unnamed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from core.deciding import Act, Rules
from core.scopes import Scope
from ledger import intending, showing
from store import consents, intents
from store.sums import Narrowed
from store.ways import Reach

_ALL = Reach(Scope.ALL, "")


@dataclass(frozen=True, slots=True)
class Unnamed:
    """A request in doubt whose message, if there is one, must not be sent."""

    request_id: str
    recipients: tuple[str, ...]
    send_at: datetime
    policy: str
    reason: str


def count(connection: sa.Connection, within: Reach | Narrowed = _ALL, *, now: datetime) -> int:
    """Return how many requests within reach are in doubt."""
    return intents.count_in_doubt(connection, within, asked_before=now - intending.IN_FLIGHT, now=now)


def listed(connection: sa.Connection, within: Narrowed, *, now: datetime, limit: int) -> list[dict[str, Any]]:
    """Show them, those first whose messages are to be sent first."""
    rows = intents.in_doubt(connection, within, asked_before=now - intending.IN_FLIGHT, now=now, limit=limit)
    return [showing.request(row) for row in rows]


def objected_to(connection: sa.Connection, rules: Rules, *, now: datetime) -> tuple[Unnamed, ...]:
    """Return those in doubt whose messages would be cancelled by these rules, which are about what recipients said."""
    rows = intents.in_doubt(connection, _ALL, asked_before=now - intending.IN_FLIGHT, now=now)
    spoke = consents.of(connection, {number for row in rows for number in row.recipients}).keys()
    found = []
    for row in rows:
        if row.send_at is None or spoke.isdisjoint(row.recipients):
            continue
        decision = intending.judge(connection, intending.wish_of(row), rules, now=now)[0]
        if decision.verdict is Act.CANCEL and decision.policy is not None:
            found.append(Unnamed(row.id, tuple(row.recipients), row.send_at, decision.policy, decision.reason))
    return tuple(found)
