"""The nonces of hand-overs: each counts once, so a recorded request cannot be sent again."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa

from store.tables import handover_nonces
from store.upserting import insert


def use(connection: sa.Connection, nonce: str, *, now: datetime, forget_before: datetime) -> bool:
    """Record a nonce as used, and return False when it was before.

    Those used before ``forget_before`` are forgotten: by then the time of their request must have run out.
    """
    connection.execute(sa.delete(handover_nonces).where(handover_nonces.c.used_at < forget_before))
    statement = insert(connection, handover_nonces).values(nonce=nonce, used_at=now).on_conflict_do_nothing()
    return connection.scalar(statement.returning(handover_nonces.c.nonce)) is not None
