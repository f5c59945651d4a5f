"""The ``data`` object of a webhook.

https://developers.telnyx.com/docs/messaging/messages/receiving-webhooks
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from simulator import segments
from simulator.messages import JsonObject, Message, Recipient, Status, moment


def event(event_id: str, event_type: str, occurred_at: datetime, payload: JsonObject) -> JsonObject:
    """Make an event; ``event_id`` names it over all attempts to deliver it."""
    return {
        "event_type": event_type,
        "id": event_id,
        "occurred_at": moment(occurred_at),
        "payload": payload,
        "record_type": "event",
    }


def sent(event_id: str, message: Message, recipients: Sequence[Recipient], at: datetime) -> JsonObject:
    """Tell that the carrier has the message."""
    return event(event_id, "message.sent", at, message.as_event_payload(recipients))


def finalized(event_id: str, message: Message, recipient: Recipient, at: datetime) -> JsonObject:
    """Tell that the message is over for one recipient; a group's message has one such event for each."""
    payload = message.as_event_payload([recipient])
    # The sender's entry carries a status in this event alone.
    payload["from"]["status"] = Status.WEBHOOK_DELIVERED.value
    payload["completed_at"] = moment(at)
    return event(event_id, "message.finalized", at, payload)


@dataclass(frozen=True, slots=True, kw_only=True)
class IncomingText:
    """What somebody texts to one of the account's numbers, before Telnyx has made a message of it."""

    sender: str
    to: str
    text: str
    #: What Telnyx makes of the text: ``STOP``, ``START``, ``HELP`` or nothing.
    autoresponse_type: str | None
    messaging_profile_id: str | None = None
    event_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Inbound:
    """An inbound message."""

    id: str
    organization_id: str
    messaging_profile_id: str
    sender: str
    to: str
    text: str
    autoresponse_type: str | None
    webhook_url: str | None
    webhook_failover_url: str | None
    received_at: datetime

    def as_telnyx(self) -> JsonObject:
        """Give the message object, with the very keys that real deliveries have."""
        parts = segments.parts_of(self.text)
        return {
            "autoresponse_type": self.autoresponse_type,
            "cc": [],
            "completed_at": None,
            "cost": segments.cost_of(parts),
            "cost_breakdown": segments.breakdown_of(parts),
            "direction": "inbound",
            "encoding": segments.encoding_of(self.text),
            "errors": [],
            "from": {"carrier": "T-Mobile USA", "line_type": "Wireless", "phone_number": self.sender},
            "id": self.id,
            "is_spam": False,
            "media": [],
            "messaging_profile_id": self.messaging_profile_id,
            "organization_id": self.organization_id,
            "parts": parts,
            "received_at": moment(self.received_at),
            "record_type": "message",
            "sent_at": None,
            "subject": "",
            "tags": [],
            "text": self.text,
            "to": [
                {
                    "carrier": "Telnyx",
                    "line_type": "Wireless",
                    "phone_number": self.to,
                    "status": Status.WEBHOOK_DELIVERED.value,
                }
            ],
            "type": "SMS",
            "valid_until": None,
            "webhook_failover_url": self.webhook_failover_url,
            "webhook_url": self.webhook_url,
        }
