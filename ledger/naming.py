"""Which message, or request to send, a person means who typed only the beginning of its id.

For reading alone: what acts, and what programs ask, takes whole ids.
"""

from __future__ import annotations

import sqlalchemy as sa

from core.errors import RequestInvalid
from store import named

#: Less of an id names too much.
SHORTEST = 8
_WHOLE = 36


def whole(connection: sa.Connection, typed: str) -> str:
    """Return the one id that begins so, or what was typed when none does. Raises RequestInvalid when several do."""
    if not SHORTEST <= len(typed) < _WHOLE:
        return typed
    found = named.ids_beginning(connection, typed, limit=2)
    if len(found) > 1:
        raise RequestInvalid(f"{typed} begins several ids, such as {found[0]} and {found[1]}; type more of it")
    return found[0] if found else typed
