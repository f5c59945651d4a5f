"""The story of one message, or of a request for one that came to nothing.

What was known, what was decided, what was asked of Telnyx and answered.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from core.errors import NotFound
from ledger import holding, showing, supposing, timeline
from store import attempts, cancellations, decisions, intents, messages
from store.attempts import Attempt
from store.intents import IntentRow
from store.messages import MessageRow


def message(
    connection: sa.Connection,
    message_id: str,
    *,
    cancel_by: Callable[[datetime], datetime],
) -> dict[str, Any]:
    """Return one message as shown; raises NotFound. ``cancel_by`` is that of ``showing.message``."""
    return _shown(connection, _held(connection, message_id), cancel_by=cancel_by)


def _held(connection: sa.Connection, message_id: str) -> MessageRow:
    row = messages.find(connection, message_id)
    if row is None:
        raise NotFound(f"no message {message_id} is known; was it registered, and is this its id at Telnyx?")
    return row


def _shown(connection: sa.Connection, row: MessageRow, *, cancel_by: Callable[[datetime], datetime]) -> dict[str, Any]:
    found = messages.recipients_of(connection, [row.id]).get(row.id, ())
    return showing.message(row, found, cancel_by=cancel_by)


def story(
    connection: sa.Connection,
    asked_for: str,
    *,
    cancel_by: Callable[[datetime], datetime],
    now: datetime,
) -> dict[str, Any]:
    """Return all that is known of a message, or of a request to send, as one timeline too; raises NotFound.

    A request is told of by the message that it led to, or alone where none is known.
    """
    row = intents.find(connection, asked_for)
    if row is None:
        return _of_message(connection, asked_for, cancel_by=cancel_by, now=now)
    if row.message_id is not None and messages.find(connection, row.message_id) is not None:
        return _of_message(connection, row.message_id, cancel_by=cancel_by, now=now)
    return _of_request(connection, row)


def _of_message(
    connection: sa.Connection, message_id: str, *, cancel_by: Callable[[datetime], datetime], now: datetime
) -> dict[str, Any]:
    row = _held(connection, message_id)
    shown = _shown(connection, row, cancel_by=cancel_by)
    made = decisions.of(connection, message_id)
    kept = [showing.decision(each, send_at=row.send_at) for each in made]
    ordered = cancellations.of(connection, message_id)
    requests = [_attempt(each, row.send_at) for each in attempts.of(connection, [message_id]).get(message_id, ())]
    asked = intents.of_message(connection, message_id)
    entries = [
        *timeline.registered(shown),
        *timeline.statuses(messages.transitions_of(connection, message_id)),
        *timeline.words(connection, [each["phone_number"] for each in shown["recipients"]]),
        *(timeline.entry(each["decided_at"], "decision", timeline.decided(each)) for each in kept),
        *(timeline.entry(each["started_at"], "attempt", timeline.attempted(each)) for each in requests),
    ]
    cancellation = None
    if ordered is not None:
        cancellation = {
            "state": ordered.state,
            "outcome": ordered.outcome,
            "policy": ordered.policy,
            "reason": ordered.reason,
            "known_at": showing.instant(ordered.known_at),
            "requested_at": showing.instant(ordered.requested_at),
            "slack_seconds": showing.slack(ordered.requested_at, row.send_at),
            "settled_at": showing.instant(ordered.settled_at),
            "attempts": requests,
        }
        entries += timeline.settled(cancellation)
    entries += timeline.replacing(asked, message_id)
    led_here = next((each for each in asked if each.message_id == message_id), None)
    return {
        "message": shown,
        "held_by": holding.over(connection, row, now=now),
        "request": showing.request(led_here) if led_here else None,
        "decisions": kept,
        "cancellation": cancellation,
        "counterfactuals": supposing.of_message(row, made, ordered),
        "replaces": led_here.replaces if led_here else None,
        "replaced_by": next(
            (each.message_id for each in asked if each.replaces == message_id and each.message_id), None
        ),
        "timeline": timeline.in_order(entries),
    }


def _of_request(connection: sa.Connection, row: IntentRow) -> dict[str, Any]:
    shown = showing.request(row)
    return {
        "message": None,
        "held_by": [],
        "request": shown,
        "decisions": [],
        "cancellation": None,
        "counterfactuals": supposing.of_request(row),
        "replaces": row.replaces,
        "replaced_by": None,
        "timeline": timeline.in_order([*timeline.requested(shown), *timeline.words(connection, row.recipients)]),
    }


def _attempt(attempt: Attempt, send_at: datetime | None) -> dict[str, Any]:
    return {
        "action": attempt.action,
        "started_at": showing.instant(attempt.started_at),
        "finished_at": showing.instant(attempt.finished_at),
        "slack_seconds": showing.slack(attempt.finished_at, send_at),
        "http_status": attempt.http_status,
        "answer": attempt.answer,
        "outcome": attempt.outcome,
    }
