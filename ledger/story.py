"""The story of one message: what was known, what was decided, what was asked of Telnyx and answered."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa

from core import merging
from core.errors import NotFound
from ledger import showing
from store import cancellations, consents, decisions, intents, messages
from store.attempts import Attempt
from store.intents import IntentRow
from store.messages import Transition


def message(
    connection: sa.Connection,
    message_id: str,
    *,
    cancel_by: Callable[[datetime], datetime],
) -> dict[str, Any]:
    """Return one message as shown; raises NotFound. ``cancel_by`` is that of ``showing.message``."""
    row = messages.find(connection, message_id)
    if row is None:
        raise NotFound(f"no message {message_id} is known; was it registered, and is this its id at Telnyx?")
    found = messages.recipients_of(connection, [message_id]).get(message_id, ())
    return showing.message(row, found, cancel_by=cancel_by)


def story(
    connection: sa.Connection,
    message_id: str,
    *,
    cancel_by: Callable[[datetime], datetime],
) -> dict[str, Any]:
    """Return a message with its decisions, its cancellation, and all of it as one timeline; raises NotFound."""
    shown = message(connection, message_id, cancel_by=cancel_by)
    kept = [showing.decision(row) for row in decisions.of(connection, message_id)]
    ordered = cancellations.of(connection, message_id)
    attempts = [_attempt(each) for each in cancellations.attempts_of(connection, message_id)]
    history = messages.transitions_of(connection, message_id)
    timeline = [
        *_registered(shown),
        *_statuses(history),
        *_words(connection, [each["phone_number"] for each in shown["recipients"]]),
        *(_entry(each["decided_at"], "decision", _decided(each)) for each in kept),
        *(_entry(each["started_at"], "attempt", _attempted(each)) for each in attempts),
    ]
    cancellation = None
    if ordered is not None:
        cancellation = {
            "state": ordered.state,
            "outcome": ordered.outcome,
            "policy": ordered.policy,
            "reason": ordered.reason,
            "requested_at": showing.instant(ordered.requested_at),
            "settled_at": showing.instant(ordered.settled_at),
            "attempts": attempts,
        }
        timeline += _settled(cancellation)
    asked = intents.of_message(connection, message_id)
    timeline += _replacing(asked, message_id)
    return {
        "message": shown,
        "decisions": kept,
        "cancellation": cancellation,
        "replaces": next((each.replaces for each in asked if each.message_id == message_id), None),
        "replaced_by": next(
            (each.message_id for each in asked if each.replaces == message_id and each.message_id), None
        ),
        "timeline": sorted(timeline, key=lambda entry: _when(entry["at"])),
    }


def _entry(at: str, kind: str, text: str, **more: object) -> dict[str, Any]:
    return {"at": at, "kind": kind, "text": text, **more}


def _when(at: str) -> datetime:
    return datetime.fromisoformat(at).astimezone(UTC)


def _registered(shown: dict[str, Any]) -> list[dict[str, Any]]:
    if shown["registered_at"] is None:
        return []
    told = f"registered through {shown['door']}, to be sent at {shown['send_at']}"
    entries = [_entry(shown["registered_at"], "registration", told)]
    if shown["closed_at"]:
        cause = f" ({shown['breach_cause']})" if shown["breach_cause"] else ""
        entries.append(_entry(shown["closed_at"], "ledger", f"{shown['ledger']}{cause}"))
    return entries


def _statuses(history: list[Transition]) -> list[dict[str, Any]]:
    """Show every status that was told; one that came after a higher one is marked as late."""
    late: set[Transition] = set()
    highest: dict[str, str] = {}
    for each in sorted(history, key=lambda each: (each.recorded_at, each.stamp)):
        if each.stamp < highest.get(each.phone_number, ""):
            late.add(each)
        else:
            highest[each.phone_number] = each.stamp
    return [
        _entry(
            showing.instant(each.occurred_at) or "",
            "status",
            f"{each.phone_number} {each.status} ({each.source})" + (", late: changes nothing" if each in late else ""),
            status=each.status,
            rank=merging.rank_in(each.stamp),
            source_id=each.source_id,
            late=each in late,
        )
        for each in history
    ]


def _words(connection: sa.Connection, phone_numbers: list[str]) -> list[dict[str, Any]]:
    return [
        _entry(
            showing.instant(row.word.effective_at) or "",
            "consent",
            f"{number} {row.word.kind} by {row.word.source}" + (f": {row.word.evidence}" if row.word.evidence else ""),
            source_id=row.word.event_id,
        )
        for number in phone_numbers
        for row in consents.history(connection, number)
    ]


def _replacing(asked: list[IntentRow], message_id: str) -> list[dict[str, Any]]:
    """Show what was scheduled in the message's place, or tried, and in whose place it stands itself."""
    entries = []
    for each in asked:
        if each.replaces == message_id:
            ended = f"replaced by {each.message_id}" if each.message_id else f"to be replaced: {each.state}"
            told = ended + (f" ({each.reason})" if each.reason else "")
        elif each.replaces is not None:
            told = f"replaces {each.replaces}"
        else:
            continue
        entries.append(_entry(showing.instant(each.created_at) or "", "reschedule", told))
    return entries


def _decided(decision: dict[str, Any]) -> str:
    shadow = " (shadow: nothing is done)" if decision["mode"] == "shadow" else ""
    return f"{decision['verdict']}{shadow}: {decision['reason']}"


def _attempt(attempt: Attempt) -> dict[str, Any]:
    return {
        "action": attempt.action,
        "started_at": showing.instant(attempt.started_at),
        "finished_at": showing.instant(attempt.finished_at),
        "http_status": attempt.http_status,
        "answer": attempt.answer,
        "outcome": attempt.outcome,
    }


def _attempted(attempt: dict[str, Any]) -> str:
    answered = attempt["http_status"] or attempt["outcome"] or "no answer yet"
    return f"{attempt['action']} at Telnyx: {answered}"


def _settled(cancellation: dict[str, Any]) -> list[dict[str, Any]]:
    asked = _entry(cancellation["requested_at"], "cancellation", f"requested: {cancellation['reason']}")
    if cancellation["settled_at"] is None:
        return [asked]
    outcome = f" ({cancellation['outcome']})" if cancellation["outcome"] else ""
    return [asked, _entry(cancellation["settled_at"], "cancellation", f"{cancellation['state']}{outcome}")]
