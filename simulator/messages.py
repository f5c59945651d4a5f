"""A message as the simulator keeps it, and as Telnyx shows it.

The object's fields are those of the cancel and retrieve pages:
https://developers.telnyx.com/api-reference/messages/cancel-a-scheduled-message
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from simulator import segments

JsonObject = dict[str, Any]

_CARRIERS = ("T-MOBILE USA, INC.", "CELLCO PARTNERSHIP DBA VERIZON WIRELESS", "AT&T MOBILITY LLC")


class Status(StrEnum):
    """Where a message stands with one recipient, in Telnyx's words."""

    SCHEDULED = "scheduled"
    QUEUED = "queued"
    SENDING = "sending"
    SENT = "sent"
    DELIVERED = "delivered"
    DELIVERY_FAILED = "delivery_failed"
    DELIVERY_UNCONFIRMED = "delivery_unconfirmed"
    SENDING_FAILED = "sending_failed"
    EXPIRED = "expired"
    CANCELLED = "cancelled"
    #: Inbound only.
    WEBHOOK_DELIVERED = "webhook_delivered"


@dataclass(slots=True)
class Recipient:
    """One address a message goes to, and what became of it there."""

    phone_number: str
    status: Status
    history: list[tuple[Status, datetime]] = field(default_factory=list)

    def move(self, status: Status, at: datetime) -> None:
        """Take the next status and remember when."""
        self.status = status
        self.history.append((status, at))

    def as_telnyx(self) -> JsonObject:
        """Give an entry of ``to``; the carrier is made up, but always the same for the same number."""
        carrier = _CARRIERS[ord(self.phone_number[-1]) % len(_CARRIERS)]
        return {
            "phone_number": self.phone_number,
            "status": self.status.value,
            "carrier": carrier,
            "line_type": "Wireless",
        }


@dataclass(slots=True, kw_only=True)
class Message:
    """One outbound message to one recipient, or to a group."""

    id: str
    organization_id: str
    messaging_profile_id: str
    sender: str
    recipients: list[Recipient]
    text: str
    subject: str | None
    kind: str
    media_urls: Sequence[str]
    webhook_url: str | None
    webhook_failover_url: str | None
    #: The URLs it was given itself, and whether its profile's come after them.
    own_urls: tuple[str | None, str | None]
    use_profile_webhooks: bool
    tcr_campaign_id: str | None
    send_at: datetime | None
    received_at: datetime
    valid_until: datetime | None = None
    sent_at: datetime | None = None
    completed_at: datetime | None = None
    errors: list[JsonObject] = field(default_factory=list)

    def is_scheduled(self) -> bool:
        """Whether it still waits for its time, with every recipient."""
        return all(recipient.status is Status.SCHEDULED for recipient in self.recipients)

    def move(self, status: Status, at: datetime) -> None:
        """Take every recipient to the next status."""
        for recipient in self.recipients:
            recipient.move(status, at)

    def as_event_payload(self, recipients: Sequence[Recipient] | None = None) -> JsonObject:
        """Give the message object of a webhook, about all its recipients or only these; it has no ``send_at``."""
        parts = segments.parts_of(self.text)
        cancelled = all(recipient.status is Status.CANCELLED for recipient in self.recipients)
        return {
            "record_type": "message",
            "direction": "outbound",
            "id": self.id,
            "type": self.kind,
            "messaging_profile_id": self.messaging_profile_id,
            "organization_id": self.organization_id,
            "from": {"phone_number": self.sender, "carrier": "TELNYX LLC", "line_type": "VoIP"},
            "to": [recipient.as_telnyx() for recipient in recipients or self.recipients],
            "cc": [],
            "text": self.text,
            "subject": self.subject,
            "media": [{"url": url, "content_type": None, "sha256": None, "size": None} for url in self.media_urls],
            "webhook_url": self.webhook_url,
            "webhook_failover_url": self.webhook_failover_url,
            "encoding": segments.encoding_of(self.text),
            "parts": parts,
            "tags": [],
            "cost": segments.nothing() if cancelled else segments.cost_of(parts),
            "cost_breakdown": None if cancelled else segments.breakdown_of(parts),
            "tcr_campaign_id": self.tcr_campaign_id,
            "tcr_campaign_billable": self.tcr_campaign_id is not None,
            "tcr_campaign_registered": None if self.tcr_campaign_id is None else "REGISTERED",
            "received_at": moment(self.received_at),
            "sent_at": moment(self.sent_at),
            "completed_at": moment(self.completed_at),
            "valid_until": moment(self.valid_until),
            "errors": list(self.errors),
            "smart_encoding_applied": False,
        }

    def as_telnyx(self) -> JsonObject:
        """Give the message object of an API answer."""
        shape = self.as_event_payload()
        if self.send_at is not None:
            shape["send_at"] = self.send_at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
        return shape

    def as_record(self) -> JsonObject:
        """Give the message with all that happened to it, for whoever checks the simulator afterwards."""
        history = [
            {"phone_number": recipient.phone_number, "status": status.value, "at": moment(at)}
            for recipient in self.recipients
            for status, at in recipient.history
        ]
        return {**self.as_telnyx(), "history": history}


def moment(at: datetime | None) -> str | None:
    """Write a time as Telnyx's webhooks do: milliseconds and ``+00:00``."""
    return None if at is None else at.isoformat(timespec="milliseconds")
