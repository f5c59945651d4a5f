"""Telnyx's message object, as it comes in webhooks and in the answers of the messages API.

Every field that the cancel page names is read; what has no place of its own in
a report stands in ``details`` under Telnyx's name: money as decimal text, times
as ISO-8601 in UTC. Fields that Telnyx adds later are passed over.
Source: https://developers.telnyx.com/api-reference/messages/cancel-a-scheduled-message
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal

from marshmallow import EXCLUDE, Schema, ValidationError

from core.errors import EventInvalid, RequestInvalid
from core.reports import MessageReport
from core.statuses import Status
from schemas import addressing, fields, plain, problems
from schemas.fields import Told
from schemas.instants import instant


class _Message(Schema):
    """The fields of every message."""

    class Meta:
        unknown = EXCLUDE

    id = Told(fields.message_id, required=True)
    direction = Told(fields.text)
    sender = Told(addressing.sender, data_key="from")
    messaging_profile_id = Told(fields.name)
    tcr_campaign_id = Told(fields.name)
    send_at = Told(instant)

    record_type = Told(fields.text)
    type = Told(fields.text)
    organization_id = Told(fields.text)
    text = Told(fields.text)
    subject = Told(fields.text)
    body = Told(plain.value)
    media = Told(fields.objects)
    cc = Told(addressing.copies)
    tags = Told(fields.texts)
    encoding = Told(fields.text)
    parts = Told(fields.count)
    num_chars = Told(fields.count)
    smart_encoding_applied = Told(fields.flag)
    cost = Told(fields.money)
    cost_breakdown = Told(fields.moneys)
    tcr_campaign_billable = Told(fields.flag)
    tcr_campaign_registered = Told(fields.text)
    webhook_url = Told(fields.text)
    webhook_failover_url = Told(fields.text)
    received_at = Told(fields.moment)
    sent_at = Told(fields.moment)
    completed_at = Told(fields.moment)
    valid_until = Told(fields.moment)
    wait_seconds = Told(fields.seconds)
    group_message_id = Told(fields.text)
    autoresponse_type = Told(fields.text)
    is_spam = Told(fields.flag)
    errors = Told(addressing.errors)


class _Outbound(_Message):
    """A message of ours: every recipient must be readable."""

    to = Told(addressing.entries, required=True)


class _Inbound(_Message):
    """A message to us: what the sender says must be readable."""

    to = Told(addressing.own_entries)
    text = Told(fields.strict_text)
    autoresponse_type = Told(fields.strict_text)


_OUTBOUND = _Outbound()
_INBOUND = _Inbound()


def outbound(
    payload: Mapping[str, Any], *, source_id: str, source: str, occurred_at: datetime, otherwise: str, final: bool
) -> MessageReport:
    """Return what an event says of a message of ours. Raises EventInvalid with one line on what cannot be read.

    ``otherwise`` is the status of a recipient for whom the event names none.
    """
    try:
        loaded = _OUTBOUND.load(payload)
    except ValidationError as error:
        raise EventInvalid(problems.first(error.messages, within="payload")) from None
    return _report(loaded, source_id, source, occurred_at, "outbound", otherwise=otherwise, final=final)


def inbound(payload: Mapping[str, Any], *, source_id: str, source: str, occurred_at: datetime) -> MessageReport:
    """Return what an event says of a message to us. Raises EventInvalid with one line on what cannot be read."""
    try:
        loaded = _INBOUND.load(payload)
    except ValidationError as error:
        raise EventInvalid(problems.first(error.messages, within="payload")) from None
    return _report(loaded, source_id, source, occurred_at, "inbound", otherwise=Status.RECEIVED, final=False)


def registered(body: Mapping[str, Any], *, send_at: datetime | None, now: datetime) -> MessageReport:
    """Return what Telnyx's answer to a POST says of the message it made, enveloped or bare.

    ``send_at`` serves where the answer has none. Raises RequestInvalid with one line on what cannot be read.
    """
    try:
        loaded = _OUTBOUND.load(_bare(body))
    except ValidationError as error:
        raise RequestInvalid(problems.first(error.messages)) from None
    if loaded.get("direction") == "inbound":
        raise RequestInvalid("direction: an inbound message is not one that could be cancelled")
    loaded.setdefault("send_at", send_at)
    return _report(
        loaded,
        f"registration:{loaded['id']}",
        "registration",
        _told_time(loaded) or now,
        "outbound",
        otherwise=Status.SCHEDULED if loaded["send_at"] else Status.QUEUED,
    )


def answered(
    body: object, *, source: Literal["cancel", "retrieve", "reconcile"], now: datetime
) -> MessageReport | None:
    """Return what Telnyx's answer to a cancel or retrieve call says of the message, enveloped or bare.

    ``source`` names the call, or the reason for a retrieve call: when it was made to reconcile.

    None when the answer is no message of ours with a status for every recipient; never raises.
    """
    try:
        loaded = _OUTBOUND.load(_bare(body))
    except ValidationError:
        return None
    if loaded.get("direction") == "inbound" or any(entry.status is None for entry in loaded["to"]):
        return None
    source_id = f"{source}:{loaded['id']}:{now.isoformat()}"
    return _report(loaded, source_id, source, now, "outbound", otherwise=Status.UNKNOWN)


def _bare(body: object) -> plain.Json:
    """Return the message object of an answer, which Telnyx envelopes in some answers and not in others."""
    if isinstance(body, Mapping) and "id" not in body and isinstance(body.get("data"), Mapping):
        return body["data"]
    return body


def _told_time(loaded: Mapping[str, Any]) -> datetime | None:
    received_at = loaded.get("received_at")
    return None if received_at is None else datetime.fromisoformat(received_at)


def _report(
    loaded: dict[str, Any],
    source_id: str,
    source: str,
    occurred_at: datetime,
    direction: str,
    *,
    otherwise: str,
    final: bool = False,
) -> MessageReport:
    """Return the report; what has no place of its own in it stays in ``loaded``, which becomes its details."""
    sender = loaded.pop("sender", addressing.NOBODY)
    if sender.about:
        loaded["from"] = sender.about
    loaded.pop("direction", None)
    return MessageReport(
        message_id=loaded.pop("id"),
        source_id=source_id,
        source=source,
        occurred_at=occurred_at,
        direction=direction,
        from_number=sender.phone_number,
        messaging_profile_id=loaded.pop("messaging_profile_id", None),
        addressees=addressing.addressees(loaded.pop("to", ()), loaded.get("errors"), otherwise=otherwise),
        send_at=loaded.pop("send_at", None),
        tcr_campaign_id=loaded.pop("tcr_campaign_id", None),
        final=final,
        details=loaded,
    )
