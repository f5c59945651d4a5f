"""What an event means: from its envelope to the report that is applied."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from core import numbers, wording
from core.consent import ConsentKind
from core.errors import EventInvalid
from core.reports import CampaignReport, InboundReport, MessageReport, NoticeReport, Report
from core.statuses import Status
from schemas import message, plain, spend_limits, tendlc
from schemas.envelope import INBOUND, Envelope

#: The events of a message of ours, with the status of a recipient for whom one names none.
#: Source: https://developers.telnyx.com/docs/messaging/messages/receiving-webhooks
_OUTBOUND = {
    "message.sent": Status.SENT,
    "message.finalized": Status.UNKNOWN,
    "message.read": Status.READ,
}
_FINAL = frozenset({"message.finalized", "message.read"})
#: The types of events that can change something here.
EVENT_TYPES = (
    INBOUND,
    *_OUTBOUND,
    "10dlc.campaign.update",
    "10dlc.phone_number.update",
    spend_limits.EVENT_TYPE,
)
#: An event's type becomes the source of what it changes, which our tables give this much room.
_MAX_SOURCE = 64


def report(envelope: Envelope, *, received_at: datetime) -> Report:
    """Return what an event says. Raises EventInvalid with one line on what cannot be read.

    ``received_at`` stands in for the time of an event that tells none.
    """
    occurred_at = envelope.occurred_at or received_at
    kind, payload = envelope.event_type, envelope.payload
    if kind == INBOUND:
        return _inbound(payload, envelope.event_id, occurred_at)
    if kind in _OUTBOUND:
        return message.outbound(
            payload,
            source_id=envelope.event_id,
            source=kind,
            occurred_at=occurred_at,
            otherwise=_OUTBOUND[kind],
            final=kind in _FINAL,
        )
    if kind == "10dlc.campaign.update":
        return tendlc.campaign_update(payload, source_id=envelope.event_id, occurred_at=occurred_at)
    if kind == spend_limits.EVENT_TYPE:
        return spend_limits.reached(payload, source_id=envelope.event_id, occurred_at=min(occurred_at, received_at))
    told: MessageReport | CampaignReport | None = None
    if kind == "10dlc.phone_number.update":
        told = tendlc.number_update(payload, source_id=envelope.event_id, occurred_at=occurred_at)
    elif kind.startswith("message.") and kind != "message.echo":
        told = _of_unknown_kind(payload, envelope.event_id, kind, occurred_at)
    return told or NoticeReport(envelope.event_id, kind)


def _of_unknown_kind(
    payload: Mapping[str, Any], event_id: str, kind: str, occurred_at: datetime
) -> MessageReport | None:
    """Return the report of an event that Telnyx has added since, when it is plainly about a message of ours."""
    if payload.get("direction") != "outbound" or len(kind) > _MAX_SOURCE:
        return None
    try:
        told = message.outbound(
            payload, source_id=event_id, source=kind, occurred_at=occurred_at, otherwise="", final=False
        )
    except EventInvalid:
        return None
    return told if all(addressee.status for addressee in told.addressees) else None


def _inbound(payload: Mapping[str, Any], event_id: str, occurred_at: datetime) -> InboundReport:
    told = message.inbound(payload, source_id=event_id, source=INBOUND, occurred_at=occurred_at)
    text = told.details.get("text") or _text_of(told.details.get("body"))
    autoresponse_type = told.details.get("autoresponse_type", "").strip().upper() or None
    said = wording.read(text, autoresponse_type)
    if said is not None and said.kind is ConsentKind.OPT_OUT:
        _require_sender(told)
    return InboundReport(told, text, autoresponse_type)


def _text_of(body: plain.Json) -> str | None:
    """Return what a sender wrote, or chose from our suggestions, in an RCS (``body.text``) or WhatsApp message."""
    if not isinstance(body, dict):
        return None
    for part in (body.get("text"), body.get("suggestion_response")):
        said = part.get("body", part.get("text")) if isinstance(part, dict) else part
        if isinstance(said, str) and said:
            return said
    return None


def _require_sender(told: MessageReport) -> None:
    """Raise EventInvalid when an opt-out has nobody to hold it to: losing it unseen would be worse than an alarm."""
    if told.from_number is not None and numbers.is_sender(told.from_number):
        return
    raise EventInvalid(
        "payload.from.phone_number: is hidden or redacted, so this opt-out cannot be held to anybody; switch off"
        f" number redaction on messaging profile {told.messaging_profile_id or '(not named)'}"
    )
