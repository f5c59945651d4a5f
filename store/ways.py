"""The ways to the pending messages that a scope reaches: the index by which each is found.

SQLite keeps no statistics, and left alone it would walk along all that is pending; so it is told the index.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from typing import Any

import sqlalchemy as sa

from core.scopes import Scope
from store.tables import BY_ID, IS_PENDING, messages
from store.tables import message_recipients as recipients


@dataclass(frozen=True, slots=True)
class Reach:
    """A scope, and for a campaign everything that its messages may be filed under."""

    scope: Scope
    value: str
    keys: frozenset[str] = frozenset()
    """Our own keys."""
    tcr_campaign_ids: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, eq=False)
class Way:
    """An index that leads to pending messages by what they have in common, and what that is."""

    hint: str
    column: sa.Column[str] | None
    """None when they have nothing in common, and all are meant."""
    values: Collection[str] = ()

    def all(self, *columns: sa.ColumnElement[Any]) -> sa.Select[Any]:
        """Return a query of all these messages at once."""
        return self._query(columns, self.values)

    def each(self, *columns: sa.ColumnElement[Any]) -> Iterator[sa.Select[Any]]:
        """Yield a query for each value: then the index has its messages in the order of their sending."""
        if self.column is None:
            yield self.all(*columns)
        for value in self.values:
            yield self._query(columns, [value])

    def _query(self, columns: tuple[sa.ColumnElement[Any], ...], values: Collection[str]) -> sa.Select[Any]:
        query = sa.select(*columns).where(IS_PENDING).with_hint(messages, self.hint, "sqlite")
        if self.column is None:
            return query
        if self.column is recipients.c.phone_number:
            theirs = sa.select(recipients.c.message_id).where(self.column.in_(values))
            return query.where(messages.c.id.in_(theirs))
        return query.where(self.column.in_(values))


_ALL = Way("INDEXED BY ix_messages_pending_send_at", None)
_OF_CAMPAIGN = Way("INDEXED BY ix_messages_pending_campaign", messages.c.campaign_key)
_OF_REGISTRATION = Way("INDEXED BY ix_messages_pending_tcr", messages.c.tcr_campaign_id)
_OF = {
    Scope.SENDER: Way("INDEXED BY ix_messages_pending_sender", messages.c.from_number),
    Scope.PROFILE: Way("INDEXED BY ix_messages_pending_profile", messages.c.messaging_profile_id),
    Scope.RECIPIENT: Way(BY_ID, recipients.c.phone_number),
}


def ways(reaches: Collection[Reach]) -> list[Way]:
    """Return the ways to all pending messages within any of these; one message may be found by several."""
    if any(reach.scope is Scope.ALL for reach in reaches):
        return [_ALL]
    values: dict[Way, set[str]] = {}
    for reach in reaches:
        if reach.scope is Scope.CAMPAIGN:
            values.setdefault(_OF_CAMPAIGN, set()).update(reach.keys)
            values.setdefault(_OF_REGISTRATION, set()).update(reach.tcr_campaign_ids)
        else:
            values.setdefault(_OF[reach.scope], set()).add(reach.value)
    return [replace(way, values=sorted(names)) for way, names in values.items()]


def within(reaches: Collection[Reach], *columns: sa.ColumnElement[Any]) -> sa.Subquery:
    """Return the pending messages within any of these, each once if its id is among the columns."""
    return sa.union(*(way.all(*columns) for way in ways(reaches))).subquery()
