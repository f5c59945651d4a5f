"""Schedule anew what was cancelled: which messages can go out again, and what is asked of Telnyx for each.

Telnyx cannot bring a message back, so each becomes another one, with the old
text, sender and profile. One is replaced once at most: the request is written
down before it leaves, and one whose answer was lost stands in the way of the next.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

import sqlalchemy as sa

from core import merging
from core.deciding import Act, Decision, Rules, decide
from core.facts import MessageClass
from core.intents import IntentState, text_digest
from core.outcomes import LedgerState
from core.policies import hold, opt_out
from core.scopes import Scope
from ledger import holding, intending
from ledger.gathering import facts
from ledger.intending import IN_FLIGHT, Wish
from ledger.showing import instant
from store import gated, intents, messages
from store.intents import IntentRow
from store.messages import MessageRow

DOOR = "reschedule"
#: Telnyx's own limits.
#: Source: https://developers.telnyx.com/docs/messaging/messages/schedule-message
SOONEST, LATEST = timedelta(minutes=5), timedelta(days=5)
_PATH = "messages"
_KINDS = {None, "SMS", "MMS"}


class WhyNot(StrEnum):
    """Why a message cannot be scheduled anew."""

    UNKNOWN_MESSAGE = "unknown_message"
    NOT_CANCELLED = "not_cancelled"
    DONE = "done"
    """It was replaced before."""
    UNDER_WAY = "under_way"
    IN_DOUBT = "in_doubt"
    """The answer to a request that was to replace it was lost."""
    SEVERAL_RECIPIENTS = "several_recipients"
    KIND = "kind"
    """It is neither SMS nor MMS."""
    TEXT_UNKNOWN = "text_unknown"
    TOO_LATE = "too_late"
    HELD = "held"
    """A gate stands."""
    POLICY = "policy"


@dataclass(frozen=True, slots=True)
class Terms:
    """How messages are to be scheduled anew."""

    at: datetime | None = None
    """None keeps the time that each had."""
    again: bool = False
    """Send what is in doubt once more, although it may have been accepted."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What can be done about one cancelled message."""

    message_id: str
    to: str | None
    send_at: datetime | None
    why_not: WhyNot | None = None
    told: str = ""
    """The same for people."""


@dataclass(frozen=True, slots=True)
class Begun:
    """A request that is written down and may leave."""

    intent: IntentRow
    request: dict[str, Any]
    """The body for Telnyx."""


@dataclass(frozen=True, slots=True)
class _Draft:
    plan: Plan
    wish: Wish
    request: dict[str, Any]
    decision: Decision
    doubt: IntentRow | None


def of_hold(connection: sa.Connection, hold_id: str) -> list[str]:
    """Return the messages that a hold or a panic had cancelled, the earliest first. Raises NotFound."""
    row = holding.find(connection, hold_id)
    return [message_id for _, message_id in gated.cancelled(connection, row.hold.cause)]


def of_campaign(connection: sa.Connection, key: str) -> list[str]:
    """Return the messages of a campaign that were cancelled for another reason than a recipient's refusal."""
    reach = holding.reach_of(connection, Scope.CAMPAIGN, key)
    return [message_id for _, message_id in gated.cancelled_in(connection, reach, sparing=opt_out.NAME)]


def look(
    connection: sa.Connection, message_ids: Collection[str], rules: Rules, terms: Terms, *, now: datetime
) -> list[Plan]:
    """Return what can be done about each of these messages, in their order."""
    drafts = _drafts(connection, messages.find_all(connection, message_ids), rules, terms, now=now)
    plans: list[Plan] = []
    for message_id in message_ids:
        draft = drafts.get(message_id)
        if draft is None:
            plans.append(Plan(message_id, None, None, WhyNot.UNKNOWN_MESSAGE, "no such message is known"))
        else:
            plans.append(draft.plan if isinstance(draft, _Draft) else draft)
    return plans


def begin(connection: sa.Connection, message_id: str, rules: Rules, terms: Terms, *, now: datetime) -> Begun | Plan:
    """Write down the request that is to replace a message; the plan alone when it cannot be replaced any more.

    The transaction must be committed before the request leaves.
    """
    held = messages.lock(connection, [message_id])
    draft = _drafts(connection, held, rules, terms, now=now)[message_id]
    if isinstance(draft, Plan):
        return draft
    if draft.doubt is not None:
        told = f"in place of {message_id}, which was then scheduled once more because this was in doubt"
        intents.stand_aside(connection, draft.doubt.id, reason=told)
    intent = intending.begin(connection, draft.wish, door=DOOR, decision=draft.decision, now=now)
    return Begun(intent, draft.request)


