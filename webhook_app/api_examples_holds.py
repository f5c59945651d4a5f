"""Examples of holds for the OpenAPI document."""

from __future__ import annotations

from typing import Any

_ID = "8a5f0e4c-6f0d-4f5e-9d0a-2f7f6f1f9b57"

HOLD_ID: dict[str, Any] = {
    "in": "path",
    "name": "hold_id",
    "description": "the `id` of a hold, as listings show it",
    "schema": {"type": "string", "format": "uuid"},
    "example": _ID,
}
NEW_HOLD = {
    "scope": "campaign",
    "value": "summer-sale",
    "reason": "the link in it leads nowhere",
    "expires_in": 7200,
}
HOLD: dict[str, Any] = {
    "id": _ID,
    "kind": "hold",
    "scope": "campaign",
    "value": "summer-sale",
    "reason": "the link in it leads nowhere",
    "state": "standing",
    "pending": 4200,
    "placed_at": "2026-06-30T08:00:00Z",
    "placed_by": "api",
    "expires_at": "2026-06-30T10:00:00Z",
    "lifted_at": None,
    "lifted_by": None,
    "lift_reason": None,
}
LIFTED = HOLD | {
    "state": "lifted",
    "pending": 0,
    "lifted_at": "2026-06-30T08:40:00Z",
    "lifted_by": "api",
    "lift_reason": "the link was mended",
}
