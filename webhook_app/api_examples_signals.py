"""Examples of signals for the OpenAPI document."""

from __future__ import annotations

from typing import Any

_GOAL = {
    "id": "order-1047",
    "kind": "goal",
    "value": "purchase",
    "phone_number": "+15557650101",
    "at": "2026-06-29T09:12:00Z",
}
_MOVED = {"kind": "revision", "value": "appointment-42", "phone_number": "+15557650101", "revision": 4}
_GONE = {"kind": "revision", "value": "appointment-43", "revision": None}
BODIES: dict[str, Any] = {
    "goal": {"summary": "somebody has bought", "value": _GOAL},
    "revision": {"summary": "an appointment was moved", "value": _MOVED},
    "many": {"summary": "many at once", "value": {"signals": [_GOAL, _GONE]}},
}
SIGNAL: dict[str, Any] = _GOAL | {"revision": None, "received_at": "2026-06-29T09:12:01Z"}
TAKEN = {"data": SIGNAL | {"is_new": True}, "cancelling": 2}
KNOWN = {"data": [SIGNAL | {"is_new": False}], "cancelling": 0}
