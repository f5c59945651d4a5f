"""Merge what reports say into the messages held, in any order to the same rows."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from core import merging, statuses
from core.fingerprints import fingerprint
from core.reports import Addressee, MessageReport
from ledger import ending
from store import messages
from store.messages import MessageRow, RecipientRow, Transition

#: Events that Telnyx sends once a message has left its schedule, whatever status they carry:
#: a ``message.sent`` has been seen with ``queued`` in it.
_LEAVING_EVENTS = frozenset({"message.sent", "message.finalized", "message.read"})


Rows = Mapping[str, MessageRow]
Recipients = Mapping[str, Sequence[RecipientRow]]
"""By message, its recipients."""


@dataclass(frozen=True, slots=True)
class Recorded:
    """What recording came to."""

    messages: dict[str, MessageRow]
    """Every message spoken of, as it now stands."""
    left: frozenset[str]
    """Those of them that have left their schedule."""
    recipients: dict[str, list[RecipientRow]]
    """By message, each recipient's status as it now stands, in the order of their numbers."""
    before: Rows
    """The messages as they were held before."""


def hold(connection: sa.Connection, message_ids: set[str]) -> dict[str, MessageRow]:
    """Lock these messages, making rows for those not held yet, and return them all."""
    # Those that are held come first, for all the same: two could wait for each other otherwise.
    held = messages.lock(connection, message_ids)
    held |= messages.add_missing(connection, message_ids - held.keys())
    # Made by somebody else at this moment.
    return held | messages.lock(connection, message_ids - held.keys())


def expect(message_id: str) -> dict[str, MessageRow]:
    """Return a message that should be new as one of which nothing is held: ``record`` makes it, whole, or locks it.

    That spares the query for what is not there. Two could wait for each other who expect several.
    """
    return {message_id: MessageRow.unheld(message_id)}


def record(
    connection: sa.Connection,
    held: Rows,
    reports: Sequence[MessageReport],
    *,
    now: datetime,
    entering: Callable[[dict[str, MessageRow], Recipients], dict[str, MessageRow]] = lambda rows, _: rows,
) -> Recorded:
    """Merge reports into the messages held under lock, and write what changed.

    ``held`` must contain every message that a report speaks of, see ``hold``; one may be unheld, see ``expect``.
    ``entering`` is given the messages and their recipients as they then stand, and returns the messages with what is
    known besides.
    """
    spoken_of = {report.message_id for report in reports}
    rows = {message_id: held[message_id] for message_id in spoken_of}
    # Of what nothing was ever reported there are no recipients either.
    reported = [message_id for message_id, row in rows.items() if row.fields]
    before = {
        (row.message_id, row.phone_number): row
        for found in messages.recipients_of(connection, reported).values()
        for row in found
    }
    after = dict(before)
    history: dict[tuple[str, str, str], Transition] = {}
    left: set[str] = set()
    for report in reports:
        rows[report.message_id] = _merged(rows[report.message_id], report)
        if has_left(report):
            left.add(report.message_id)
        for addressee in report.addressees:
            transition = _transition(report, addressee, now)
            key = (report.message_id, addressee.phone_number)
            told = (*key, report.source_id)
            if told not in history or _height(history[told]) < _height(transition):
                history[told] = transition
            after[key] = _risen(after.get(key), addressee, transition)

    recipients: dict[str, list[RecipientRow]] = {}
    for (message_id, _), row in sorted(after.items()):
        recipients.setdefault(message_id, []).append(row)
    rows = entering(rows, recipients)
    unheld = [message_id for message_id in rows if not held[message_id].is_held]
    for message_id in unheld:
        added = messages.add(connection, rows[message_id])
        if added is None:
            # Not new after all, or made by somebody else at this moment.
            found = {**held, **messages.lock(connection, [message_id])}
            return record(connection, found, reports, now=now, entering=entering)
        rows[message_id] = added
    messages.upsert(connection, [row for of, row in rows.items() if of not in unheld and row != held[of]])
    changed = [row for key, row in sorted(after.items()) if row != before.get(key)]
    messages.upsert_recipients(connection, changed)
    messages.add_transitions(connection, [history[told] for told in sorted(history)])
    ending.note(connection, rows, recipients, now=now)
    return Recorded(rows, frozenset(left), recipients, before=held)


def _merged(row: MessageRow, report: MessageReport) -> MessageRow:
    """Return the message with one report merged in; its columns are what the merged fields say."""
    told: dict[str, Any] = {
        **report.details,
        "direction": report.direction,
        "from_number": report.from_number,
        "messaging_profile_id": report.messaging_profile_id,
        "tcr_campaign_id": report.tcr_campaign_id,
        "send_at": report.send_at.isoformat() if report.send_at else None,
    }
    rank = max((_rank(report, addressee) for addressee in report.addressees), default=0)
    fields = merging.join(row.fields, told, merging.stamp(rank, report.occurred_at, report.source_id))
    values = merging.values(fields)
    return replace(
        row,
        direction=values["direction"],
        from_number=values.get("from_number"),
        messaging_profile_id=values.get("messaging_profile_id"),
        tcr_campaign_id=values.get("tcr_campaign_id"),
        send_at=datetime.fromisoformat(values["send_at"]) if "send_at" in values else None,
        fields=fields,
        fingerprint=fingerprint(values["text"]) if report.details.get("text") else row.fingerprint,
    )


def _risen(held: RecipientRow | None, addressee: Addressee, transition: Transition) -> RecipientRow:
    """Return the recipient's row with one addressee merged in: the higher status stays."""
    told = {
        "carrier": addressee.carrier,
        "line_type": addressee.line_type,
        "errors": None if addressee.errors is None else list(addressee.errors),
    }
    fields = merging.join(held.fields if held else {}, told, transition.stamp)
    keeps = held is not None and (held.stamp, held.status) >= _height(transition)
    return RecipientRow(
        message_id=transition.message_id,
        phone_number=transition.phone_number,
        status=held.status if held is not None and keeps else transition.status,
        stamp=held.stamp if held is not None and keeps else transition.stamp,
        fields=fields,
    )


def _transition(report: MessageReport, addressee: Addressee, now: datetime) -> Transition:
    return Transition(
        message_id=report.message_id,
        phone_number=addressee.phone_number,
        source_id=report.source_id,
        source=report.source,
        status=addressee.status,
        stamp=merging.stamp(_rank(report, addressee), report.occurred_at, report.source_id),
        occurred_at=report.occurred_at,
        recorded_at=now,
    )


def _height(transition: Transition) -> tuple[str, str]:
    return transition.stamp, transition.status


def _rank(report: MessageReport, addressee: Addressee) -> int:
    return statuses.rank_of(addressee.status, final=report.final)


def has_left(report: MessageReport) -> bool:
    """Return True when a report says that an outbound message is past cancelling and was not cancelled."""
    if report.direction != "outbound":
        return False
    if report.source in _LEAVING_EVENTS:
        return any(addressee.status != statuses.Status.CANCELLED for addressee in report.addressees)
    return any(statuses.has_left(_rank(report, addressee)) for addressee in report.addressees)


def is_past_cancelling(recipient: RecipientRow) -> bool:
    """Return True when the message has left for this recipient and was not cancelled."""
    return statuses.has_left(merging.rank_in(recipient.stamp))
