"""Absorb events: one transaction merges a batch into messages, consent and campaigns, and decides what follows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from core import consent, numbers
from core.consent import Consent
from core.deciding import Rule
from core.reports import CampaignReport, InboundReport, MessageReport, Report
from ledger import campaigning, deciding, recording, settling
from store import consents, messages
from store.consents import NewConsent


@dataclass(frozen=True, slots=True)
class Heard:
    """One event's meaning, and when it first reached us."""

    report: Report
    received_at: datetime


def absorb(connection: sa.Connection, batch: Sequence[Heard], rules: Sequence[Rule], *, now: datetime) -> None:
    """Merge a batch of events; the rows come out the same for any order and any repetition of the events."""
    reports = [heard.report for heard in batch]
    campaigning.hear(connection, [report for report in reports if isinstance(report, CampaignReport)], now=now)

    words = [word for heard in batch if (word := _word(heard, now=now))]
    consents.lock_recipients(connection, {new.word.phone_number for new in words})
    fresh = consents.add(connection, words)
    spoken = {new.word.phone_number: new.word.event_id for new in words if new.word.event_id in fresh}
    concerned = messages.pending_to(connection, spoken)

    told = [report.message if isinstance(report, InboundReport) else report for report in reports]
    of_messages = [report for report in told if isinstance(report, MessageReport)]
    held = recording.hold(connection, {report.message_id for report in of_messages} | concerned.keys())
    recorded = recording.record(connection, held, of_messages, now=now)
    watched = {row.id for row in recorded.messages.values() if row.ledger is not None}
    settling.left(connection, sorted(recorded.left & watched), now=now)
    deciding.decide_on(
        connection,
        [{**held, **recorded.messages}[message_id] for message_id in concerned if message_id not in recorded.left],
        rules,
        trigger="consent",
        causes={message_id: spoken[number] for message_id, number in concerned.items()},
        now=now,
    )


def _word(heard: Heard, *, now: datetime) -> NewConsent | None:
    """Return what an inbound text says about consent, if anything."""
    report = heard.report
    if not isinstance(report, InboundReport):
        return None
    message = report.message
    kind = consent.reading(report.text, report.autoresponse_type)
    if kind is None or message.from_number is None or not numbers.is_sender(message.from_number):
        return None
    word = Consent(
        phone_number=message.from_number,
        kind=kind,
        effective_at=consent.effective_at(message.occurred_at, heard.received_at),
        messaging_profile_id=message.messaging_profile_id,
        event_id=message.source_id,
        source="webhook",
        evidence=(report.text or report.autoresponse_type or "").strip(),
    )
    return NewConsent(word, occurred_at=message.occurred_at, recorded_at=now)
