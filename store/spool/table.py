"""The spool's table: events on their way to the primary, one row for each content delivered under an id.

It is the spool's own, in a file of its own, and no part of the database's migrations.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from enum import StrEnum

import sqlalchemy as sa

from store import trial_writes
from store.columns import only

#: A file of another number is another release's, whose rows may mean something else.
FORMAT = 1
#: What tells a spool from other programs' databases.
APPLICATION = 0x52534350


class SpoolState(StrEnum):
    """Where a spooled event stands."""

    WAITING = "waiting"
    HANDED = "handed"
    """The primary has it."""
    PARKED = "parked"
    """The primary refuses it, or it cannot be read any more; somebody must look."""


#: Of inbound texts, and of the rest.
PRIORITIES = (0, 1)

metadata = sa.MetaData()
write_trials = trial_writes.table(metadata)
#: Times are microseconds since 1970.
rows = sa.Table(
    "spooled_events",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("key", sa.Text, nullable=False, unique=True),
    sa.Column("event_id", sa.Text, nullable=False),
    sa.Column("event_type", sa.Text, nullable=False),
    sa.Column("received_at", sa.BigInteger, nullable=False),
    sa.Column("priority", sa.SmallInteger, nullable=False),
    sa.Column("raw", sa.LargeBinary, nullable=False),
    sa.Column("signature", sa.Text, nullable=False),
    sa.Column("signature_timestamp", sa.Text, nullable=False),
    sa.Column("deliveries", sa.Integer, nullable=False, server_default=sa.text("1")),
    sa.Column("state", sa.Text, nullable=False, server_default=sa.text("'waiting'")),
    sa.Column("tries", sa.Integer, nullable=False, server_default=sa.text("0")),
    sa.Column("refusals", sa.Integer, nullable=False, server_default=sa.text("0")),
    sa.Column("retry_at", sa.BigInteger),
    sa.Column("handed_at", sa.BigInteger),
    sa.Column("verdict", sa.Text),
    sa.Column("reason", sa.Text),
)
WAITS = rows.c.state == sa.literal_column("'waiting'")
IS_NEW = WAITS & rows.c.retry_at.is_(None)
IS_PUT_OFF = WAITS & rows.c.retry_at.is_not(None)
IS_HANDED = rows.c.state == sa.literal_column("'handed'")
IS_PARKED = rows.c.state == sa.literal_column("'parked'")
#: Any number may be put off for an hour, and what is new must be found behind them.
sa.Index("ix_new", rows.c.priority, rows.c.received_at, rows.c.id, **only(IS_NEW))
sa.Index("ix_put_off", rows.c.priority, rows.c.retry_at, rows.c.received_at, **only(IS_PUT_OFF))
sa.Index("ix_handed", rows.c.handed_at, **only(IS_HANDED))
sa.Index("ix_parked", rows.c.priority, **only(IS_PARKED))

#: Files that were set aside, and whose rows are here.
salvaged = sa.Table(
    "salvaged",
    metadata,
    sa.Column("name", sa.Text, primary_key=True),
)

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def micros(moment: datetime) -> int:
    """Return an aware instant as microseconds since 1970."""
    return (moment - _EPOCH) // timedelta(microseconds=1)


def instant(since_epoch: object) -> datetime:
    """Return the instant of so many microseconds since 1970. Raises ValueError, also for what is no number."""
    if not isinstance(since_epoch, int):
        raise ValueError("is no instant")  # noqa: TRY004 - what a damaged row holds is bad data, not a wrong call
    try:
        return _EPOCH + timedelta(microseconds=since_epoch)
    except OverflowError:
        raise ValueError("is no instant") from None


def create(connection: sa.Connection) -> None:
    """Make an empty database a spool."""
    metadata.create_all(connection, checkfirst=False)
    connection.exec_driver_sql(f"PRAGMA application_id = {APPLICATION}")
    connection.exec_driver_sql(f"PRAGMA user_version = {FORMAT}")
