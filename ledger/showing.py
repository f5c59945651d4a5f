"""What is held, in the words and shapes in which it is shown: JSON values, times as ISO-8601 UTC.

The HTTP API and the command line show the same things through these functions.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from core import deadlines, merging
from core.campaigns import Campaign, registration
from core.outcomes import LedgerState
from store.consents import HeardConsent
from store.decisions import DecisionRow
from store.inbox import EventRow
from store.intents import IntentRow
from store.messages import MessageRow, RecipientRow

#: Fields that are shown under a name, or in a place, of their own.
_SHOWN_APART = {"direction", "from_number", "send_at", "from", "tags"}


def instant(at: datetime | None) -> str | None:
    """Return a time as ``2026-02-15T14:30:00Z``, with microseconds where there are any."""
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z") if at else None


def message(
    row: MessageRow,
    recipients: Sequence[RecipientRow],
    *,
    cancel_by: Callable[[datetime], datetime],
) -> dict[str, Any]:
    """Show one message: what we hold of it, then every field that Telnyx told.

    ``cancel_by`` says of a time of sending until when a cancellation can be ordered: for a pending message that
    depends on what waits besides it.
    """
    told = merging.values(row.fields)
    sender = told.get("from") or {}
    by = cancel_by if row.ledger == LedgerState.PENDING else deadlines.cancel_by
    return {
        "id": row.id,
        "direction": row.direction,
        "from": row.from_number,
        "from_carrier": sender.get("carrier"),
        "from_line_type": sender.get("line_type"),
        "recipients": [recipient(each) for each in recipients],
        "campaign": row.campaign_key,
        "class": row.message_class,
        "tags": row.tags if row.tags is not None else told.get("tags"),
        "telnyx_tags": told.get("tags"),
        "send_at": instant(row.send_at),
        "deadline": instant(deadlines.deadline(row.send_at)) if row.send_at else None,
        "cancel_by": instant(by(row.send_at)) if row.send_at else None,
        "ledger": row.ledger,
        "breach_cause": row.breach_cause,
        "registered_at": instant(row.registered_at),
        "door": row.door,
        "closed_at": instant(row.closed_at),
        "orphaned_at": instant(row.orphaned_at),
        **{name: value for name, value in sorted(told.items()) if name not in _SHOWN_APART},
    }


def recipient(row: RecipientRow) -> dict[str, Any]:
    """Show the status of a message for one recipient."""
    told = merging.values(row.fields)
    return {
        "phone_number": row.phone_number,
        "status": row.status,
        "carrier": told.get("carrier"),
        "line_type": told.get("line_type"),
        "errors": told.get("errors", []),
    }


def slack(at: datetime | None, send_at: datetime | None) -> float | None:
    """Return how many seconds before a message's deadline something was; less than none is after it."""
    if at is None or send_at is None:
        return None
    return round((deadlines.deadline(send_at) - at).total_seconds(), 3)


def verdict(kept: Mapping[str, Any]) -> dict[str, Any]:
    """Show what one policy said; what is older than a field has null there."""
    known_at = kept.get("known_at")
    return {**kept, "known_at": instant(datetime.fromisoformat(known_at)) if known_at else None}


def decision(row: DecisionRow, *, send_at: datetime | None) -> dict[str, Any]:
    """Show one decision on a message to be sent then, with all its verdicts."""
    return {
        "verdict": row.verdict,
        "policy": row.policy,
        "reason": row.reason,
        "facts": row.facts,
        "event_id": row.event_id,
        "decided_at": instant(row.decided_at),
        "slack_seconds": slack(row.decided_at, send_at),
        "mode": row.mode,
        "trigger": row.trigger,
        "rules": row.rules,
        "verdicts": [verdict(each) for each in row.verdicts],
    }


def request(row: IntentRow) -> dict[str, Any]:
    """Show one request to send, as it was judged, and what is known of its end."""
    return {
        "id": row.id,
        "door": row.door,
        "path": row.path,
        "created_at": instant(row.created_at),
        "recipients": row.recipients,
        "from": row.from_number,
        "messaging_profile_id": row.messaging_profile_id,
        "campaign": row.campaign_key,
        "class": row.message_class,
        "tags": row.tags,
        "send_at": instant(row.send_at),
        "state": row.state,
        "policy": row.policy,
        "reason": row.reason,
        "verdicts": [verdict(each) for each in row.verdicts or []],
        "http_status": row.http_status,
        "message_id": row.message_id,
        "replaces": row.replaces,
        "settled_at": instant(row.settled_at),
    }


def consent(row: HeardConsent) -> dict[str, Any]:
    """Show one word of a recipient."""
    return {
        "kind": row.word.kind,
        "messaging_profile_id": row.word.messaging_profile_id,
        "source": row.word.source,
        "evidence": row.word.evidence,
        "tier": row.word.tier,
        "languages": list(row.word.languages),
        "campaign": row.campaign_key,
        "event_id": row.word.event_id,
        "occurred_at": instant(row.occurred_at),
        "effective_at": instant(row.word.effective_at),
        "received_at": instant(row.received_at),
    }


def campaign(row: Campaign, *, linked: Sequence[Campaign], aliases: frozenset[tuple[str, str]]) -> dict[str, Any]:
    """Show one campaign, with what the carriers say of it under any of its names."""
    last = registration((row, *linked))
    telnyx_campaign_id, tcr_campaign_id = min(aliases, default=(None, None))
    return {
        "key": row.key,
        "status": row.status,
        "ends_at": instant(row.ends_at),
        "tcr_campaign_id": row.tcr_campaign_id or tcr_campaign_id,
        "telnyx_campaign_id": row.telnyx_campaign_id or telnyx_campaign_id,
        "time_zone": row.time_zone,
        "carrier_state": last.carrier_state if last else None,
        "carrier_event_id": last.carrier_event_id if last else None,
        "linked": sorted(each.key for each in linked if each.key != row.key),
    }


def event(row: EventRow) -> dict[str, Any]:
    """Show one accepted event, without its bytes."""
    return {
        "event_id": row.event_id,
        "event_type": row.event_type,
        "status": row.status,
        "reason": row.reason,
        "occurred_at": instant(row.occurred_at),
        "received_at": instant(row.received_at),
        "applied_at": instant(row.applied_at),
        "retry_at": instant(row.retry_at),
        "source": row.source,
        "attempt": row.attempt,
        "delivered_to": row.delivered_to,
        "deliveries": row.deliveries,
        "tries": row.tries,
        "crashes": row.crashes,
        "acts": row.acts,
        "replayed_at": instant(row.replayed_at),
        "replayed_by": row.replayed_by,
    }
