"""Find the messages of requests whose answers were lost, by what is told of them later: by reports, or by somebody.

Telnyx gives a message no mark of its sender's, so it is known again by its
recipient, its sender, its text and the time at which Telnyx received it. Which
of two requests that are alike in all that led to which of two messages is all
one: both say the same. To meet a request whose answer is still on its way does
no harm either, since the answer outranks what was found; see ``core.intents``.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import sqlalchemy as sa
import structlog

from core.deciding import Rules
from core.intents import IntentState, text_digest
from core.reports import MessageReport
from ledger import intending, recording, registering
from ledger.registering import Registered, Registration
from store import consents, intents, known
from store.intents import IntentRow
from store.messages import MessageRow

log = structlog.get_logger()

#: How far Telnyx's clock and ours may differ, and how long a request may travel.
_NEAR = timedelta(minutes=2)
#: A time of sending is kept to about a minute, and comes back as it was given.
_SAME_TIME = timedelta(minutes=1)
#: A queue holds what is sent in four hours, and what is reported at last was sent before.
_LATEST = timedelta(hours=5)


@dataclass(frozen=True, slots=True)
class Awaited:
    """Requests in doubt that reports may tell of, and what is to be held under lock before the reports' messages."""

    intents: frozenset[str] = frozenset()
    campaigns: frozenset[str] = frozenset()
    recipients: frozenset[str] = frozenset()


def awaited(connection: sa.Connection, reports: Sequence[MessageReport]) -> Awaited:
    """Return which requests in doubt these reports may tell of."""
    told = {addressee.phone_number for report in _of_ours(reports) for addressee in report.addressees}
    doubts = intents.in_doubt_to(connection, told) if told else []
    pairs = [(row, report) for row in doubts for report in _of_ours(reports) if _fits(row, report)]
    return Awaited(
        intents=frozenset(row.id for row, _ in pairs),
        campaigns=frozenset(
            name for row, report in pairs for name in (row.campaign_key, report.tcr_campaign_id) if name
        ),
        recipients=frozenset(each.phone_number for _, report in pairs for each in report.addressees),
    )


def meet(
    connection: sa.Connection,
    rows: Mapping[str, MessageRow],
    reports: Sequence[MessageReport],
    rules: Rules,
    *,
    expected: Awaited,
    now: datetime,
) -> dict[str, MessageRow]:
    """Take in the messages in these reports that are those of requests in doubt; return them as they then stand.

    What is ``expected`` of them, and the messages, must be held under lock, and the reports be merged. A message that
    was scheduled is registered, and closed at once when it has left.
    """
    strangers = [report for report in _of_ours(reports) if rows[report.message_id].registered_at is None]
    told = {addressee.phone_number for report in strangers for addressee in report.addressees} & expected.recipients
    doubts = [row for row in intents.in_doubt_to(connection, told, locked=True) if row.id in expected.intents]
    if not doubts:
        return {}
    met: dict[str, MessageRow] = {}
    for row, report in _pairs(connection, doubts, strangers):
        _settle(connection, row, report.message_id, now)
        met[report.message_id] = _taken_in(connection, row, report, rules, now)
    return met


def register_named(
    connection: sa.Connection, registrations: Sequence[Registration], rules: Rules, *, door: str, now: datetime
) -> list[Registered]:
    """Register messages that somebody names by their ids, and close the requests in doubt that have led to them.

    What is not said of such a message, the request says. See ``registering.register``.
    """
    requests = _requests_of(connection, [each.report for each in registrations])
    described = [_described(each, requests.get(each.report.message_id)) for each in registrations]
    made = registering.register(connection, described, rules, door=door, now=now)
    for each in made:
        row = requests.get(each.message.id)
        # What came of it may have been told meanwhile, which then stands.
        if row is not None and each.is_new:
            _settle(connection, row, each.message.id, now)
    return made


def raise_alarm(connection: sa.Connection, opted_out: Collection[str], rules: Rules, *, now: datetime) -> None:
    """Tell of those who opted out although a message may be scheduled for them that nobody can name.

    A request whose answer may still come is left to ``intending.unknown``.
    """
    doubtful = [
        row
        for row in intents.in_doubt_to(connection, opted_out)
        if row.state == IntentState.UNKNOWN or row.created_at <= now - intending.IN_FLIGHT
    ]
    intending.raise_alarm(connection, doubtful, rules, now=now)


