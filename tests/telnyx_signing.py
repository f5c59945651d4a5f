"""Webhooks signed as Telnyx signs them, with throwaway keys."""

from __future__ import annotations

import base64
import json
import uuid
from datetime import datetime
from pathlib import Path
from typing import Any

from nacl.signing import SigningKey

KEY = SigningKey(bytes(range(32)))
OTHER_KEY = SigningKey(bytes(range(1, 33)))
PUBLIC_KEY = base64.b64encode(bytes(KEY.verify_key)).decode("ascii")

_PAYLOADS = Path(__file__).parent / "payloads"


def event(name: str = "message.received.text", *, attempt: int = 1, **payload: Any) -> dict[str, Any]:
    """A sample webhook under an event id of its own, with some fields of its payload changed."""
    body = json.loads((_PAYLOADS / f"{name}.json").read_text())
    body["data"]["id"] = str(uuid.uuid4())
    body["data"].setdefault("payload", {}).update(payload)
    body["meta"] = {"attempt": attempt, "delivered_to": "https://app.example.com/webhooks/telnyx"}
    return body


def raw(body: object) -> bytes:
    return json.dumps(body).encode()


def headers(body: bytes, at: datetime | int | str, *, key: SigningKey = KEY) -> dict[str, str]:
    """The two headers of a body signed at a time."""
    timestamp = str(int(at.timestamp()) if isinstance(at, datetime) else at)
    signature = key.sign(timestamp.encode() + b"|" + body).signature
    return {
        "telnyx-timestamp": timestamp,
        "telnyx-signature-ed25519": base64.b64encode(signature).decode("ascii"),
        "Content-Type": "application/json",
    }
