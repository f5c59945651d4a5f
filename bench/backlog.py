"""A backlog of accepted events, for benchmarks of the drain: two status events a message, and some texts."""

from __future__ import annotations

import json
import uuid
from datetime import UTC, datetime, timedelta

from core.deciding import Rules
from ledger import registering
from ledger.registering import Registration
from schemas import envelope, message
from store import inbox
from store.engine import Database
from store.inbox import NewEvent

_PROFILE = "400196d4-e32b-42c2-9654-190ffd5d9fb7"
_SENDER = "+13125550001"
#: Every so many events is a text; every second text says STOP to somebody for whom a message is scheduled.
_TEXT_EVERY = 50
_PART = 500


def fill(database: Database, count: int) -> None:
    """Accept ``count`` events, and schedule a message for each recipient who is going to say STOP."""
    now = datetime.now(UTC)
    events = [_accepted(index, now) for index in range(count)]
    scheduled = [_scheduled(index, now) for index in range(_TEXT_EVERY - 1, count, 2 * _TEXT_EVERY)]
    for start in range(0, count, _PART):
        with database.begin() as connection:
            inbox.accept(connection, events[start : start + _PART])
    for start in range(0, len(scheduled), _PART):
        with database.begin() as connection:
            registering.register(connection, scheduled[start : start + _PART], Rules(()), door="bench", now=now)


def _accepted(index: int, now: datetime) -> NewEvent:
    is_text = index % _TEXT_EVERY == _TEXT_EVERY - 1
    raw = json.dumps(_text(index, now) if is_text else _status(index, now)).encode("ascii")
    return NewEvent(
        **envelope.told(raw), received_at=now, source="webhook", raw=raw, signature="", signature_timestamp=""
    )


def _status(index: int, now: datetime) -> dict[str, object]:
    is_sent = index % 2 == 0
    at = now.isoformat()
    return {
        "data": {
            "event_type": "message.sent" if is_sent else "message.finalized",
            "id": str(uuid.uuid4()),
            "occurred_at": (now + timedelta(seconds=index % 2)).isoformat(),
            "payload": {
                "completed_at": None if is_sent else at,
                "cost": {"amount": "0.0051", "currency": "USD"},
                "cost_breakdown": {
                    "carrier_fee": {"amount": "0.00305", "currency": "USD"},
                    "rate": {"amount": "0.00205", "currency": "USD"},
                },
                "direction": "outbound",
                "encoding": "GSM-7",
                "errors": [],
                "from": {"carrier": "Telnyx", "line_type": "Wireless", "phone_number": _SENDER},
                "id": str(uuid.UUID(int=index // 2 + 1)),
                "media": [],
                "messaging_profile_id": _PROFILE,
                "organization_id": "9d76d591-1b7d-405d-8c64-1320ee070245",
                "parts": 1,
                "received_at": at,
                "record_type": "message",
                "sent_at": at,
                "tags": ["welcome"],
                "tcr_campaign_billable": True,
                "tcr_campaign_id": "CBENCH1",
                "tcr_campaign_registered": "REGISTERED",
                "text": "Your table for two is reserved for tonight at seven. Reply C to confirm.",
                "to": [
                    {
                        "carrier": "T-MOBILE USA, INC.",
                        "line_type": "Wireless",
                        "phone_number": _person(index // 2),
                        "status": "sent" if is_sent else "delivered",
                    }
                ],
                "type": "SMS",
                "valid_until": at,
                "webhook_url": "https://example.com/webhooks/telnyx",
            },
            "record_type": "event",
        },
        "meta": {"attempt": 1, "delivered_to": "https://example.com/webhooks/telnyx"},
    }


def _text(index: int, now: datetime) -> dict[str, object]:
    return {
        "data": {
            "event_type": "message.received",
            "id": str(uuid.uuid4()),
            "occurred_at": now.isoformat(),
            "payload": {
                "autoresponse_type": None,
                "direction": "inbound",
                "from": {"carrier": "T-Mobile USA", "line_type": "Wireless", "phone_number": _person(index)},
                "id": str(uuid.uuid4()),
                "messaging_profile_id": _PROFILE,
                "received_at": now.isoformat(),
                "record_type": "message",
                "text": "Stop." if _says_stop(index) else "Thank you, see you tonight",
                "to": [{"carrier": "Telnyx", "line_type": "Wireless", "phone_number": _SENDER, "status": "received"}],
                "type": "SMS",
            },
            "record_type": "event",
        },
        "meta": {"attempt": 1, "delivered_to": "https://example.com/webhooks/telnyx"},
    }


def _says_stop(index: int) -> bool:
    return (index // _TEXT_EVERY) % 2 == 0


def _scheduled(index: int, now: datetime) -> Registration:
    body = {
        "id": str(uuid.uuid4()),
        "direction": "outbound",
        "from": {"phone_number": _SENDER},
        "to": [{"phone_number": _person(index), "status": "scheduled"}],
        "messaging_profile_id": _PROFILE,
        "text": "See you tonight",
    }
    return Registration(message.registered(body, send_at=now + timedelta(hours=3), now=now), campaign_key="reminders")


def _person(number: int) -> str:
    return f"+1555{number:07d}"
