"""Take back a release when a refusal comes in that had reached us before the message left.

The failover may have heard a STOP while the primary was away, and hand it over when the message has been let go.
Whether that is a breach depends on what had reached us, and when; not on which of the two was written down first.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import datetime

import sqlalchemy as sa

from core.deciding import Act, Rules, decide
from core.outcomes import LedgerState
from core.policies import catalogue
from ledger.deciding import Cause
from ledger.gathering import facts
from store import closing, messages
from store.messages import MessageRow


def let_go(connection: sa.Connection, refused: Mapping[str, Cause]) -> dict[str, Cause]:
    """Return what was released although a refusal of its recipient had reached us before, each with that refusal.

    ``refused`` is by phone number. What reached us after a message had left, such as an opt-in, does not count for it.
    """
    if not refused:
        return {}
    since = min(cause.known_at for cause in refused.values())
    found: dict[str, Cause] = {}
    for row in messages.released_to(connection, refused, since=since):
        cause = refused[row.phone_number]
        left_at = min(row.send_at, row.closed_at)
        if cause.known_at < left_at:
            found.setdefault(row.message_id, replace(cause, heard_until=left_at))
    return found


def take_back(
    connection: sa.Connection, rows: Collection[MessageRow], causes: Mapping[str, Cause], rules: Rules, *, now: datetime
) -> list[MessageRow]:
    """Make those of these messages pending again that are released and that a rule about refusals objects to.

    The messages must be held under lock, and ``causes`` are those of ``let_go``. They are to be decided on next: no
    other rule is asked here, since whatever else has come up after they left is no reason to have cancelled them.
    """
    released = [row for row in rows if row.ledger == LedgerState.RELEASED]
    refusing = catalogue.refusing(rules)
    heard_until = {row.id: until for row in released if (until := causes[row.id].heard_until)}
    known = facts.gather(connection, released, refusing.needs, now=now, heard_until=heard_until)
    regretted = [row for row in released if decide(known[row.id], refusing)[0].verdict is not Act.ALLOW]
    closing.open_again(connection, [row.id for row in regretted])
    return [replace(row, ledger=LedgerState.PENDING, closed_at=None) for row in regretted]
