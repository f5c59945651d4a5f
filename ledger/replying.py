"""Hear that recipients wrote: which of them have what is scheduled for them decided on again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import sqlalchemy as sa

from core import numbers
from core.deciding import Rules
from core.facts import Need
from core.reports import InboundReport
from ledger.deciding import Cause
from ledger.gathering.subjects import looked_at
from store import messages
from store.messages import MessageRow


def writers(told: Sequence[tuple[InboundReport, Cause]], rules: Rules) -> dict[str, Cause]:
    """Return the numbers that wrote, when a rule looks at such texts, each with its first text as the cause.

    A text that acts goes before those of a replay whose effects are off.
    """
    if Need.INBOUND not in rules.needs:
        return {}
    found: dict[str, Cause] = {}
    for report, cause in sorted(told, key=_by_weight):
        number = report.message.from_number
        if number is not None and numbers.is_sender(number):
            found.setdefault(number, cause)
    return found


def pending(connection: sa.Connection, causes: Mapping[str, Cause]) -> dict[str, Cause]:
    """Return the pending messages to these numbers, each with why it is decided on: what acts goes before the rest."""
    acting = {number for number, cause in causes.items() if cause.acts}
    led_to = messages.pending_to(connection, causes.keys() - acting) | messages.pending_to(connection, acting)
    return {message_id: causes[number] for message_id, number in led_to.items()}


def minding(rows: Mapping[str, MessageRow], answered: Mapping[str, Cause], rules: Rules) -> dict[str, Cause]:
    """Return those of the messages for which a rule looks at what was written."""
    held = looked_at((rows[message_id] for message_id in answered), rules.needs.get(Need.INBOUND, ()))
    return {row.id: answered[row.id] for row in held}


def _by_weight(told: tuple[InboundReport, Cause]) -> tuple[bool, object, str]:
    report, cause = told
    return not cause.acts, cause.known_at, report.message.source_id
