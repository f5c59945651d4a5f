"""The envelope of a webhook: which event this is, and what it is about.

Read here is only what it takes to accept, identify and route an event. The
rest of the payload is read when the event is applied (``schemas.reading``),
and ends as the same dead letter when it cannot be.

The documented shape, https://developers.telnyx.com/docs/messaging/messages/receiving-webhooks::

    {"data": {"event_type": "message.received", "id": "5ed9ec04-…", "occurred_at": "2025-05-15T18:47:41.038+00:00",
              "payload": {"id": "1fa55452-…", …}, "record_type": "event"},
     "meta": {"attempt": 1, "delivered_to": "https://example.com/webhooks/telnyx"}}

Shapes that Telnyx sends as well: without ``meta``; a link click, whose fields
lie in ``data`` with neither ``id`` nor ``event_type``; a 10DLC campaign without any envelope.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypedDict

from marshmallow import EXCLUDE, Schema, ValidationError

from core.errors import EventInvalid
from core.inbox import URGENT, USUAL, InboxStatus
from schemas import fields, problems, strict_json
from schemas.instants import instant

#: Where webhooks are received.
WEBHOOK_PATH = "/webhooks/telnyx"
#: Where the failover process receives them too.
FAILOVER_PATH = "/webhooks/telnyx/failover"
INBOUND = "message.received"
FLAT_CAMPAIGN = "10dlc.campaign.update"
#: The events of a message's life: without a payload they say nothing.
_OF_A_MESSAGE = frozenset({INBOUND, "message.sent", "message.finalized", "message.read"})
_UNREADABLE = "unreadable"
_MAX_NAME = 200
_MAX_URL = 2000
#: What a signed 32-bit column holds.
_MAX_ATTEMPT = 2**31 - 1


@dataclass(frozen=True, slots=True)
class Envelope:
    """An event as sent, identified."""

    event_id: str
    """``data.id``; or ``derived:`` and the digest for what Telnyx sends without an id."""
    event_type: str
    occurred_at: datetime | None
    payload: dict[str, Any]
    data: dict[str, Any]
    record_type: str | None
    attempt: int | None
    delivered_to: str | None
    digest: str
    """SHA-256 of ``data`` in canonical form: ``meta`` changes with every delivery of one event."""

    @property
    def priority(self) -> int:
        """Return that of what may be an opt-out, or that of the rest, which can wait for it."""
        return URGENT if self.event_type == INBOUND else USUAL


class EnvelopeInvalid(EventInvalid):
    """The event is signed, but its envelope cannot be read."""

    def __init__(
        self, message: str, *, event_id: str | None = None, event_type: str | None = None, digest: str | None = None
    ) -> None:
        """Say what is wrong, and by which names the event can still be told from others."""
        super().__init__(message)
        self.event_id = event_id
        self.event_type = event_type
        self.digest = digest


def read(raw: bytes) -> Envelope:
    """Return the envelope of one verified request body. Raises EnvelopeInvalid with a one-line reason."""
    try:
        body = strict_json.read(raw)
    except ValueError as error:
        raise EnvelopeInvalid(f"the body {error}") from None
    if not isinstance(body, dict):
        raise EnvelopeInvalid("the body is not an object")
    if "data" not in body and _is_flat(body):
        digest = _digest(body)
        return Envelope(f"derived:{digest}", FLAT_CAMPAIGN, None, body, body, None, None, None, digest)
    data = body.get("data")
    if not isinstance(data, dict):
        raise EnvelopeInvalid("data: is not an object" if "data" in body else "data: is missing")
    return _enveloped(data, body.get("meta"))


class Told(TypedDict):
    """What a body tells of the event that it brings, by the names under which the event is stored."""

    event_id: str
    event_type: str
    occurred_at: datetime | None
    status: InboxStatus
    reason: str | None
    priority: int
    digest: str
    attempt: int | None
    delivered_to: str | None


def told(raw: bytes) -> Told:
    """Return what one verified request body tells, or that it is a dead letter, since it cannot be read."""
    try:
        event = read(raw)
    except EnvelopeInvalid as error:
        digest = error.digest or hashlib.sha256(raw).hexdigest()
        return Told(
            event_id=error.event_id or f"{InboxStatus.INVALID}:{digest}",
            event_type=error.event_type or _UNREADABLE,
            occurred_at=None,
            status=InboxStatus.INVALID,
            reason=str(error),
            priority=USUAL,
            digest=digest,
            attempt=None,
            delivered_to=None,
        )
    return Told(
        event_id=event.event_id,
        event_type=event.event_type,
        occurred_at=event.occurred_at,
        status=InboxStatus.PENDING,
        reason=None,
        priority=event.priority,
        digest=event.digest,
        attempt=event.attempt,
        delivered_to=event.delivered_to,
    )


def body_of(webhook: Mapping[str, Any]) -> bytes:
    """Return a body that carries an event which is told of otherwise than by a webhook; its digest is the same."""
    bare = "event_type" not in webhook and _is_flat(webhook)
    return _CANONICAL.encode(webhook if bare else {"data": webhook}).encode("ascii")


def _is_flat(body: Mapping[str, Any]) -> bool:
    return isinstance(body.get("campaignId"), str) and isinstance(body.get("type"), str)


def _enveloped(data: dict[str, Any], meta: object) -> Envelope:
    digest = _digest(data)
    try:
        loaded = _SCHEMA.load(data)
        event_type = loaded.get("event_type") or _type_of_record(loaded.get("record_type"))
        payload = _payload(data.get("payload"), event_type)
    except ValidationError as error:
        raise EnvelopeInvalid(
            problems.first(error.messages, within="data"),
            event_id=_name_or_none(data.get("id")),
            event_type=_name_or_none(data.get("event_type")),
            digest=digest,
        ) from None
    attempt, delivered_to = _delivery(meta)
    return Envelope(
        event_id=loaded.get("id") or f"derived:{digest}",
        event_type=event_type,
        occurred_at=loaded.get("occurred_at"),
        payload=payload,
        data=data,
        record_type=loaded.get("record_type"),
        attempt=attempt,
        delivered_to=delivered_to,
        digest=digest,
    )


def _name(raw: object) -> str:
    # Telnyx's own examples have the id "example-event-id", so a UUID is not asked for.
    if not isinstance(raw, str) or not raw.strip() or not raw.isprintable():
        raise ValueError("is not a name of printable characters")
    if len(raw) > _MAX_NAME:
        raise ValueError(f"is longer than {_MAX_NAME} characters")
    return raw


def _name_or_none(raw: object) -> str | None:
    try:
        return _name(raw)
    except ValueError:
        return None


class _DataSchema(Schema):
    class Meta:
        unknown = EXCLUDE

    id = fields.Told(_name)
    event_type = fields.Told(_name)
    record_type = fields.Told(_name)
    occurred_at = fields.Told(instant)


_SCHEMA = _DataSchema()


def _type_of_record(record_type: str | None) -> str:
    if record_type is None or record_type == "event":
        raise ValidationError({"event_type": ["is missing"]})
    return record_type


def _payload(raw: object, event_type: str) -> dict[str, Any]:
    """Return the payload; that of a message must say which message, and no other has to be there."""
    if not event_type.startswith("message.") or (raw is None and event_type not in _OF_A_MESSAGE):
        return raw if isinstance(raw, dict) else {}
    if not isinstance(raw, dict):
        raise ValidationError({"payload": ["is missing" if raw is None else "is not an object"]})
    try:
        fields.message_id(raw.get("id"))
    except ValueError as error:
        raise ValidationError({"payload": {"id": [str(error)]}}) from None
    return raw


def _delivery(meta: object) -> tuple[int | None, str | None]:
    """Return which attempt this is and to which URL, as far as ``meta`` says so; nothing depends on it."""
    if not isinstance(meta, Mapping):
        return None, None
    attempt, url = meta.get("attempt"), meta.get("delivered_to")
    counts = isinstance(attempt, int) and not isinstance(attempt, bool) and 0 <= attempt <= _MAX_ATTEMPT
    shows = isinstance(url, str) and url.isprintable() and len(url) <= _MAX_URL
    return attempt if counts else None, url if shows else None


_CANONICAL = json.JSONEncoder(sort_keys=True, separators=(",", ":"), check_circular=False)


def _digest(data: dict[str, Any]) -> str:
    return hashlib.sha256(_CANONICAL.encode(data).encode("ascii")).hexdigest()
