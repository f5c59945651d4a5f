"""Messages, their recipients, and every change of status they went through."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from core.merging import Fields
from core.outcomes import LedgerState
from store import upserting
from store.tables import BY_ID, BY_ORPHANED, IS_ORPHAN, IS_PENDING, messages, transitions
from store.tables import message_recipients as recipients


@dataclass(frozen=True, slots=True)
class MessageRow:
    """One message as held."""

    seq: int
    id: str
    direction: str
    from_number: str | None
    messaging_profile_id: str | None
    campaign_key: str | None
    tcr_campaign_id: str | None
    message_class: str | None
    tags: list[str] | None
    send_at: datetime | None
    scheduled_at: datetime | None
    registered_at: datetime | None
    """None for a message that came through no door: it is only known from its events."""
    door: str | None
    ledger: str | None
    breach_cause: str | None
    closed_at: datetime | None
    review_at: datetime | None
    last_look_at: datetime | None
    """When it was decided on for the last time before its deadline; None until then."""
    orphaned_at: datetime | None
    """When it was reported as sent on schedule although it had come through no door."""
    fields: Fields
    fingerprint: str | None = None
    """By which messages that say the same are known; see ``core.fingerprints``."""

    @classmethod
    def unheld(cls, message_id: str) -> MessageRow:
        """Return the row of a message of which nothing is known, and which is written nowhere yet."""
        nothing: dict[str, Any] = dict.fromkeys(cls.__slots__)
        return cls(**nothing | {"seq": 0, "id": message_id, "direction": "outbound", "fields": {}})

    @property
    def is_held(self) -> bool:
        """Return True for a row that was read, or written."""
        return self.seq > 0


@dataclass(frozen=True, slots=True)
class Released:
    """A message that was let go, to one of its recipients."""

    message_id: str
    phone_number: str
    send_at: datetime
    closed_at: datetime


@dataclass(frozen=True, slots=True)
class RecipientRow:
    """The status of one message for one recipient."""

    message_id: str
    phone_number: str
    status: str
    stamp: str
    fields: Fields


@dataclass(frozen=True, slots=True)
class Transition:
    """What one source said of one message's status for one recipient, whether or not it changed anything."""

    message_id: str
    phone_number: str
    source_id: str
    source: str
    status: str
    stamp: str
    occurred_at: datetime
    recorded_at: datetime


_COLUMNS = [messages.c[name] for name in MessageRow.__slots__]
_RECIPIENT_COLUMNS = [recipients.c[name] for name in RecipientRow.__slots__]
_TRANSITION_COLUMNS = [transitions.c[name] for name in Transition.__slots__]
#: Made once: to make a statement takes longer than to run it.
_IDS: sa.BindParameter[str] = sa.bindparam("ids", expanding=True)
_LOCK = sa.select(*_COLUMNS).where(messages.c.id.in_(_IDS)).order_by(messages.c.id).with_for_update()
_RECIPIENTS = (
    sa.select(*_RECIPIENT_COLUMNS)
    .where(recipients.c.message_id.in_(_IDS))
    .order_by(recipients.c.message_id, recipients.c.phone_number)
)


def lock(connection: sa.Connection, ids: Collection[str]) -> dict[str, MessageRow]:
    """Return the messages held under these ids, locked until the transaction ends, in one order for all."""
    found: dict[str, MessageRow] = {}
    for part in upserting.parts(sorted(ids)):
        found |= {row.id: MessageRow(*row) for row in connection.execute(_LOCK, {"ids": part})}
    return found


def find(connection: sa.Connection, message_id: str) -> MessageRow | None:
    """Return one message, or None."""
    row = connection.execute(sa.select(*_COLUMNS).where(messages.c.id == message_id)).first()
    return MessageRow(*row) if row else None


def find_all(connection: sa.Connection, ids: Collection[str]) -> dict[str, MessageRow]:
    """Return the messages held under these ids."""
    found: dict[str, MessageRow] = {}
    for part in upserting.parts(sorted(ids)):
        query = sa.select(*_COLUMNS).where(messages.c.id.in_(part))
        found |= {row.id: MessageRow(*row) for row in connection.execute(query)}
    return found


def listing(
    connection: sa.Connection,
    *,
    limit: int,
    after: int | None = None,
    ledger: str | None = None,
    campaign_key: str | None = None,
    phone_number: str | None = None,
    only_orphans: bool = False,
) -> list[MessageRow]:
    """Return messages, newest first; ``after`` is the ``seq`` of the last one of the page before."""
    query = sa.select(*_COLUMNS).order_by(messages.c.seq.desc()).limit(limit)
    if after is not None:
        query = query.where(messages.c.seq < after)
    if ledger is not None:
        query = query.where(messages.c.ledger == ledger)
    if campaign_key is not None:
        query = query.where(messages.c.campaign_key == campaign_key)
    if only_orphans:
        query = query.where(IS_ORPHAN).with_hint(messages, BY_ORPHANED, "sqlite")
    if phone_number is not None:
        theirs = sa.select(recipients.c.message_id).where(recipients.c.phone_number == phone_number)
        query = query.where(messages.c.id.in_(theirs))
    return [MessageRow(*row) for row in connection.execute(query)]


def recipients_of(connection: sa.Connection, ids: Collection[str]) -> dict[str, list[RecipientRow]]:
    """Return the recipients of each message, in the order of their numbers."""
    found: dict[str, list[RecipientRow]] = {}
    for part in upserting.parts(sorted(ids)):
        for row in connection.execute(_RECIPIENTS, {"ids": part}):
            found.setdefault(row.message_id, []).append(RecipientRow(*row))
    return found


