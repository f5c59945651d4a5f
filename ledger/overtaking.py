"""Find what a new message may have overtaken: what is pending to its recipients and speaks of the same.

Only labels tell that, and only where a rule looks at them. What a message merely crowds out or repeats is not decided
on again because of it: whoever has to yield is held until its last look, and finds the other one then.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

import sqlalchemy as sa

from core import labels
from core.deciding import Rules
from core.facts import Need
from core.reports import MessageReport
from core.scopes import Scope
from ledger.deciding import Cause
from ledger.gathering.subjects import labels_of
from store import messages, reviews
from store.messages import MessageRow

_LABEL = "about"
#: By recipient and what is spoken of, the new message that does.
Spoken = Mapping[tuple[str, str], str]


def spoken_of(new: Iterable[tuple[MessageReport, Sequence[str] | None]], rules: Rules) -> Spoken:
    """Return what new messages speak of, each given with its sender's tags; nothing when no rule looks at that."""
    if not any(reach.of_labelled == _LABEL for reach in rules.needs.get(Need.TRAFFIC, ())):
        return {}
    told: dict[tuple[str, str], str] = {}
    for report, tags in new:
        about = labels.read(tags if tags is not None else report.details.get("tags")).about
        if about is not None:
            told |= {(to.phone_number, about): report.message_id for to in report.addressees}
    return told


def pending_beside(connection: sa.Connection, spoken: Spoken) -> dict[str, str]:
    """Return the ids of what is pending to the recipients, each with the number that led to it."""
    new = set(spoken.values())
    found = messages.pending_to(connection, {number for number, _ in spoken}) if spoken else {}
    return {of: number for of, number in found.items() if of not in new}


def causes(
    held: Mapping[str, MessageRow], beside: Mapping[str, str], spoken: Spoken, *, now: datetime
) -> dict[str, Cause]:
    """Return, by the message that it concerns, the registration that calls for a decision."""
    found: dict[str, Cause] = {}
    for message_id, number in beside.items():
        by = spoken.get((number, labels_of(held[message_id]).about or ""))
        if by is not None:
            found[message_id] = Cause(f"registration:{by}", now)
    return found


def order_review(connection: sa.Connection, spoken: Spoken, *, now: datetime) -> None:
    """Have what is pending to the recipients decided on by and by: whoever asks holds other messages already."""
    for number, by in {number: by for (number, _), by in sorted(spoken.items())}.items():
        reviews.request(connection, Scope.RECIPIENT, number, event_id=f"registration:{by}", known_at=now)
