"""Requests to send that came through us, each written down before it leaves."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

import sqlalchemy as sa

from core.intents import IntentState, yielding_to
from core.scopes import Scope
from store import upserting
from store.sums import Narrowed
from store.tables import IS_IN_DOUBT, IS_OPEN, IS_WITHOUT_MESSAGE, REPLACES, intents, message_recipients
from store.ways import Reach


@dataclass(frozen=True, slots=True)
class IntentRow:
    """One request as kept."""

    id: str
    door: str
    path: str
    created_at: datetime
    phone_number: str | None
    """The first recipient, to find it by: a message to several is never scheduled."""
    recipients: list[str]
    from_number: str | None
    messaging_profile_id: str | None
    campaign_key: str | None
    message_class: str | None
    tags: list[str] | None
    send_at: datetime | None
    """None for a message that goes out at once."""
    text_digest: str | None
    replaces: str | None
    """The message in whose place this one is to be sent."""
    state: str
    policy: str | None
    reason: str | None
    verdicts: list[dict[str, Any]] | None
    """What the policies said before the request left."""
    http_status: int | None
    message_id: str | None
    settled_at: datetime | None
    fingerprint: str | None = None
    """By which messages that say the same are known; see ``core.fingerprints``."""
    body_digest: str | None = None
    """The SHA-256 of all that was asked for, in hexadecimal; None when it was not asked for through the door."""


_COLUMNS = [intents.c[name] for name in IntentRow.__slots__]
#: Where a request says what a scope is about.
_SAID = {
    Scope.SENDER: intents.c.from_number,
    Scope.RECIPIENT: intents.c.phone_number,
    Scope.PROFILE: intents.c.messaging_profile_id,
}
_FIND = sa.select(*_COLUMNS).where(intents.c.id == sa.bindparam("of"))


def add(connection: sa.Connection, row: IntentRow) -> bool:
    """Keep a new request; return False, and keep nothing, when another one replaces the same message."""
    values = {name: getattr(row, name) for name in IntentRow.__slots__}
    return len(upserting.insert_new(connection, intents, [values], [intents.c.id])) > 0


def settle(
    connection: sa.Connection,
    intent_id: str,
    state: IntentState,
    *,
    now: datetime,
    message_id: str | None = None,
    http_status: int | None = None,
    reason: str | None = None,
) -> bool:
    """Write what is told of how a request has ended; return False when more is known already, see ``core.intents``."""
    told = {"message_id": message_id, "http_status": http_status, "reason": reason}
    known = {name: value for name, value in told.items() if value is not None}
    settled = connection.execute(
        _settle(tuple(known)),
        {"of": intent_id, "before": yielding_to(state), "state": state, "settled_at": now, **known},
    )
    return settled.rowcount > 0


@cache
def _settle(known: tuple[str, ...]) -> sa.Update:
    """Return the statement, which takes longer to make than to run."""
    return (
        sa.update(intents)
        .where(intents.c.id == sa.bindparam("of"), intents.c.state.in_(sa.bindparam("before", expanding=True)))
        .values({name: sa.bindparam(name) for name in ("state", "settled_at", *known)})
    )


def in_doubt_to(connection: sa.Connection, phone_numbers: Collection[str], *, locked: bool = False) -> list[IntentRow]:
    """Return the requests to these numbers of which nobody knows whether Telnyx has made a message, oldest first."""
    found: list[IntentRow] = []
    for part in upserting.parts(sorted(phone_numbers)):
        query = (
            sa.select(*_COLUMNS)
            .where(intents.c.phone_number.in_(part), IS_IN_DOUBT)
            .order_by(intents.c.created_at, intents.c.id)
        )
        found += [IntentRow(*row) for row in connection.execute(query.with_for_update() if locked else query)]
    return found


def in_doubt(
    connection: sa.Connection,
    within: Reach | Narrowed,
    *,
    asked_before: datetime,
    now: datetime,
    limit: int | None = None,
) -> list[IntentRow]:
    """Return the requests within reach that are in doubt, of messages still to be sent, the earliest of these first.

    One of which nobody has told how it ended is in doubt if it was made before a moment.
    """
    query = sa.select(*_COLUMNS).order_by(intents.c.send_at, intents.c.id).limit(limit)
    return [IntentRow(*row) for row in connection.execute(_in_doubt(query, within, asked_before, now))]


def count_in_doubt(
    connection: sa.Connection, within: Reach | Narrowed, *, asked_before: datetime, now: datetime
) -> int:
    """Return how many they are."""
    query = sa.select(sa.func.count()).select_from(intents)
    return int(connection.scalar(_in_doubt(query, within, asked_before, now)) or 0)


def _in_doubt(query: sa.Select[Any], within: Reach | Narrowed, asked_before: datetime, now: datetime) -> sa.Select[Any]:
    is_given_up = sa.or_(sa.not_(IS_OPEN), intents.c.created_at < asked_before)
    found = query.where(IS_IN_DOUBT, is_given_up, intents.c.send_at > now, *_conditions(within))
    return found.with_hint(intents, "INDEXED BY ix_intents_in_doubt", "sqlite")


def _conditions(within: Reach | Narrowed) -> list[sa.ColumnElement[bool]]:
    """Return what is true of requests within reach; the sender or profile of which Telnyx was to choose may be any."""
    if isinstance(within, Narrowed):
        return within.conditions(intents)
    if within.scope is Scope.ALL:
        return []
    if within.scope is Scope.CAMPAIGN:
        return [intents.c.campaign_key.in_(sorted(within.keys))]
    said = _SAID[within.scope]
    return [said == within.value if within.scope is Scope.RECIPIENT else sa.or_(said == within.value, said.is_(None))]


def abandoned(connection: sa.Connection, *, before: datetime, limit: int) -> list[IntentRow]:
    """Return requests made before a moment of which nobody has told how they ended, oldest first."""
    query = (
        sa.select(*_COLUMNS)
        .where(IS_OPEN, intents.c.created_at < before)
        .order_by(intents.c.created_at, intents.c.id)
        .with_hint(intents, "INDEXED BY ix_intents_open", "sqlite")
        .limit(limit)
    )
    return [IntentRow(*row) for row in connection.execute(query)]


def of_message(connection: sa.Connection, message_id: str) -> list[IntentRow]:
    """Return the requests that led to a message, or that are to replace it, oldest first."""
    # An OR of two columns would be looked for in every request.
    ids = sa.union(
        sa.select(intents.c.id).where(intents.c.message_id == message_id),
        sa.select(intents.c.id).where(intents.c.replaces == message_id),
    )
    query = sa.select(*_COLUMNS).where(intents.c.id.in_(ids)).order_by(intents.c.created_at, intents.c.id)
    return [IntentRow(*row) for row in connection.execute(query)]


def without_message_to(connection: sa.Connection, phone_number: str, *, limit: int) -> list[IntentRow]:
    """Return the requests to a number that were refused or declined, or whose answer was lost; the newest first."""
    query = (
        sa.select(*_COLUMNS)
        .where(intents.c.phone_number == phone_number, IS_WITHOUT_MESSAGE)
        .order_by(intents.c.created_at.desc(), intents.c.id)
        .with_hint(intents, "INDEXED BY ix_intents_without_message", "sqlite")
        .limit(limit)
    )
    return [IntentRow(*row) for row in connection.execute(query)]


def made_to(connection: sa.Connection, phone_number: str, *, since: datetime) -> list[IntentRow]:
    """Return the requests to a number since a moment, whatever came of them; the newest first."""
    # By what little there is of one number, not by the moment: all requests of these minutes may be thousands.
    ids = sa.union(
        sa.select(intents.c.id).where(intents.c.phone_number == phone_number, IS_IN_DOUBT),
        sa.select(intents.c.id).where(
            intents.c.phone_number == phone_number, intents.c.created_at >= since, IS_WITHOUT_MESSAGE
        ),
        sa.select(intents.c.id)
        .join(message_recipients, message_recipients.c.message_id == intents.c.message_id)
        .where(message_recipients.c.phone_number == phone_number),
    )
    query = (
        sa.select(*_COLUMNS)
        .where(intents.c.id.in_(ids), intents.c.created_at >= since)
        .order_by(intents.c.created_at.desc(), intents.c.id)
    )
    return [IntentRow(*row) for row in connection.execute(query)]


def known_messages(connection: sa.Connection, message_ids: Collection[str]) -> set[str]:
    """Return which of these messages a request has led to."""
    found: set[str] = set()
    for part in upserting.parts(sorted(message_ids)):
        found |= set(connection.scalars(sa.select(intents.c.message_id).where(intents.c.message_id.in_(part))))
    return found


def replacing(connection: sa.Connection, message_ids: Collection[str]) -> dict[str, IntentRow]:
    """Return, by the message that it replaces, the one request that does, or may."""
    found: dict[str, IntentRow] = {}
    for part in upserting.parts(sorted(message_ids)):
        rows = connection.execute(sa.select(*_COLUMNS).where(REPLACES, intents.c.replaces.in_(part)))
        found |= {row.replaces: IntentRow(*row) for row in rows}
    return found


def stand_aside(connection: sa.Connection, intent_id: str, *, reason: str) -> None:
    """Let another request replace the message that this one, which stays in doubt, was to replace."""
    connection.execute(sa.update(intents).where(intents.c.id == intent_id).values(replaces=None, reason=reason))


def find(connection: sa.Connection, intent_id: str) -> IntentRow | None:
    """Return one request, or None."""
    row = connection.execute(_FIND, {"of": intent_id}).first()
    return IntentRow(*row) if row else None
