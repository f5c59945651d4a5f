"""Register scheduled messages: the end of every door through which they come in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import sqlalchemy as sa

from core import numbers
from core.deciding import Decision, Rules
from core.errors import RequestInvalid
from core.facts import MessageClass
from core.outcomes import LedgerState
from core.reports import MessageReport
from core.statuses import Status
from ledger import deciding, overtaking, recording, settling
from ledger.deciding import Cause
from ledger.recording import Recipients, Rows
from store import campaigns, consents, holds, messages
from store.messages import MessageRow


@dataclass(frozen=True, slots=True)
class Registration:
    """A scheduled message that is to be watched, and what its sender says of it."""

    report: MessageReport
    campaign_key: str | None = None
    """The sender's own campaign; the message's TCR campaign id serves when it is None."""
    message_class: MessageClass | None = None
    """None is ``marketing`` for a new message, and leaves a known one as it is."""
    tags: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class Registered:
    """A message as registered."""

    message: MessageRow
    is_new: bool
    decision: Decision | None
    """The decision made now; None when the message was no longer pending."""


def register(
    connection: sa.Connection,
    registrations: Sequence[Registration],
    rules: Rules,
    *,
    door: str,
    now: datetime,
    known_at: datetime | None = None,
    holds_messages: bool = False,
) -> list[Registered]:
    """Register messages and decide on each, in one transaction; the answers are in the order of the registrations.

    What they may have overtaken is decided on too. ``known_at`` is when the reason to cancel one reached us, if that
    was before the message did. Whoever ``holds_messages`` already leaves what was overtaken to a review, since all
    that is held has to be taken in one order.
    Raises RequestInvalid when a message cannot be watched; ask ``refusal`` first to sort those out.
    """
    for registration in registrations:
        objection = refusal(registration)
        if objection:
            raise RequestInvalid(objection)
    holds.keep(connection)
    _hold_campaigns(connection, registrations)
    consents.lock_recipients(
        connection, {to.phone_number for registration in registrations for to in registration.report.addressees}
    )
    spoken = overtaking.spoken_of(((each.report, each.tags) for each in registrations), rules)
    beside = {} if holds_messages else overtaking.pending_beside(connection, spoken)
    named = {registration.report.message_id for registration in registrations} | beside.keys()
    is_alone = len(named) == 1 and not holds_messages
    held = recording.expect(*named) if is_alone else recording.hold(connection, named)

    def enter(rows: dict[str, MessageRow], recipients: Recipients) -> dict[str, MessageRow]:
        for registration in registrations:
            row = rows[registration.report.message_id]
            rows[row.id] = _enrolled(row, registration, door=door, now=now)
        _close_cancelled(rows, recipients, now=now)
        return rows

    reports = [registration.report for registration in registrations]
    recorded = recording.record(connection, held, reports, now=now, entering=enter)
    rows, before = dict(recorded.messages), recorded.before
    causes = {
        of: Cause(f"registration:{of}", known_at or now, is_first=before[of].registered_at is None) for of in rows
    }
    overtaken = overtaking.causes(held, beside, spoken, now=now)
    made = deciding.decide_on(
        connection,
        [*rows.values(), *(held[of] for of in overtaken)],
        rules,
        trigger="registration",
        causes=overtaken | causes,
        now=now,
        recipients=recorded.recipients,
    )
    if holds_messages:
        overtaking.order_review(connection, spoken, now=now)
    gone = recorded.left | _seen_leaving(rows, recorded.recipients)
    settling.left(connection, sorted(gone), now=now)
    if gone:
        rows |= messages.lock(connection, gone)
    return [
        Registered(
            message=rows[registration.report.message_id],
            is_new=before[registration.report.message_id].registered_at is None,
            decision=made.get(registration.report.message_id),
        )
        for registration in registrations
    ]


def refusal(registration: Registration) -> str | None:
    """Return why a message cannot be watched, or None."""
    report = registration.report
    if report.direction != "outbound":
        return f"message {report.message_id} is {report.direction}; only outbound messages are scheduled"
    if not report.addressees:
        return f"message {report.message_id} names no recipient in 'to'"
    if not all(numbers.e164(addressee.phone_number) for addressee in report.addressees):
        return (
            f"message {report.message_id} goes to a number that no opt-out could be matched with: it must have its "
            "country code, such as +15551230001, and number redaction must be off for the messaging profile"
        )
    if report.send_at is None:
        return f"message {report.message_id} has no send_at; give it beside 'data' when Telnyx's answer lacks it"
    return None


def _hold_campaigns(connection: sa.Connection, registrations: Sequence[Registration]) -> None:
    """Keep the campaigns of these messages from changing until they are registered."""
    names = {
        name
        for registration in registrations
        for name in (registration.campaign_key, registration.report.tcr_campaign_id)
        if name
    }
    if names:
        campaigns.lock(connection, names, to_change=False)


def _enrolled(row: MessageRow, registration: Registration, *, door: str, now: datetime) -> MessageRow:
    """Return the message with what its sender says of it; what is not said again stays."""
    received_at = registration.report.details.get("received_at")
    return replace(
        row,
        campaign_key=registration.campaign_key or row.campaign_key or row.tcr_campaign_id,
        message_class=registration.message_class or row.message_class or MessageClass.MARKETING,
        tags=list(registration.tags) if registration.tags is not None else row.tags,
        scheduled_at=row.scheduled_at or (datetime.fromisoformat(received_at) if received_at else now),
        registered_at=row.registered_at or now,
        door=row.door or door,
        ledger=row.ledger or LedgerState.PENDING,
        orphaned_at=None,
    )


def _close_cancelled(rows: dict[str, MessageRow], recipients: Recipients, *, now: datetime) -> None:
    """Close those that somebody has cancelled at Telnyx already."""
    for row in list(rows.values()):
        is_pending = row.ledger == LedgerState.PENDING
        if is_pending and all(recipient.status == Status.CANCELLED for recipient in recipients[row.id]):
            rows[row.id] = replace(row, ledger=LedgerState.CANCELLED, closed_at=now)


def _seen_leaving(rows: Rows, recipients: Recipients) -> frozenset[str]:
    """Return those whose events told, before they were registered, that they had left."""
    return frozenset(
        row.id
        for row in rows.values()
        if row.ledger == LedgerState.PENDING
        and any(recording.is_past_cancelling(recipient) for recipient in recipients[row.id])
    )
