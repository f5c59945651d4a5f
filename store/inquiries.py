"""Messages whose end nobody has told us: when each is to be asked about next, ever more seldom."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa

from core import merging, statuses
from store import messages as held_messages
from store import upserting
from store.messages import RecipientRow
from store.tables import inquiries, messages

#: A transaction that took its ``seq`` early may be seen late: so many messages are looked at again.
_MARGIN = 1000


@dataclass(frozen=True, slots=True)
class Inquiry:
    """One message to be asked about."""

    message_id: str
    due_at: datetime
    """When its end should have been known."""
    next_at: datetime
    asks: int = 0
    outcome: str | None = None
    """What came of the last time it was asked about."""


_COLUMNS = [inquiries.c[name] for name in Inquiry.__slots__]


@dataclass(frozen=True, slots=True)
class Look:
    """What one part of the messages came to."""

    fresh: list[Inquiry]
    """The outbound messages that have no end and are not watched yet."""
    first: int
    last: int
    """From which ``seq`` to which it has looked."""
    heard_at: datetime | None
    """When the last of them came, as far as any of them tells."""


def look(
    connection: sa.Connection, *, above: int, below: int | None, now: datetime, patience: timedelta, limit: int
) -> Look | None:
    """Look through the newest messages between two ``seq``, for those to be asked about; None when there are none."""
    query = (
        sa.select(messages.c.seq, messages.c.id, messages.c.direction, messages.c.send_at, messages.c.registered_at)
        .where(messages.c.seq > above)
        .order_by(messages.c.seq.desc())
        .limit(limit)
    )
    if below is not None:
        query = query.where(messages.c.seq < below)
    rows = list(connection.execute(query))
    if not rows:
        return None
    recipients = held_messages.recipients_of(connection, [row.id for row in rows])
    # A message that came through no door is as old as what was last told of it.
    told = {
        message_id: max(merging.time_in(each.stamp) for each in theirs) for message_id, theirs in recipients.items()
    }
    heard = [at for row in rows if (at := row.registered_at or told.get(row.id)) is not None]
    outbound = [row for row in rows if row.direction == "outbound" and not _has_ended(recipients.get(row.id))]
    watched = {each.message_id for each in of(connection, [row.id for row in outbound])}
    return Look(
        [
            Inquiry(row.id, due_at := (row.send_at or row.registered_at or told.get(row.id, now)) + patience, due_at)
            for row in outbound
            if row.id not in watched
        ],
        rows[-1].seq,
        rows[0].seq,
        max(heard, default=None),
    )


def with_margin(seq: int) -> int:
    """Return where to begin looking for fresh messages, given how far the last look came."""
    return max(0, seq - _MARGIN)


def ended(connection: sa.Connection, message_ids: Collection[str]) -> set[str]:
    """Return those messages that have come to an end for every recipient; one without recipients has not."""
    found = held_messages.recipients_of(connection, message_ids)
    return {message_id for message_id, recipients in found.items() if _has_ended(recipients)}


def _has_ended(recipients: Sequence[RecipientRow] | None) -> bool:
    return bool(recipients) and all(statuses.has_ended(merging.rank_in(each.stamp)) for each in recipients or ())


def of(connection: sa.Connection, message_ids: Collection[str]) -> list[Inquiry]:
    """Return what is watched of these messages."""
    return [
        Inquiry(*row)
        for part in upserting.parts(sorted(message_ids))
        for row in connection.execute(sa.select(*_COLUMNS).where(inquiries.c.message_id.in_(part)))
    ]


def due(connection: sa.Connection, *, now: datetime, limit: int, after: Inquiry | None = None) -> list[Inquiry]:
    """Return what is to be asked about now, the longest waiting first; ``after`` ended the page before."""
    return _page(connection, inquiries.c.next_at, None, now, after, limit)


def due_between(
    connection: sa.Connection, since: datetime, until: datetime, *, limit: int, after: Inquiry | None = None
) -> list[Inquiry]:
    """Return what should have ended in a span of time, whenever it was asked about last; ``after`` as in ``due``."""
    return _page(connection, inquiries.c.due_at, since, until, after, limit)


def _page(
    connection: sa.Connection,
    at: sa.Column[datetime],
    since: datetime | None,
    until: datetime,
    after: Inquiry | None,
    limit: int,
) -> list[Inquiry]:
    query = sa.select(*_COLUMNS).where(at <= until).order_by(at, inquiries.c.message_id).limit(limit)
    if since is not None:
        query = query.where(at >= since)
    if after is not None:
        then = getattr(after, at.name)
        query = query.where(sa.or_(at > then, sa.and_(at == then, inquiries.c.message_id > after.message_id)))
    return [Inquiry(*row) for row in connection.execute(query)]


def add(connection: sa.Connection, rows: Sequence[Inquiry]) -> None:
    """Watch messages."""
    upserting.insert_missing(
        connection, inquiries, [{name: getattr(row, name) for name in Inquiry.__slots__} for row in rows]
    )


def remove(connection: sa.Connection, message_ids: Collection[str]) -> None:
    """Watch messages no more: their end is known, or never will be."""
    for part in upserting.parts(sorted(message_ids)):
        connection.execute(sa.delete(inquiries).where(inquiries.c.message_id.in_(part)))


def asked(connection: sa.Connection, row: Inquiry, *, outcome: str, next_at: datetime) -> None:
    """Write down that a message was asked about, what came of it, and when to ask again."""
    after: Mapping[str, object] = {"asks": row.asks + 1, "outcome": outcome, "next_at": next_at}
    connection.execute(sa.update(inquiries).where(inquiries.c.message_id == row.message_id).values(after))