def pending_to(connection: sa.Connection, phone_numbers: Collection[str]) -> dict[str, str]:
    """Return the ids of all pending messages to these numbers, each with the number that led to it."""
    found: dict[str, str] = {}
    for part in upserting.parts(sorted(phone_numbers)):
        query = (
            sa.select(messages.c.id, recipients.c.phone_number)
            .join(recipients, recipients.c.message_id == messages.c.id)
            .where(recipients.c.phone_number.in_(part), IS_PENDING)
            .with_hint(messages, BY_ID, "sqlite")
        )
        for message_id, phone_number in connection.execute(query):
            found.setdefault(message_id, phone_number)
    return found


def released_to(connection: sa.Connection, phone_numbers: Collection[str], *, since: datetime) -> list[Released]:
    """Return the messages to these numbers that were released since then, once for each number."""
    found: list[Released] = []
    for part in upserting.parts(sorted(phone_numbers)):
        query = (
            sa.select(messages.c.id, recipients.c.phone_number, messages.c.send_at, messages.c.closed_at)
            .join(recipients, recipients.c.message_id == messages.c.id)
            .where(
                recipients.c.phone_number.in_(part),
                messages.c.ledger == LedgerState.RELEASED,
                messages.c.closed_at > since,
            )
            .order_by(messages.c.id, recipients.c.phone_number)
            .with_hint(messages, BY_ID, "sqlite")
        )
        found += [Released(*row) for row in connection.execute(query)]
    return found


def add_missing(connection: sa.Connection, ids: Collection[str]) -> dict[str, MessageRow]:
    """Make empty rows for messages not held yet, and return those made: nobody else can have them until the end."""
    rows = [{"id": message_id, "direction": "outbound", "fields": {}} for message_id in sorted(ids)]
    return {row.id: MessageRow(*row) for row in upserting.insert_new(connection, messages, rows, _COLUMNS)}


def add(connection: sa.Connection, row: MessageRow) -> MessageRow | None:
    """Write a message for the first time, and return it as held; None, and nothing is written, when it is held by now.

    Nobody else can have it until the end.
    """
    made = upserting.insert_new(connection, messages, [_written(row)], [messages.c.seq])
    return replace(row, seq=made[0].seq) if made else None


def upsert(connection: sa.Connection, rows: Iterable[MessageRow]) -> None:
    """Write messages that are held under lock."""
    upserting.upsert(
        connection,
        messages,
        ["id"],
        [_written(row) for row in sorted(rows, key=lambda row: row.id)],
    )


def _written(row: MessageRow) -> dict[str, Any]:
    return {name: getattr(row, name) for name in MessageRow.__slots__ if name != "seq"}


def upsert_recipients(connection: sa.Connection, rows: Sequence[RecipientRow]) -> None:
    """Write the statuses of messages for recipients."""
    upserting.upsert(
        connection,
        recipients,
        ["message_id", "phone_number"],
        [{name: getattr(row, name) for name in RecipientRow.__slots__} for row in rows],
    )


def add_transitions(connection: sa.Connection, rows: Sequence[Transition]) -> None:
    """Add to the history; what one source said of one recipient is kept once."""
    upserting.insert_missing(
        connection, transitions, [{name: getattr(row, name) for name in Transition.__slots__} for row in rows]
    )


def transitions_of(connection: sa.Connection, message_id: str) -> list[Transition]:
    """Return the whole history of one message, in the order it was said to have happened."""
    query = (
        sa.select(*_TRANSITION_COLUMNS)
        .where(transitions.c.message_id == message_id)
        .order_by(transitions.c.occurred_at, transitions.c.stamp)
    )
    return [Transition(*row) for row in connection.execute(query)]


@dataclass(frozen=True, slots=True)
class Looks:
    """When a pending message is to be decided on next, and whether it was for the last time."""

    message_id: str
    review_at: datetime | None
    last_look_at: datetime | None


def set_looks(connection: sa.Connection, rows: Sequence[Looks]) -> None:
    """Set when each message is to be decided on without being asked."""
    if rows:
        connection.execute(
            sa.update(messages)
            .where(messages.c.id == sa.bindparam("of"))
            .values(review_at=sa.bindparam("next"), last_look_at=sa.bindparam("last")),
            [
                {"of": row.message_id, "next": row.review_at, "last": row.last_look_at}
                for row in sorted(rows, key=lambda row: row.message_id)
            ],
        )


def set_orphaned(connection: sa.Connection, sent: Mapping[str, datetime]) -> None:
    """Mark messages as sent on schedule without having come through any door, each with when it was sent."""
    if sent:
        connection.execute(
            sa.update(messages).where(messages.c.id == sa.bindparam("of")).values(orphaned_at=sa.bindparam("at")),
            [{"of": message_id, "at": sent[message_id]} for message_id in sorted(sent)],
        )


def count_pending_to(connection: sa.Connection, phone_number: str) -> int:
    """Return how many pending messages go to this number."""
    query = (
        sa.select(sa.func.count())
        .select_from(messages.join(recipients, recipients.c.message_id == messages.c.id))
        .where(recipients.c.phone_number == phone_number, IS_PENDING)
        .with_hint(messages, BY_ID, "sqlite")
    )
    return int(connection.scalar(query) or 0)
