"""What one source says at one moment: the typed meaning of an event, an API answer or a registration."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from core.campaigns import CarrierState


@dataclass(frozen=True, slots=True)
class Addressee:
    """One entry of a message's ``to``."""

    phone_number: str
    status: str
    carrier: str | None = None
    line_type: str | None = None
    errors: tuple[dict[str, Any], ...] | None = None
    """Telnyx's error objects that concern this recipient; None when nothing was said."""


@dataclass(frozen=True, slots=True)
class MessageReport:
    """What a webhook, a registration or an API answer says of one message.

    ``source_id`` is the event id, or a derived name such as ``registration:<message id>``;
    a report is merged at most once per source.
    """

    message_id: str
    source_id: str
    source: str
    """The event type (``message.sent``), or ``registration``, ``cancel``, ``retrieve``."""
    occurred_at: datetime
    direction: str
    from_number: str | None
    messaging_profile_id: str | None
    addressees: tuple[Addressee, ...]
    send_at: datetime | None = None
    tcr_campaign_id: str | None = None
    final: bool = False
    """True for the event that ends a message, which places statuses we do not know yet."""
    details: dict[str, Any] = field(default_factory=dict)
    """Every other field Telnyx names, JSON values, times as ISO strings; see ``schemas.message``."""


@dataclass(frozen=True, slots=True)
class InboundReport:
    """A text that somebody sent to one of our numbers."""

    message: MessageReport
    text: str | None
    autoresponse_type: str | None
    """Telnyx's own reading of the text: STOP, START, HELP, or None."""


@dataclass(frozen=True, slots=True)
class CampaignReport:
    """What a 10DLC event says of one carrier-registered campaign."""

    source_id: str
    occurred_at: datetime
    campaign_id: str
    """The id under which the event names it: Telnyx's UUID, or the TCR id."""
    state: CarrierState | None
    """None when the event says nothing about whether the campaign may send."""
    telnyx_campaign_id: str | None
    tcr_campaign_id: str | None
    description: str | None = None


@dataclass(frozen=True, slots=True)
class SpendLimitReport:
    """A messaging profile reached the limit that is set for it at Telnyx: it sends no more until midnight UTC."""

    source_id: str
    occurred_at: datetime
    messaging_profile_id: str


@dataclass(frozen=True, slots=True)
class NoticeReport:
    """An event that is kept and shown but changes no state: brand news, link clicks, the unknown."""

    source_id: str
    event_type: str


Report = MessageReport | InboundReport | CampaignReport | SpendLimitReport | NoticeReport
