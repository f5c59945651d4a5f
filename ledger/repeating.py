"""Requests that a library makes once more by itself, having heard nothing of the first.

Telnyx may have got the first one: whoever had it here may have died before it could tell anybody.
"""

from __future__ import annotations

from datetime import datetime, timedelta

import sqlalchemy as sa

from ledger.intending import Wish
from store import intents
from store.intents import IntentRow

#: Telnyx's libraries wait a minute for an answer, and try three times.
_WITHIN = timedelta(minutes=5)
_SAME = ("path", "from_number", "messaging_profile_id", "send_at", "text_digest")


def earlier(connection: sa.Connection, wish: Wish, *, door: str, now: datetime) -> IntentRow | None:
    """Return the latest request through this door for the very same, if Telnyx made a message of it or may have."""
    if not wish.recipients:
        return None
    asked = intents.with_message_to(connection, wish.recipients[0], since=now - _WITHIN)
    return next((row for row in asked if row.door == door and _asks_for(row, wish)), None)


def _asks_for(row: IntentRow, wish: Wish) -> bool:
    return all(getattr(row, name) == getattr(wish, name) for name in _SAME) and tuple(row.recipients) == wish.recipients
