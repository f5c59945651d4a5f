"""Examples for the OpenAPI document, all of one small story: a summer sale, and somebody who wants no more of it."""

from __future__ import annotations

from typing import Any

_ID = "40385f64-5717-4562-b3fc-2c963f66afa6"
_PROFILE = "4000eba1-a0c0-4563-9925-b25e842a7cb6"
_NUMBER = "+15551230001"
_SEND_AT, _DEADLINE, _CANCEL_BY = "2026-07-01T16:00:00Z", "2026-07-01T15:59:00Z", "2026-07-01T15:58:30Z"
_REASON = f"{_NUMBER} opted out at 2026-06-29 09:12:00 UTC (STOP)"

MESSAGE_ID: dict[str, Any] = {
    "in": "path",
    "name": "message_id",
    "description": "Telnyx's id of the message",
    "schema": {"type": "string", "format": "uuid"},
    "example": _ID,
}
PHONE_NUMBER: dict[str, Any] = {
    "in": "path",
    "name": "phone_number",
    "description": "a phone number with its country code",
    "schema": {"type": "string", "minLength": 1},
    "example": _NUMBER,
}
CAMPAIGN_KEY: dict[str, Any] = {
    "in": "path",
    "name": "key",
    "description": "our own key of the campaign, or an id of the carriers'; write a slash in it as %2F",
    "schema": {"type": "string", "minLength": 1, "maxLength": 255},
    "example": "summer-sale",
}

_TELNYX = {
    "record_type": "message",
    "direction": "outbound",
    "id": _ID,
    "type": "SMS",
    "messaging_profile_id": _PROFILE,
    "from": {"phone_number": "+15557650002"},
    "to": [{"phone_number": _NUMBER, "status": "scheduled"}],
    "text": "The sale starts now!",
    "send_at": _SEND_AT,
}
_WITH_CAMPAIGN = {"data": _TELNYX, "campaign": "summer-sale", "class": "marketing", "tags": ["vip"]}
REGISTRATIONS: dict[str, Any] = {
    "one": {"summary": "Telnyx's answer, with what it belongs to", "value": _WITH_CAMPAIGN},
    "envelope": {"summary": "Telnyx's answer as it came", "value": {"data": _TELNYX}},
    "bare": {"summary": "Telnyx's message object alone", "value": _TELNYX},
    "many": {"summary": "Up to a thousand at once", "value": {"messages": [_WITH_CAMPAIGN]}},
}

_REGISTERED = {
    "id": _ID,
    "ledger": "pending",
    "send_at": _SEND_AT,
    "cancel_by": _CANCEL_BY,
    "decision": {
        "verdict": "allow",
        "policy": None,
        "reason": "no policy objects; asked were hold, opt_out, stale_campaign",
    },
}
REGISTERED = {"data": _REGISTERED}
REGISTERED_MANY = {
    "data": [_REGISTERED],
    "errors": [
        {
            "index": 1,
            "code": "request_invalid",
            "message": "messages[1].data.id: is not a UUID in lower case with dashes",
        }
    ],
}

MESSAGE: dict[str, Any] = {
    "id": _ID,
    "direction": "outbound",
    "from": "+15557650002",
    "from_carrier": None,
    "from_line_type": None,
    "recipients": [{"phone_number": _NUMBER, "status": "cancelled", "carrier": None, "line_type": None, "errors": []}],
    "campaign": "summer-sale",
    "class": "marketing",
    "tags": ["vip"],
    "telnyx_tags": None,
    "send_at": _SEND_AT,
    "deadline": _DEADLINE,
    "cancel_by": _CANCEL_BY,
    "ledger": "cancelled",
    "breach_cause": None,
    "registered_at": "2026-06-28T10:00:00Z",
    "door": "api",
    "closed_at": "2026-06-29T09:12:02Z",
    "orphaned_at": None,
    "messaging_profile_id": _PROFILE,
    "text": "The sale starts now!",
    "type": "SMS",
}
_FACTS = {"phone_number": _NUMBER, "opted_out_at": "2026-06-29T09:12:00+00:00", "evidence": "STOP", "scope": "all"}
_EVENT_ID = "5ed9ec04-a33f-4ef2-b452-3a2989fac327"
_VERDICTS = [
    {
        "policy": "opt_out",
        "mode": "enforce",
        "verdict": "cancel",
        "reason": _REASON,
        "facts": _FACTS,
        "event_id": _EVENT_ID,
        "known_at": None,
    }
]
STORY = {
    "message": MESSAGE,
    "request": None,
    "decisions": [
        {
            "verdict": "cancel",
            "policy": "opt_out",
            "reason": _REASON,
            "facts": _FACTS,
            "event_id": _EVENT_ID,
            "decided_at": "2026-06-29T09:12:01Z",
            "slack_seconds": 197219.0,
            "mode": "enforce",
            "trigger": "consent",
            "rules": "b21c4d387007fad8",
            "verdicts": _VERDICTS,
        }
    ],
    "cancellation": {
        "state": "confirmed",
        "outcome": None,
        "policy": "opt_out",
        "reason": _REASON,
        "known_at": "2026-06-29T09:12:00Z",
        "requested_at": "2026-06-29T09:12:01Z",
        "slack_seconds": 197219.0,
        "settled_at": "2026-06-29T09:12:02Z",
        "attempts": [
            {
                "action": "DELETE",
                "started_at": "2026-06-29T09:12:01Z",
                "finished_at": "2026-06-29T09:12:02Z",
                "slack_seconds": 197218.0,
                "http_status": 200,
                "answer": None,
                "outcome": "confirmed",
            }
        ],
    },
    "held_by": [],
    "counterfactuals": ["without opt_out it would have been released"],
    "replaces": None,
    "replaced_by": None,
    "timeline": [
        {"at": "2026-06-29T09:12:00Z", "kind": "consent", "text": f"{_NUMBER} opt_out by webhook: STOP"},
        {"at": "2026-06-29T09:12:01Z", "kind": "decision", "text": f"cancel: {_REASON}"},
        {"at": "2026-06-29T09:12:02Z", "kind": "ledger", "text": "cancelled"},
    ],
}

