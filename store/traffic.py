"""Outbound messages to some recipients: those that wait for their time, and those that went out."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa

from core.merging import Fields
from core.outcomes import LedgerState
from core.statuses import Status
from store import upserting
from store.tables import BY_ID, IS_REQUESTED, cancellations, messages
from store.tables import message_recipients as recipients


@dataclass(frozen=True, slots=True)
class TrafficRow:
    """What is held of one message to one recipient."""

    phone_number: str
    status: str
    stamp: str
    message_id: str
    ledger: str | None
    """None for a message that was never registered: it went out at once, or past us."""
    from_number: str | None
    messaging_profile_id: str | None
    send_at: datetime | None
    scheduled_at: datetime | None
    last_look_at: datetime | None
    message_class: str | None
    campaign_key: str | None
    tcr_campaign_id: str | None
    tags: list[str] | None
    fingerprint: str | None
    fields: Fields


@dataclass(frozen=True, slots=True)
class PastTrafficRow:
    """The same, with when it came in and when it was settled."""

    row: TrafficRow
    registered_at: datetime | None
    closed_at: datetime | None


_OF_MESSAGE = (
    *("ledger", "from_number", "messaging_profile_id", "send_at", "scheduled_at", "last_look_at", "message_class"),
    *("campaign_key", "tcr_campaign_id", "tags", "fingerprint", "fields"),
)
_SINCE, _UNTIL = (
    sa.bindparam("since", type_=messages.c.send_at.type),
    sa.bindparam("until", type_=messages.c.send_at.type),
)
#: When the report was made by which the status stands, as text that sorts by time; see ``core.merging.stamp``.
_TOLD_AT = sa.func.substr(recipients.c.stamp, 4, 32)
#: Somebody is taking it back. One whose reason lapsed is only asked after: it will go out if it has not been.
_BEING_CANCELLED = sa.and_(
    cancellations.c.message_id == messages.c.id, IS_REQUESTED, cancellations.c.lapsed.is_(sa.false())
)
#: Made once: to make a statement takes longer than to run it.
_EVERY = (
    sa.select(
        *(recipients.c[name] for name in ("phone_number", "status", "stamp", "message_id")),
        *(messages.c[name] for name in _OF_MESSAGE),
    )
    .join_from(recipients, messages, messages.c.id == recipients.c.message_id)
    .where(
        recipients.c.phone_number.in_(sa.bindparam("numbers", expanding=True)),
        messages.c.direction == sa.literal_column("'outbound'"),
        sa.or_(
            messages.c.send_at.between(_SINCE, _UNTIL),
            sa.and_(messages.c.send_at.is_(None), sa.bindparam("told_since") <= _TOLD_AT),
        ),
    )
    .with_hint(messages, BY_ID, "sqlite")
)
_TO = _EVERY.join(cancellations, _BEING_CANCELLED, isouter=True).where(
    recipients.c.status != sa.literal_column(f"'{Status.CANCELLED}'"),
    sa.or_(messages.c.ledger.is_(None), messages.c.ledger != sa.literal_column(f"'{LedgerState.CANCELLED}'")),
    cancellations.c.message_id.is_(None),
)
_EVER_TO = _EVERY.add_columns(messages.c.registered_at, messages.c.closed_at)


def to(
    connection: sa.Connection, phone_numbers: Collection[str], *, since: datetime, until: datetime
) -> list[TrafficRow]:
    """Return the messages to these numbers whose time of sending lies between these moments, both included.

    Of those that have none, all are returned of which anything was told since. What was cancelled is left out, and
    what is being cancelled.
    """
    return [TrafficRow(*row) for row in _between(connection, _TO, phone_numbers, since, until)]


def ever_to(
    connection: sa.Connection, phone_numbers: Collection[str], *, since: datetime, until: datetime
) -> list[PastTrafficRow]:
    """Return the same with what was cancelled, and is being cancelled: for those who ask how it stood at some time."""
    found = _between(connection, _EVER_TO, phone_numbers, since, until)
    return [PastTrafficRow(TrafficRow(*told), registered_at, closed_at) for *told, registered_at, closed_at in found]


def _between(
    connection: sa.Connection,
    query: sa.Select[Any],
    phone_numbers: Collection[str],
    since: datetime,
    until: datetime,
) -> Iterator[Any]:
    times = {
        "since": since,
        "until": until,
        "told_since": since.astimezone(UTC).isoformat(timespec="microseconds"),
    }
    for part in upserting.parts(sorted(phone_numbers)):
        yield from connection.execute(query, {"numbers": part, **times})
