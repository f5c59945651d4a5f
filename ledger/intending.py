"""Requests to send, from before they leave until it is known what came of them.

A request is judged and written down before it leaves, so that one whose answer
is lost leaves a trace. What Telnyx answers is told by ``answered``, ``declined``
or ``unknown``, in any order with what events tell; see ``core.intents``.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import sqlalchemy as sa
import structlog

from core.deciding import Act, Decision, Rules, decide
from core.errors import RequestInvalid
from core.facts import MessageClass
from core.intents import IntentState
from core.numbers import masked
from core.reports import MessageReport
from core.statuses import Status
from ledger import deciding, overtaking, recording, registering
from ledger.gathering import facts
from ledger.recording import Recipients
from ledger.registering import Registered, Registration
from store import consents, intents
from store.intents import IntentRow
from store.messages import MessageRow

log = structlog.get_logger()

#: A request that is answered at all is answered by then; after that it is in doubt.
IN_FLIGHT = timedelta(seconds=30)
#: What is kept of why a request came to nothing.
_LONGEST_REASON = 500


@dataclass(frozen=True, slots=True)
class Wish:
    """A message that somebody wants to have sent."""

    path: str
    """What is asked of Telnyx, without its version: ``messages/schedule``."""
    recipients: tuple[str, ...]
    from_number: str | None
    messaging_profile_id: str | None
    campaign_key: str | None = None
    message_class: MessageClass | None = None
    tags: tuple[str, ...] | None = None
    send_at: datetime | None = None
    """None is at once."""
    text_digest: str | None = None
    """By which the message is known again, should its id be lost; see ``core.intents``."""
    fingerprint: str | None = None
    """By which messages that say the same are known; see ``core.fingerprints``."""
    body_digest: str | None = None
    """By which a repetition of the request is known; see ``ledger.repeating``."""
    replaces: str | None = None
    """The cancelled message in whose place it is to be sent."""


def judge(connection: sa.Connection, wish: Wish, rules: Rules, *, now: datetime) -> list[Decision]:
    """Return what the policies say of a message that does not exist yet; see ``core.deciding.decide``.

    ``cancel`` refuses it. What is only held may go as long as it will be looked at once more; one that goes out at
    once will not.
    """
    row = _imagined(wish, now)
    gathered = facts.gather_of(connection, [row], {row.id: wish.recipients}, rules.needs, now=now)
    return decide(gathered[row.id], rules)


def begin(connection: sa.Connection, wish: Wish, *, door: str, decision: Decision, now: datetime) -> IntentRow:
    """Write a request down, refused when that is the decision, and return it.

    The transaction must be committed before the request leaves. Raises RequestInvalid when the message that it
    replaces is being replaced already.
    """
    is_refused = decision.verdict is Act.CANCEL
    row = IntentRow(
        id=str(uuid.uuid4()),
        door=door,
        path=wish.path,
        created_at=now,
        phone_number=wish.recipients[0] if wish.recipients else None,
        recipients=list(wish.recipients),
        from_number=wish.from_number,
        messaging_profile_id=wish.messaging_profile_id,
        campaign_key=wish.campaign_key,
        message_class=wish.message_class,
        tags=list(wish.tags) if wish.tags is not None else None,
        send_at=wish.send_at,
        text_digest=wish.text_digest,
        replaces=wish.replaces,
        state=IntentState.REFUSED if is_refused else IntentState.OPEN,
        policy=decision.policy,
        reason=decision.reason if is_refused else None,
        verdicts=deciding.told(decision),
        http_status=None,
        message_id=None,
        settled_at=now if is_refused else None,
        fingerprint=wish.fingerprint,
        body_digest=wish.body_digest,
    )
    if not intents.add(connection, row):
        raise RequestInvalid(f"message {wish.replaces} is being replaced already")
    return row


def answered(
    connection: sa.Connection,
    row: IntentRow,
    report: MessageReport,
    rules: Rules,
    *,
    http_status: int,
    now: datetime,
) -> Registered | None:
    """Take in the message that Telnyx named: register it when it is scheduled, and merge it otherwise.

    ``row`` is the request as it was begun; what became of it meanwhile is looked at here.
    None when nothing was registered: it goes out at once, or cannot be watched; see ``registering.refusal``.
    """
    registration = registration_of(row, report)
    registered: Registered | None = None
    if is_scheduled(report) and registering.refusal(registration) is None:
        (registered,) = registering.register(connection, [registration], rules, door=row.door, now=now)
    else:
        merge(connection, registration, rules, door=row.door, now=now)
    intents.settle(
        connection, row.id, IntentState.ANSWERED, now=now, message_id=report.message_id, http_status=http_status
    )
    return registered


def declined(connection: sa.Connection, row: IntentRow, *, http_status: int | None, reason: str, now: datetime) -> None:
    """Keep that no message was made: Telnyx said so, or could not be reached."""
    intents.settle(
        connection, row.id, IntentState.DECLINED, now=now, http_status=http_status, reason=reason[:_LONGEST_REASON]
    )


def unknown(
    connection: sa.Connection,
    row: IntentRow,
    rules: Rules,
    *,
    http_status: int | None,
    reason: str,
    now: datetime,
) -> None:
    """Keep that nobody knows whether a message was made, and alarm if by now it should not be sent."""
    # Whoever opts out at this moment is heard before, or finds the request in doubt afterwards.
    consents.lock_recipients(connection, row.recipients)
    is_told = intents.settle(
        connection, row.id, IntentState.UNKNOWN, now=now, http_status=http_status, reason=reason[:_LONGEST_REASON]
    )
    if is_told:
        raise_alarm(connection, [row], rules, now=now)


def raise_alarm(connection: sa.Connection, rows: Sequence[IntentRow], rules: Rules, *, now: datetime) -> None:
    """Tell of requests in doubt whose messages, if there are any, should be cancelled, and that nobody can name."""
    unwelcome = [
        row
        for row in rows
        if row.send_at is not None
        and row.send_at > now
        and judge(connection, wish_of(row), rules, now=now)[0].verdict is Act.CANCEL
    ]
    if unwelcome:
        log.error(
            "unknown_id_cannot_be_cancelled",
            to=sorted({masked(row.phone_number or "") for row in unwelcome}),
            intents=[row.id for row in unwelcome],
            remedy="the answers of these requests were lost: find the messages' ids and GET them through this server,"
            " or rely on Telnyx's own block rule",
        )


def is_scheduled(report: MessageReport) -> bool:
    """Return True when an answer says that the message waits for its time."""
    return report.send_at is not None or any(each.status == Status.SCHEDULED for each in report.addressees)


def registration_of(row: IntentRow, report: MessageReport) -> Registration:
    """Return a message as its sender has described it in the request; its time serves where the report has none."""
    wish = wish_of(row)
    return Registration(
        report if report.send_at is not None else replace(report, send_at=wish.send_at),
        campaign_key=wish.campaign_key,
        message_class=wish.message_class,
        tags=wish.tags,
    )


def wish_of(row: IntentRow) -> Wish:
    """Return what was wanted."""
    return Wish(
        path=row.path,
        recipients=tuple(row.recipients),
        from_number=row.from_number,
        messaging_profile_id=row.messaging_profile_id,
        campaign_key=row.campaign_key,
        message_class=MessageClass(row.message_class) if row.message_class else None,
        tags=tuple(row.tags) if row.tags is not None else None,
        send_at=row.send_at,
        text_digest=row.text_digest,
        fingerprint=row.fingerprint,
        body_digest=row.body_digest,
        replaces=row.replaces,
    )


def merge(
    connection: sa.Connection, registration: Registration, rules: Rules, *, door: str, now: datetime
) -> MessageRow:
    """Merge a message that is not watched, and keep all the same what its sender said, and by which door it came."""
    report = registration.report

    def enter(rows: dict[str, MessageRow], _: Recipients) -> dict[str, MessageRow]:
        return {
            row.id: replace(
                row,
                door=row.door or door,
                campaign_key=registration.campaign_key or row.campaign_key,
                message_class=registration.message_class or row.message_class,
                tags=list(registration.tags) if registration.tags is not None else row.tags,
            )
            for row in rows.values()
        }

    held = recording.expect(report.message_id)
    merged = recording.record(connection, held, [report], now=now, entering=enter).messages[report.message_id]
    spoken = overtaking.spoken_of([(report, registration.tags)], rules)
    overtaking.order_review(connection, spoken, now=now)
    return merged


def _imagined(wish: Wish, now: datetime) -> MessageRow:
    """Return the row that the message would have."""
    return replace(
        MessageRow.unheld(""),
        from_number=wish.from_number,
        messaging_profile_id=wish.messaging_profile_id,
        campaign_key=wish.campaign_key,
        message_class=wish.message_class,
        tags=list(wish.tags) if wish.tags is not None else None,
        send_at=wish.send_at or now,
        scheduled_at=now,
        fingerprint=wish.fingerprint,
    )
