"""Take in what Telnyx told somebody who asked on his own: how a message stands, and that one was cancelled."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa

from core.deciding import Rules
from core.reports import MessageReport
from core.statuses import Status
from ledger import leaving, meeting, recording, registering, settling
from ledger.registering import Registration
from store import campaigns, consents, holds, messages


def seen(connection: sa.Connection, report: MessageReport, rules: Rules, *, door: str, now: datetime) -> bool:
    """Merge what Telnyx shows of a message; a scheduled one that nobody has registered is registered.

    What was known already leaves nothing: an application may look as often as it likes. Return whether a message
    was registered, so that there may be more to do.
    """
    if _is_known(connection, report):
        return False
    holds.keep(connection)
    registration = Registration(report)
    may_register = _is_scheduled(report) and registering.refusal(registration) is None
    expected = meeting.awaited(connection, [report])
    names = expected.campaigns | ({report.tcr_campaign_id} if may_register and report.tcr_campaign_id else set())
    if names:
        campaigns.lock(connection, names, to_change=False)
    consents.lock_recipients(connection, {addressee.phone_number for addressee in report.addressees})
    held = recording.hold(connection, {report.message_id})
    recorded = recording.record(connection, held, [report], now=now)
    row = recorded.messages[report.message_id]
    if row.registered_at is None:
        if meeting.meet(connection, recorded.messages, [report], rules, expected=expected, now=now):
            return True
        if may_register:
            registering.register(connection, [registration], rules, door=door, now=now, holds_messages=True)
            return True
        return False
    if _is_cancelled(report):
        settling.cancelled_elsewhere(connection, [row.id], now=now)
    elif recorded.left:
        leaving.left(connection, [row], rules, now=now)
    return False


def cancelled(connection: sa.Connection, report: MessageReport, *, now: datetime) -> bool:
    """Take in that Telnyx confirmed to somebody else that a message is cancelled; that calls for nothing more."""
    held = recording.hold(connection, {report.message_id})
    recording.record(connection, held, [report], now=now)
    if _is_cancelled(report):
        settling.cancelled_elsewhere(connection, [report.message_id], now=now)
    return False


def _is_known(connection: sa.Connection, report: MessageReport) -> bool:
    row = messages.find(connection, report.message_id)
    if row is None or (row.registered_at is None and _is_scheduled(report)):
        return False
    held = messages.recipients_of(connection, [report.message_id]).get(report.message_id, [])
    known = {recipient.phone_number: recipient.status for recipient in held}
    return all(known.get(addressee.phone_number) == addressee.status for addressee in report.addressees)


def _is_scheduled(report: MessageReport) -> bool:
    return report.send_at is not None and _statuses(report) == {Status.SCHEDULED}


def _is_cancelled(report: MessageReport) -> bool:
    return _statuses(report) == {Status.CANCELLED}


def _statuses(report: MessageReport) -> set[str]:
    return {addressee.status for addressee in report.addressees}
