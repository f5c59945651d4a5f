"""Writes that are made only to see whether they can be: an event that came now would need the same.

A statement that changes nothing succeeds on a full disk, and so does a small change to a row that has its place.
"""

from __future__ import annotations

import os
from typing import Any

import sqlalchemy as sa

from store import upserting

#: As much as a burst of events writes, and more than PostgreSQL ever finds room for without a new page.
_SIZE = 16 * 1024
_KEPT = 1
_ROLLED_BACK = 2


def table(metadata: sa.MetaData) -> sa.Table:
    """Return the table for trial writes, which has one row at most."""
    return sa.Table(
        "write_trials",
        metadata,
        sa.Column("id", sa.SmallInteger, primary_key=True, autoincrement=False),
        sa.Column("filler", sa.LargeBinary, nullable=False),
    )


def make(connection: sa.Connection, trial: sa.Table) -> None:
    """Write some pages and have them on disk. Raises what SQLAlchemy raises when the database refuses."""
    if connection.dialect.name == "sqlite":
        upserting.upsert(connection, trial, ["id"], [{"id": _KEPT, "filler": os.urandom(_SIZE)}])
        return
    # Space that a rolled-back row took is not used again before a vacuum, so its files grow by some pages each time.
    driver: Any = connection.connection.driver_connection
    with driver.transaction(force_rollback=True):
        connection.execute(sa.insert(trial).values(id=_ROLLED_BACK, filler=os.urandom(_SIZE)))
    # The log has to grow as well, and only a commit waits for it.
    upserting.upsert(connection, trial, ["id"], [{"id": _KEPT, "filler": b""}])
