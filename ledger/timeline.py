"""What happened to a message, or to a request for one: each thing an entry, shown in the order of their times."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa

from core import merging
from core.intents import IntentState
from ledger import showing
from store import consents
from store.intents import IntentRow
from store.messages import Transition

_ENDS: Mapping[str, str] = {
    IntentState.OPEN: "on its way",
    IntentState.REFUSED: "refused, and never sent to Telnyx",
    IntentState.DECLINED: "came to nothing",
    IntentState.UNKNOWN: "in doubt, Telnyx may hold the message",
    IntentState.FOUND: "in doubt, until a later report gave the message away",
    IntentState.ANSWERED: "answered by Telnyx",
}


def entry(at: str, kind: str, text: str, **more: object) -> dict[str, Any]:
    """Return one entry of a timeline."""
    return {"at": at, "kind": kind, "text": text, **more}


def in_order(entries: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return entries by their times."""
    return sorted(entries, key=lambda entry: datetime.fromisoformat(entry["at"]).astimezone(UTC))


def registered(shown: dict[str, Any]) -> list[dict[str, Any]]:
    """Show when a message came in, and how it ended."""
    if shown["registered_at"] is None:
        return []
    told = f"registered through {shown['door']}, to be sent at {shown['send_at']}"
    entries = [entry(shown["registered_at"], "registration", told)]
    if shown["closed_at"]:
        cause = f" ({shown['breach_cause']})" if shown["breach_cause"] else ""
        entries.append(entry(shown["closed_at"], "ledger", f"{shown['ledger']}{cause}"))
    return entries


def statuses(history: list[Transition]) -> list[dict[str, Any]]:
    """Show every status that was told; one that came after a higher one is marked as late."""
    late: set[Transition] = set()
    highest: dict[str, str] = {}
    for each in sorted(history, key=lambda each: (each.recorded_at, each.stamp)):
        if each.stamp < highest.get(each.phone_number, ""):
            late.add(each)
        else:
            highest[each.phone_number] = each.stamp
    return [
        entry(
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


def words(connection: sa.Connection, phone_numbers: list[str]) -> list[dict[str, Any]]:
    """Show everything that recipients said about being texted."""
    return [
        entry(
            showing.instant(row.word.effective_at) or "",
            "consent",
            f"{number} {row.word.kind} by {row.word.source}" + (f": {row.word.evidence}" if row.word.evidence else ""),
            source_id=row.word.event_id,
        )
        for number in phone_numbers
        for row in consents.history(connection, number)
    ]


def replacing(asked: list[IntentRow], message_id: str) -> list[dict[str, Any]]:
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
        entries.append(entry(showing.instant(each.created_at) or "", "reschedule", told))
    return entries


def decided(decision: dict[str, Any]) -> str:
    """Show what was decided."""
    shadow = " (shadow: nothing is done)" if decision["mode"] == "shadow" else ""
    return f"{decision['verdict']}{shadow}: {decision['reason']}"


def attempted(attempt: dict[str, Any]) -> str:
    """Show what Telnyx was asked, and how it answered."""
    answered = attempt["http_status"] or attempt["outcome"] or "no answer yet"
    return f"{attempt['action']} at Telnyx: {answered}"


def settled(cancellation: dict[str, Any]) -> list[dict[str, Any]]:
    """Show when a cancellation was ordered, and how it ended."""
    asked = entry(cancellation["requested_at"], "cancellation", f"requested: {cancellation['reason']}")
    if cancellation["settled_at"] is None:
        return [asked]
    outcome = f" ({cancellation['outcome']})" if cancellation["outcome"] else ""
    return [asked, entry(cancellation["settled_at"], "cancellation", f"{cancellation['state']}{outcome}")]


def requested(request: dict[str, Any]) -> list[dict[str, Any]]:
    """Show a request to send: what was asked, what the policies said of it, and how it ended."""
    to = ", ".join(request["recipients"]) or "nobody that can be read"
    at = f"at {request['send_at']}" if request["send_at"] else "at once"
    told = f"asked through {request['door']} ({request['path']}) for a message to {to}, to be sent {at}"
    if request["replaces"]:
        told += f", in place of {request['replaces']}"
    entries = [entry(request["created_at"], "request", told)]
    entries += [
        entry(request["created_at"], "decision", f"{each['policy']}: {decided(each)}") for each in request["verdicts"]
    ]
    if request["settled_at"]:
        why = f": {request['reason']}" if request["reason"] else ""
        entries.append(entry(request["settled_at"], "request", f"{_ENDS[request['state']]}{why}"))
    return entries
