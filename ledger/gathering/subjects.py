"""The messages that facts are gathered about."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Protocol

import sqlalchemy as sa

from core import labels, merging
from core.facts import MessageClass, Reach
from core.labels import Labels
from core.merging import Fields
from store.messages import MessageRow


@dataclass(frozen=True, slots=True)
class Subject:
    """One scheduled message, and the moment at which it is decided on."""

    row: MessageRow
    recipients: tuple[str, ...]
    campaigns: Collection[str]
    """Every name that its campaign goes by."""
    now: datetime
    send_at: datetime
    labels: Labels = field(default_factory=Labels)

    @property
    def id(self) -> str:
        """Return the message's id; empty for one that does not exist yet."""
        return self.row.id

    @property
    def message_class(self) -> MessageClass:
        """Return what the message is for."""
        return class_of(self.row)


#: Finds one kind of fact for messages, so far back as is asked, by the message's id; none for those left out.
Source = Callable[[sa.Connection, Sequence[Subject], timedelta], Mapping[str, Any]]


class Tagged(Protocol):
    """A message, as far as its tags are held."""

    @property
    def tags(self) -> list[str] | None:
        """Return those that its sender gave; None when nothing was said."""

    @property
    def fields(self) -> Fields:
        """Return what Telnyx told."""


def labels_of(row: Tagged) -> Labels:
    """Return what a message's tags tell: those of its sender, else those that Telnyx told."""
    tags = row.tags
    if tags is None and any("tags" in told for told in row.fields.values()):
        tags = merging.values(row.fields).get("tags")
    return labels.read(tags) if tags else Labels()


def class_of(row: MessageRow) -> MessageClass:
    """Return what a message is for; what nobody classed is marketing."""
    return MessageClass(row.message_class or MessageClass.MARKETING)


def looked_at(rows: Iterable[MessageRow], reaches: Sequence[Reach]) -> list[MessageRow]:
    """Return the messages that somebody looks at who reaches so far."""
    return [row for row in rows if any(reach.concerns(labels_of(row), class_of(row)) for reach in reaches)]
