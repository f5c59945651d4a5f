"""Texts that recipients sent to us, by their numbers."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from core import merging
from core.facts import Inbound
from core.merging import Fields
from store import upserting
from store.tables import IS_INBOUND, messages
from store.tables import message_recipients as recipients

#: Of each number's texts the newest that are looked at: two programs that answer each other write without end.
MOST = 200

_NUMBERS: sa.BindParameter[str] = sa.bindparam("numbers", expanding=True)
_RANKED = (
    sa.select(
        messages.c.seq,
        sa.func.row_number().over(partition_by=messages.c.from_number, order_by=messages.c.seq.desc()).label("place"),
    )
    .where(messages.c.from_number.in_(_NUMBERS), IS_INBOUND)
    .subquery("ranked")
)
_TEXTS = (
    sa.select(messages.c.id, messages.c.from_number, messages.c.messaging_profile_id, messages.c.fields)
    .join(_RANKED, _RANKED.c.seq == messages.c.seq)
    .where(_RANKED.c.place <= MOST)
)
_IDS: sa.BindParameter[str] = sa.bindparam("ids", expanding=True)
_SENT_TO = (
    sa.select(recipients.c.message_id, sa.func.min(recipients.c.phone_number))
    .where(recipients.c.message_id.in_(_IDS))
    .group_by(recipients.c.message_id)
)


def of(connection: sa.Connection, phone_numbers: Collection[str], *, since: datetime) -> dict[str, list[Inbound]]:
    """Return what each of these numbers wrote since then, in the order of the times at which it was said."""
    found: dict[str, list[Inbound]] = {}
    for part in upserting.parts(sorted(phone_numbers)):
        rows = connection.execute(_TEXTS, {"numbers": part}).all()
        sent_to = _sent_to(connection, [row.id for row in rows])
        for row in rows:
            at, event_id = _said(row.fields)
            if at >= since:
                told = merging.values(row.fields)
                found.setdefault(row.from_number, []).append(
                    Inbound(
                        phone_number=row.from_number,
                        at=at,
                        text=told.get("text"),
                        autoresponse_type=told.get("autoresponse_type"),
                        sent_to=sent_to.get(row.id),
                        messaging_profile_id=row.messaging_profile_id,
                        event_id=event_id,
                    )
                )
    return {number: sorted(texts, key=lambda text: (text.at, text.event_id)) for number, texts in found.items()}


def _sent_to(connection: sa.Connection, ids: list[str]) -> dict[str, str]:
    """Return the number of ours that each text was sent to."""
    asked: Iterator[Any] = (connection.execute(_SENT_TO, {"ids": part}) for part in upserting.parts(sorted(ids)))
    return {message_id: number for rows in asked for message_id, number in rows}


def _said(fields: Fields) -> tuple[datetime, str]:
    """Return when a text was said, and the event that told us first."""
    first = min(fields, key=merging.time_in)
    return merging.time_in(first), merging.source_in(first)
