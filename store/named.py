"""What there is under ids of which only the beginning is known: messages, and requests to send."""

from __future__ import annotations

import sqlalchemy as sa

from store.tables import intents, messages


def ids_beginning(connection: sa.Connection, beginning: str, *, limit: int) -> list[str]:
    """Return ids that begin so, in their order. It goes through all there are, so it is for a person who asks."""
    found = sa.union(
        *(sa.select(each.c.id).where(each.c.id.startswith(beginning, autoescape=True)) for each in (messages, intents))
    )
    return list(connection.scalars(found.order_by("id").limit(limit)))
