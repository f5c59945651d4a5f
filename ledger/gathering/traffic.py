"""The other messages to the recipients: what was sent, and what is to be."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

import sqlalchemy as sa

from core import merging, statuses
from core.deadlines import deadline
from core.facts import MessageClass, Progress, Traffic
from core.outcomes import LedgerState
from core.statuses import Status
from ledger.gathering.subjects import Subject, labels_of
from store import traffic
from store.traffic import TrafficRow

FAILED = {Status.SENDING_FAILED, Status.DELIVERY_FAILED, Status.EXPIRED}


def find(connection: sa.Connection, subjects: Sequence[Subject], back: timedelta) -> Mapping[str, tuple[Traffic, ...]]:
    """Return, for each message, the others to its recipients so far around its time of sending, in order.

    A message that was scheduled stands at the time that it was scheduled for, whenever it left the queue: otherwise
    what is sent at noon every day would now and then be a few seconds less than a day apart.
    """
    numbers = {number for subject in subjects for number in subject.recipients}
    rows = traffic.to(
        connection,
        numbers,
        since=min(subject.send_at for subject in subjects) - back,
        until=max(subject.send_at for subject in subjects) + back,
    )
    told: dict[str, list[Traffic]] = {}
    # Those of one batch are decided on at one moment.
    now = subjects[0].now
    for row in rows:
        at = when(row)
        told.setdefault(row.phone_number, []).append(as_traffic(row, at, _progress(row, at, now)))
    return {
        subject.id: tuple(
            sorted(
                (
                    other
                    for number in subject.recipients
                    for other in told.get(number, ())
                    if other.message_id != subject.id and abs(other.at - subject.send_at) <= back
                ),
                key=lambda other: (other.at, other.message_id, other.phone_number),
            )
        )
        for subject in subjects
    }


def when(row: TrafficRow) -> datetime:
    """Return when a message was, or is to be, sent."""
    fields = merging.values(row.fields)
    return row.send_at or _time(fields.get("sent_at") or fields.get("received_at")) or merging.time_in(row.stamp)


def as_traffic(row: TrafficRow, at: datetime, progress: Progress) -> Traffic:
    """Return a message as policies look at it: when it was, or is to be, sent, and how far it has come."""
    fields = merging.values(row.fields)
    return Traffic(
        message_id=row.message_id,
        phone_number=row.phone_number,
        progress=progress,
        at=at,
        scheduled_at=row.scheduled_at or _time(fields.get("received_at")) or at,
        message_class=MessageClass(row.message_class or MessageClass.MARKETING),
        campaign_key=row.campaign_key or row.tcr_campaign_id,
        fingerprint=row.fingerprint,
        labels=labels_of(row),
        from_number=row.from_number,
    )


def _progress(row: TrafficRow, at: datetime, now: datetime) -> Progress:
    if row.status in FAILED:
        return Progress.FAILED
    waits = row.status == Status.SCHEDULED if row.ledger is None else row.ledger == LedgerState.PENDING
    # What was let go at its last look is as good as sent: whoever is decided on after it makes room for it.
    is_past_keeping = row.last_look_at is not None or deadline(at) <= now
    has_left = statuses.has_left(merging.rank_in(row.stamp))
    return Progress.PENDING if waits and not is_past_keeping and not has_left else Progress.SENT


def _time(told: str | None) -> datetime | None:
    return datetime.fromisoformat(told) if told else None
