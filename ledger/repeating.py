"""Requests that a library makes once more by itself, having heard nothing of the first.

Telnyx may have got the first one: whoever had it here may have died before it could tell anybody. But a library
repeats as well what was declined for the moment, and then nothing of it is at Telnyx.
"""

from __future__ import annotations

from datetime import datetime, timedelta

import sqlalchemy as sa

from core.intents import IntentState
from ledger.intending import Wish
from store import intents
from store.intents import IntentRow

#: Telnyx's libraries wait a minute for an answer, and try three times.
_WITHIN = timedelta(minutes=5)
#: Whoever did not hear an answer that was given makes the next try within a minute, and a pause of eight seconds.
_HEARD_AFTER = timedelta(seconds=90)
#: Nothing is at Telnyx.
_CAME_TO_NOTHING = {IntentState.REFUSED, IntentState.DECLINED}


def earlier(connection: sa.Connection, wish: Wish, *, door: str, now: datetime) -> IntentRow | None:
    """Return the latest request through this door for the very same, if this may be a repetition of it.

    It is not when that one came to nothing, nor when its caller has heard long ago what Telnyx made of it: then
    somebody wants the same once more, and the first try of that did not get as far as being written down.
    """
    if not wish.recipients:
        return None
    made = intents.made_to(connection, wish.recipients[0], since=now - _WITHIN)
    latest = next((row for row in made if row.door == door and _asks_for(row, wish)), None)
    if latest is None or latest.state in _CAME_TO_NOTHING or _is_heard(latest, now):
        return None
    return latest


def _asks_for(row: IntentRow, wish: Wish) -> bool:
    return (row.path, row.body_digest) == (wish.path, wish.body_digest)


def _is_heard(row: IntentRow, now: datetime) -> bool:
    return row.state == IntentState.ANSWERED and row.created_at <= now - _HEARD_AFTER