def _drafts(
    connection: sa.Connection, held: dict[str, MessageRow], rules: Rules, terms: Terms, *, now: datetime
) -> dict[str, _Draft | Plan]:
    recipients = messages.recipients_of(connection, held)
    to = {of: tuple(each.phone_number for each in recipients.get(of, ())) for of in held}
    replacing = intents.replacing(connection, held)
    imagined = [
        replace(row, send_at=terms.at or row.send_at, scheduled_at=now, registered_at=None, ledger=None)
        for row in held.values()
        if row.send_at is not None and row.ledger == LedgerState.CANCELLED
    ]
    gathered = facts.gather_of(connection, imagined, to, rules.needs, now=now)
    made: dict[str, _Draft | Plan] = {}
    for message_id, row in held.items():
        plan = Plan(message_id, to[message_id][0] if to[message_id] else None, terms.at or row.send_at)
        request = _request(row, plan)
        decision = decide(gathered[message_id], rules)[0] if message_id in gathered else None
        objection = (
            _not_cancelled(row)
            or _replaced(replacing.get(message_id), terms, now)
            or _unwritable(row, to[message_id], request)
            or _untimely(plan, now)
            or _objected(decision)
        )
        if objection or request is None or decision is None:
            why_not, told = objection or (WhyNot.NOT_CANCELLED, "it was not scheduled")
            made[message_id] = replace(plan, why_not=why_not, told=told)
        else:
            wish = _wish(row, plan, to[message_id], request)
            made[message_id] = _Draft(plan, wish, request, decision, replacing.get(message_id))
    return made


_Objection = tuple[WhyNot, str] | None


def _not_cancelled(row: MessageRow) -> _Objection:
    match row.ledger:
        case LedgerState.CANCELLED:
            return None
        case LedgerState.PENDING:
            return WhyNot.NOT_CANCELLED, "it is still scheduled, as far as Telnyx has confirmed"
        case None:
            return WhyNot.NOT_CANCELLED, "it was never registered"
        case _:
            return WhyNot.NOT_CANCELLED, f"it was not cancelled but ended as {row.ledger}"


def _replaced(intent: IntentRow | None, terms: Terms, now: datetime) -> _Objection:
    if intent is None:
        return None
    if intent.state in {IntentState.ANSWERED, IntentState.FOUND}:
        return WhyNot.DONE, f"it was replaced by {intent.message_id}"
    if now - intent.created_at < IN_FLIGHT:
        return WhyNot.UNDER_WAY, "somebody is scheduling it anew at this moment"
    if terms.again:
        return None
    asked_at = instant(intent.created_at)
    return WhyNot.IN_DOUBT, f"Telnyx may have accepted it again at {asked_at}: the answer was lost; --again risks it"


def _unwritable(row: MessageRow, to: tuple[str, ...], request: dict[str, Any] | None) -> _Objection:
    if len(to) != 1:
        return WhyNot.SEVERAL_RECIPIENTS, f"it has {len(to)} recipients, and Telnyx schedules for one"
    kind = merging.values(row.fields).get("type")
    if kind not in _KINDS:
        return WhyNot.KIND, f"it is of type {kind}; only SMS and MMS can be written anew"
    if request is None:
        return WhyNot.TEXT_UNKNOWN, "its text or its sender is not known here"
    return None


def _untimely(plan: Plan, now: datetime) -> _Objection:
    if plan.send_at is None or plan.send_at - now < SOONEST:
        return WhyNot.TOO_LATE, "Telnyx takes nothing that is due within five minutes; --at sets another time"
    if plan.send_at - now > LATEST:
        return WhyNot.TOO_LATE, "Telnyx takes nothing that is due in more than five days"
    return None


def _objected(decision: Decision | None) -> _Objection:
    if decision is None or decision.verdict is Act.ALLOW:
        return None
    if decision.policy == hold.NAME:
        return WhyNot.HELD, decision.reason
    return WhyNot.POLICY, decision.reason


def _request(row: MessageRow, plan: Plan) -> dict[str, Any] | None:
    """Return the body by which Telnyx makes the same message; None when not enough is known of it."""
    told = merging.values(row.fields)
    media = [each.get("url") for each in told.get("media") or ()]
    if not (told.get("text") or media) or not all(media) or not (row.from_number or row.messaging_profile_id):
        return None
    body = {
        "from": row.from_number,
        "messaging_profile_id": row.messaging_profile_id,
        "to": plan.to,
        "text": told.get("text"),
        "media_urls": media,
        "subject": told.get("subject"),
        "type": told.get("type"),
        "webhook_url": told.get("webhook_url"),
        "webhook_failover_url": told.get("webhook_failover_url"),
        "send_at": instant(plan.send_at),
    }
    return {name: value for name, value in body.items() if value}


def _wish(row: MessageRow, plan: Plan, to: tuple[str, ...], request: dict[str, Any]) -> Wish:
    return Wish(
        path=_PATH,
        recipients=to,
        from_number=row.from_number,
        messaging_profile_id=row.messaging_profile_id,
        campaign_key=row.campaign_key,
        message_class=MessageClass(row.message_class) if row.message_class else None,
        tags=tuple(row.tags) if row.tags is not None else None,
        send_at=plan.send_at,
        text_digest=text_digest(request.get("text")),
        fingerprint=row.fingerprint,
        replaces=plan.message_id,
    )
