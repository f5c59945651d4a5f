"""Examples for the OpenAPI document: somebody asks whether they can cancel something, and nobody knows what."""

from __future__ import annotations

from typing import Any

_NUMBER = "+15551230001"
_EVENT_ID = "8d0f7a3e-9a53-4d0e-9a0f-1c1f0a7d5b11"

DOUBT = {
    "phone_number": _NUMBER,
    "kind": "doubt",
    "messaging_profile_id": "4000eba1-a0c0-4563-9925-b25e842a7cb6",
    "source": "webhook",
    "evidence": "can I cancel my appointment?",
    "tier": "doubtful",
    "languages": ["en"],
    "campaign": "summer-sale",
    "event_id": _EVENT_ID,
    "occurred_at": "2026-06-29T09:12:00Z",
    "effective_at": "2026-06-29T09:12:00Z",
    "received_at": "2026-06-29T09:12:01Z",
    "pending": 2,
}
SETTLEMENT = {"means": "nothing", "reason": "they meant the appointment"}
SETTLED = {"phone_number": _NUMBER, "event_id": _EVENT_ID, "means": "nothing", "opted_out": False, "cancelling": 0}
EVENT_ID: dict[str, Any] = {
    "in": "path",
    "name": "event_id",
    "description": "the `event_id` of the text, as `/v1/doubts` shows it",
    "schema": {"type": "string", "minLength": 1, "maxLength": 255},
    "example": _EVENT_ID,
}
