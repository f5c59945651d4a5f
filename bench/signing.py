"""Webhooks as Telnyx signs them, with a throwaway key."""

from __future__ import annotations

import base64
import json
import random
import time
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime

from nacl.signing import SigningKey

_KEY = SigningKey(b"a throwaway key for benchmarks..")
OURS = "+13125550001"
PUBLIC_KEY = base64.b64encode(bytes(_KEY.verify_key)).decode("ascii")


def requests(count: int) -> Iterator[bytes]:
    """Yield complete HTTP requests with distinct events of 1.3 to 1.5 KB, signed now."""
    for _ in range(count):
        yield request(_event())


def request(event: dict[str, object]) -> bytes:
    """Return the complete HTTP request that brings an event, signed now."""
    timestamp = str(int(time.time()))
    body = json.dumps(event).encode("ascii")
    signature = base64.b64encode(_KEY.sign(timestamp.encode("ascii") + b"|" + body).signature).decode("ascii")
    head = (
        "POST /webhooks/telnyx HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
        f"User-Agent: telnyx-webhooks\r\ntelnyx-timestamp: {timestamp}\r\n"
        f"telnyx-signature-ed25519: {signature}\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode("ascii") + body


def stop(sender: str) -> dict[str, object]:
    """Return the event of somebody who texts STOP."""
    at = datetime.now(UTC).isoformat()
    return {
        "data": {
            "event_type": "message.received",
            "id": str(uuid.uuid4()),
            "occurred_at": at,
            "payload": {
                "autoresponse_type": "STOP",
                "direction": "inbound",
                "from": {"carrier": "T-Mobile USA", "line_type": "Wireless", "phone_number": sender},
                "id": str(uuid.uuid4()),
                "messaging_profile_id": "400196d4-e32b-42c2-9654-190ffd5d9fb7",
                "received_at": at,
                "record_type": "message",
                "text": "STOP",
                "to": [{"carrier": "Telnyx", "line_type": "Wireless", "phone_number": OURS, "status": "received"}],
                "type": "SMS",
            },
            "record_type": "event",
        },
        "meta": {"attempt": 1, "delivered_to": "https://example.com/webhooks/telnyx"},
    }


def _event() -> dict[str, object]:
    at = "2026-03-01T12:00:00.000+00:00"
    party = {"carrier": "T-Mobile USA", "line_type": "Wireless"}
    return {
        "data": {
            "event_type": "message.finalized",
            "id": str(uuid.uuid4()),
            "occurred_at": at,
            "payload": {
                "completed_at": at,
                "cost": {"amount": "0.0051", "currency": "USD"},
                "cost_breakdown": {
                    "carrier_fee": {"amount": "0.00305", "currency": "USD"},
                    "rate": {"amount": "0.00205", "currency": "USD"},
                },
                "direction": "outbound",
                "encoding": "GSM-7",
                "errors": [],
                "from": {**party, "phone_number": "+15551230000", "status": "webhook_delivered"},
                "id": str(uuid.uuid4()),
                "media": [],
                "messaging_profile_id": "400196d4-e32b-42c2-9654-190ffd5d9fb7",
                "organization_id": "ada11ebf-7c78-4f9d-914b-001da12f72d2",
                "parts": 1,
                "received_at": at,
                "record_type": "message",
                "sent_at": at,
                "tags": ["spring-sale"],
                "tcr_campaign_billable": True,
                "tcr_campaign_id": "TCPA3X7",
                "tcr_campaign_registered": "REGISTERED",
                "text": "x" * random.randrange(50, 250),
                "to": [{**party, "phone_number": f"+1555{random.randrange(10**7):07}", "status": "delivered"}],
                "type": "SMS",
                "valid_until": at,
                "webhook_failover_url": None,
                "webhook_url": "https://app.example.com/webhooks/telnyx",
            },
            "record_type": "event",
        },
        "meta": {"attempt": 1, "delivered_to": "https://app.example.com/webhooks/telnyx"},
    }