OPT_OUT = {"phone_number": _NUMBER, "messaging_profile_id": None, "reason": "asked by phone"}
OPTED_OUT = {"phone_number": _NUMBER, "opted_out": True, "cancelling": 1}
RECIPIENT = {
    "phone_number": _NUMBER,
    "time_zone": "America/New_York",
    "region": None,
    "opted_out": True,
    "consent": [
        {
            "kind": "opt_out",
            "messaging_profile_id": _PROFILE,
            "source": "webhook",
            "evidence": "STOP",
            "tier": "keyword",
            "languages": [],
            "campaign": "summer-sale",
            "event_id": _EVENT_ID,
            "occurred_at": "2026-06-29T09:12:00Z",
            "effective_at": "2026-06-29T09:12:00Z",
            "received_at": "2026-06-29T09:12:01Z",
        }
    ],
    "pending": 0,
    "requests_without_message": [
        {
            "id": "8c4f0a52-7c1e-4d55-9a39-3f0d5f0b7f11",
            "door": "passthrough",
            "path": "messages",
            "created_at": "2026-06-30T10:00:00Z",
            "recipients": [_NUMBER],
            "from": "+15557650002",
            "messaging_profile_id": _PROFILE,
            "campaign": "summer-sale",
            "class": "marketing",
            "tags": None,
            "send_at": _SEND_AT,
            "state": "refused",
            "policy": "opt_out",
            "reason": _REASON,
            "verdicts": _VERDICTS,
            "http_status": None,
            "message_id": None,
            "replaces": None,
            "settled_at": "2026-06-30T10:00:00Z",
        }
    ],
}

CAMPAIGN_CHANGE = {"status": "paused", "ends_at": "2026-07-31T22:00:00Z", "time_zone": "America/New_York"}
CAMPAIGN = {
    "key": "summer-sale",
    "status": "paused",
    "ends_at": "2026-07-31T22:00:00Z",
    "tcr_campaign_id": "TCPA3X7",
    "telnyx_campaign_id": "4b300178-131c-4902-954e-72d90ba1620a",
    "time_zone": "America/New_York",
    "carrier_state": "active",
    "carrier_event_id": "c9b8a1d0-3f6e-4f0b-9a51-6f2c7d1e8b34",
    "linked": ["4b300178-131c-4902-954e-72d90ba1620a", "TCPA3X7"],
}

LEDGER = {
    "registered": 4,
    "pending": 1,
    "cancelled": 1,
    "released": 1,
    "breach": 1,
    "breach_causes": {"inside_wall": 1},
    "in_doubt": 0,
    "orphans": 0,
    "held": 0,
    "cancelling": 1,
    "forecast": {
        "waiting": 1,
        "done_at": "2026-06-29T09:12:01Z",
        "late": 0,
        "first_late_at": None,
        "rate": 17.0,
        "latency_ms": 150,
        "makes_it": True,
    },
}
EVENT = {
    "event_id": _EVENT_ID,
    "event_type": "message.received",
    "status": "applied",
    "reason": None,
    "occurred_at": "2026-06-29T09:12:00Z",
    "received_at": "2026-06-29T09:12:00.412Z",
    "applied_at": "2026-06-29T09:12:01Z",
    "retry_at": None,
    "source": "webhook",
    "attempt": 1,
    "delivered_to": "https://example.com/webhooks/telnyx",
    "deliveries": 1,
    "tries": 0,
    "crashes": 0,
    "acts": True,
    "replayed_at": None,
    "replayed_by": None,
}
REPLAY = {"act": False}
REPLAYED = {"id": _EVENT_ID, "status": "pending", "act": False}
EVENT_ID: dict[str, Any] = {
    "in": "path",
    "name": "event_id",
    "description": "the `event_id` of an accepted event, as listings show it",
    "schema": {"type": "string", "minLength": 1, "maxLength": 255},
    "example": _EVENT_ID,
}