def _requests_of(connection: sa.Connection, reports: Sequence[MessageReport]) -> dict[str, IntentRow]:
    """Return, by message, the requests in doubt that have led to those of these that nobody has registered yet."""
    doubts = intents.in_doubt_to(connection, {to.phone_number for report in reports for to in report.addressees})
    if not doubts:
        return {}
    registered = known.registered(connection, {report.message_id for report in reports})
    strangers = [report for report in _of_ours(reports) if report.message_id not in registered]
    return {report.message_id: row for row, report in _pairs(connection, doubts, strangers)}


def _pairs(
    connection: sa.Connection, doubts: Sequence[IntentRow], reports: Sequence[MessageReport]
) -> list[tuple[IntentRow, MessageReport]]:
    """Return which of these requests led to which of these messages; each did to one, and is the nearest that fits."""
    left = list(doubts)
    taken = intents.known_messages(connection, {report.message_id for report in reports})
    found: list[tuple[IntentRow, MessageReport]] = []
    for report in sorted(reports, key=lambda report: (report.occurred_at, report.source_id)):
        fitting = [row for row in left if _fits(row, report)]
        if report.message_id in taken or not fitting:
            continue
        row = min(fitting, key=lambda row: (row.state == IntentState.OPEN, _distance(row, report), row.id))
        taken.add(report.message_id)
        left.remove(row)
        found.append((row, report))
    return found


def _settle(connection: sa.Connection, row: IntentRow, message_id: str, now: datetime) -> None:
    if intents.settle(connection, row.id, IntentState.FOUND, now=now, message_id=message_id):
        log.warning("lost_message_found", intent=row.id, message_id=message_id)


def _described(registration: Registration, row: IntentRow | None) -> Registration:
    if row is None:
        return registration
    wish = intending.wish_of(row)
    return replace(
        registration,
        campaign_key=registration.campaign_key or wish.campaign_key,
        message_class=registration.message_class or wish.message_class,
        tags=registration.tags if registration.tags is not None else wish.tags,
    )


def _of_ours(reports: Sequence[MessageReport]) -> list[MessageReport]:
    return [report for report in reports if report.direction == "outbound"]


def _fits(row: IntentRow, report: MessageReport) -> bool:
    if row.phone_number not in {addressee.phone_number for addressee in report.addressees}:
        return False
    if row.from_number and report.from_number and row.from_number != report.from_number:
        return False
    profiles = {row.messaging_profile_id, report.messaging_profile_id} - {None}
    if len(profiles) > 1:
        return False
    text = report.details.get("text")
    # Telnyx may have replaced characters that would make the message longer.
    is_as_written = text is not None and not report.details.get("smart_encoding_applied")
    if is_as_written and text_digest(text) != row.text_digest:
        return False
    if report.send_at is not None and (row.send_at is None or abs(report.send_at - row.send_at) > _SAME_TIME):
        return False
    if row.send_at is not None and recording.has_left(report) and _left_at(report) < row.send_at - _NEAR:
        # One that says the same and went out at once.
        return False
    received_at = _received_at(report)
    if received_at is not None:
        return abs(received_at - row.created_at) <= _NEAR
    earliest = row.send_at or row.created_at
    return earliest - _NEAR <= report.occurred_at <= earliest + _LATEST


def _distance(row: IntentRow, report: MessageReport) -> timedelta:
    return abs((_received_at(report) or report.occurred_at) - row.created_at)


def _received_at(report: MessageReport) -> datetime | None:
    return _told(report, "received_at")


def _left_at(report: MessageReport) -> datetime:
    """Return when a message left, or else when it was reported to have."""
    return _told(report, "sent_at") or report.occurred_at


def _told(report: MessageReport, name: str) -> datetime | None:
    told = report.details.get(name)
    return datetime.fromisoformat(told) if told else None


def _taken_in(
    connection: sa.Connection, row: IntentRow, report: MessageReport, rules: Rules, now: datetime
) -> MessageRow:
    registration = intending.registration_of(row, report)
    if registering.refusal(registration):
        return intending.merge(connection, registration, rules, door=row.door, now=now)
    (registered,) = registering.register(
        connection,
        [registration],
        rules,
        door=row.door,
        now=now,
        known_at=_known_at(connection, row, rules, now),
        holds_messages=True,
    )
    return registered.message


def _known_at(connection: sa.Connection, row: IntentRow, rules: Rules, now: datetime) -> datetime:
    """Return when we came to know why the message should not be sent, long before we know which it is."""
    decision = intending.judge(connection, intending.wish_of(row), rules, now=now)[0]
    words = (word for number in row.recipients for word in consents.history(connection, number))
    return next((word.received_at for word in words if word.word.event_id == decision.event_id), now)
