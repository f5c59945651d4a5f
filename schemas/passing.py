"""What a request to send says, as far as it is judged by it: the body is Telnyx's, the ``Rescind-`` headers are ours.

A body that Telnyx might read otherwise than we do must not pass: what cannot be
read strictly is refused. What Telnyx itself would refuse is left to Telnyx.
Source: https://developers.telnyx.com/docs/messaging/messages/schedule-message
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl

from marshmallow import EXCLUDE, Schema, ValidationError

from core import numbers
from core.errors import RequestInvalid
from core.facts import MessageClass
from core.fingerprints import fingerprint
from core.intents import text_digest
from schemas import addressing, fields, problems, strict_json
from schemas.api_messages import Sender
from schemas.fields import Told
from schemas.instants import instant

#: Telnyx takes eight in a group.
_MOST_RECIPIENTS = 50
#: By header, the name under which a registration has the same.
HEADERS: Mapping[str, str] = {
    "Rescind-Campaign": "campaign",
    "Rescind-Class": "class",
    "Rescind-Tags": "tags",
}
_JUDGED_BY = ("to", "from", "send_at", "messaging_profile_id", "text")


@dataclass(frozen=True, slots=True)
class Outgoing:
    """What is to be sent, to whom and when."""

    recipients: tuple[str, ...]
    """In E.164; none when the body names none, which Telnyx will refuse."""
    from_number: str | None
    messaging_profile_id: str | None
    send_at: datetime | None
    text_digest: str | None
    fingerprint: str | None = None
    """By which messages that say the same are known; None when there is no text."""
    body_digest: str | None = None
    """By which the same request is known, whatever else there is in it: pictures, say."""


@dataclass(frozen=True, slots=True)
class Said:
    """What a caller says of a message beside what Telnyx is to know."""

    campaign_key: str | None
    message_class: MessageClass | None
    tags: tuple[str, ...] | None


def recipients(raw: object) -> tuple[str, ...]:
    """Read ``to``: a number, or a list of them. Raises ValueError for one that no opt-out could be matched with."""
    listed = raw if isinstance(raw, list) else [raw]
    if len(listed) > _MOST_RECIPIENTS:
        raise ValueError(f"has more than {_MOST_RECIPIENTS} entries")
    read = []
    for entry in listed:
        given = entry.get("phone_number") if isinstance(entry, Mapping) else entry
        number = fields.phone_number(given)
        if number is None or numbers.e164(number) != number:
            raise ValueError("is not a phone number with its country code, such as +15551230001")
        read.append(number)
    return tuple(dict.fromkeys(read))


def _time(raw: object) -> datetime | None:
    """Read ``send_at``; what is no time is judged as if it were now, and left to Telnyx."""
    try:
        return instant(raw)
    except ValueError:
        pass
    try:
        # What Telnyx makes of a time without a zone is not documented. Its answer says, and that is what counts.
        return instant(f"{raw}+00:00").astimezone(UTC) if isinstance(raw, str) else None
    except ValueError:
        return None


class _Body(Schema):
    class Meta:
        unknown = EXCLUDE

    to = Told(recipients)
    sender = Told(addressing.sender, data_key="from")
    messaging_profile_id = Told(fields.name)
    send_at = Told(_time)
    text = Told(fields.text)


_BODY = _Body()
_SAID = Sender(only=("campaign", "message_class", "tags"))


def outgoing(raw: bytes) -> Outgoing:
    """Read the body of a request to send. Raises RequestInvalid with one line on what cannot be read."""
    if not raw:
        return Outgoing((), None, None, None, None)
    try:
        body = strict_json.read(raw)
    except ValueError as error:
        raise RequestInvalid(f"the body {error}") from None
    if not isinstance(body, Mapping):
        raise RequestInvalid("the body is not an object")
    try:
        read: dict[str, Any] = _BODY.load(body)
    except ValidationError as error:
        raise RequestInvalid(problems.first(error.messages)) from None
    return Outgoing(
        recipients=read.get("to", ()),
        from_number=read.get("sender", addressing.NOBODY).phone_number,
        messaging_profile_id=read.get("messaging_profile_id"),
        send_at=read.get("send_at"),
        text_digest=text_digest(read.get("text")),
        fingerprint=fingerprint(read["text"]) if read.get("text") else None,
        body_digest=hashlib.sha256(raw).hexdigest(),
    )


def refuse_query(query: str) -> None:
    """Raise RequestInvalid for a query that a server might take for a part of the body."""
    for name, _ in parse_qsl(query, keep_blank_values=True):
        if name.partition("[")[0] in _JUDGED_BY:
            raise RequestInvalid(f"{name.partition('[')[0]}: belongs into the body, not into the query")


def said(headers: Mapping[str, str]) -> Said:
    """Read those of a caller's headers that begin with ``Rescind-``, by their names.

    Raises RequestInvalid with one line that names the header.
    """
    told: dict[str, object] = {}
    for header, packed in headers.items():
        if header not in HEADERS:
            raise RequestInvalid(f"{header}: is not known here{problems.did_you_mean(header, HEADERS)}")
        name, given = HEADERS[header], _unpacked(header, packed).strip()
        if given:
            told[name] = [tag.strip() for tag in given.split(",") if tag.strip()] if name == "tags" else given
    try:
        read = _SAID.load(told)
    except ValidationError as error:
        name = next(iter(error.messages_dict))
        header = next(header for header, its in HEADERS.items() if its == name)
        problem = problems.first(error.messages)
        raise RequestInvalid(f"{header}{problem[len(name) :]}") from None
    tags = read.get("tags")
    return Said(read.get("campaign"), read.get("message_class"), None if tags is None else tuple(tags))


def errors(raw: bytes) -> list[dict[str, Any]]:
    """Read the errors in Telnyx's answer, leniently; none when there is nothing to be read."""
    try:
        body = strict_json.read(raw)
    except ValueError:
        return []
    return addressing.errors(body.get("errors")) or [] if isinstance(body, Mapping) else []


def _unpacked(header: str, given: str) -> str:
    """Return a header's text; WSGI reads its bytes as Latin-1."""
    try:
        return given.encode("latin-1").decode("utf-8")
    except UnicodeError:
        raise RequestInvalid(f"{header}: is not UTF-8") from None
