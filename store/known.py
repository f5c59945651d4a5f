"""Which of the things that Telnyx speaks of are here already."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import sqlalchemy as sa

from store import upserting
from store.tables import IS_PENDING, consents, inbox, messages


@dataclass(frozen=True, slots=True)
class KnownMessage:
    """What is held of a registered message beside what Telnyx says of it."""

    id: str
    ledger: str
    campaign_key: str | None
    message_class: str | None
    tags: list[str] | None


_KNOWN_MESSAGE = [messages.c[name] for name in KnownMessage.__slots__]


def registered(connection: sa.Connection, ids: Collection[str]) -> dict[str, KnownMessage]:
    """Return those messages that were registered, through whichever door."""
    found: dict[str, KnownMessage] = {}
    for part in upserting.parts(sorted(ids)):
        query = sa.select(*_KNOWN_MESSAGE).where(messages.c.id.in_(part), messages.c.ledger.is_not(None))
        found |= {row.id: KnownMessage(*row) for row in connection.execute(query)}
    return found


def event_ids(connection: sa.Connection, ids: Collection[str]) -> set[str]:
    """Return those events that are in the inbox, whatever became of them."""
    found: set[str] = set()
    for part in upserting.parts(sorted(ids)):
        found |= set(connection.scalars(sa.select(inbox.c.event_id).where(inbox.c.event_id.in_(part))))
    return found


def messaging_profiles(connection: sa.Connection) -> list[str]:
    """Return the messaging profiles that pending messages are sent from, or that anybody has ever refused or let in."""
    found: set[str | None] = set()
    for query in (
        sa.select(messages.c.messaging_profile_id).where(IS_PENDING).distinct(),
        sa.select(consents.c.messaging_profile_id).distinct(),
    ):
        found |= set(connection.scalars(query))
    return sorted(profile for profile in found if profile)
