"""Messages in the HTTP API: what a registration may look like, and what a listing may be asked for.

A registration is Telnyx's own answer to a POST, enveloped or bare, or such an
answer with what its sender says of it beside it::

    {"data": {"id": "40385f64-…", "to": […], "send_at": "…"}, "campaign": "spring-sale", "class": "marketing"}

or many of those: ``{"messages": […]}``.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from marshmallow import EXCLUDE, Schema, ValidationError, fields, validate

from core.errors import RequestInvalid
from core.facts import MessageClass
from core.outcomes import LedgerState
from core.reports import MessageReport
from schemas import message, problems
from schemas.api_fields import MESSAGES, Choice, Instant, Messages, Name, PhoneNumber, described, quoted
from schemas.api_pages import AfterRow, Paged

#: What one request may register.
MOST_MESSAGES = 1_000
LONGEST_KEY = 255
_LONGEST_TAG, _MOST_TAGS = 100, 50
_LIST: Messages = MESSAGES | {"invalid": "is not a list"}


@dataclass(frozen=True, slots=True)
class NewMessage:
    """A message as somebody registers it."""

    report: MessageReport
    campaign_key: str | None
    message_class: MessageClass | None
    tags: tuple[str, ...] | None


@dataclass(frozen=True, slots=True)
class Refusal:
    """One of many messages that cannot be registered, and why."""

    index: int
    message: str


class Sender(Schema):
    """What the sender of a message says of it, beside Telnyx's answer."""

    class Meta:
        """What Telnyx's answer holds is read elsewhere."""

        unknown = EXCLUDE

    campaign = Name(
        longest=LONGEST_KEY,
        allow_none=True,
        description="the sender's own name of the campaign; without one, the message's 10DLC campaign",
    )
    message_class = Choice(MessageClass, data_key="class", allow_none=True)
    send_at = Instant(allow_none=True, metadata=described("serves where Telnyx's answer has none"))
    tags = fields.List(
        Name(longest=_LONGEST_TAG),
        allow_none=True,
        validate=validate.Length(max=_MOST_TAGS, error=f"has more than {_MOST_TAGS} entries"),
        error_messages=_LIST,
    )


_SENDER = Sender()
#: Comparing words takes long, and there may be a hundred thousand of them.
_LOOKED_AT = 10
_BESIDE = ("data", "campaign", "class", "send_at", "tags")


class NumberInQuery(PhoneNumber):
    """A phone number in a query, where a plus that is not written as ``%2B`` comes as a blank."""

    def _deserialize(self, value: object, attr: str | None, data: Mapping[str, Any] | None, **more: object) -> str:
        if isinstance(value, str) and value.startswith(" "):
            value = f"+{value[1:]}"
        return super()._deserialize(value, attr, data, **more)


class MessageQuery(Paged):
    """Which messages a listing shows."""

    after = AfterRow()
    ledger = Choice(LedgerState)
    campaign = Name(longest=LONGEST_KEY)
    to = NumberInQuery(metadata=described("a recipient's number"))
    orphans = fields.Boolean(
        truthy={"true"},
        falsy={"false"},
        error_messages=MESSAGES | {"invalid": "is neither true nor false"},
        metadata=described("only those that were sent on schedule without having come in through any door"),
    )


def is_many(body: object) -> bool:
    """Return True when a body registers many messages."""
    return isinstance(body, Mapping) and "messages" in body


def one(body: object, *, now: datetime, place: str = "") -> NewMessage:
    """Read the registration of one message. Raises RequestInvalid with one line that names the place."""
    if not isinstance(body, Mapping):
        raise RequestInvalid(_at(place, "is not an object") if place else "the body is not an object")
    if "data" not in body:
        return _bare(body, now, place)
    _refuse_misspelt(body, place)
    if not isinstance(body["data"], Mapping):
        raise RequestInvalid(_at(place, "data: is not an object"))
    try:
        said = _SENDER.load(body)
    except ValidationError as error:
        raise RequestInvalid(_at(place, problems.first(error.messages))) from None
    tags = said.get("tags")
    return NewMessage(
        report=_report(body["data"], f"{place}.data" if place else "data", said.get("send_at"), now),
        campaign_key=said.get("campaign"),
        message_class=said.get("message_class"),
        tags=None if tags is None else tuple(tags),
    )


def many(body: Mapping[str, Any], *, now: datetime) -> tuple[dict[int, NewMessage], list[Refusal]]:
    """Read many registrations: the readable ones by their place in the list, and what is wrong with the others.

    Raises RequestInvalid when there is no list to read.
    """
    for key in body:
        if key != "messages":
            raise RequestInvalid(f"{quoted(key)}: belongs into each entry of 'messages', not beside it")
    listed = body["messages"]
    if not isinstance(listed, list):
        raise RequestInvalid("messages: is not a list")
    if not 0 < len(listed) <= MOST_MESSAGES:
        raise RequestInvalid(f"messages: has {len(listed):,} entries; send 1 to {MOST_MESSAGES:,} at a time")
    readable: dict[int, NewMessage] = {}
    refused: list[Refusal] = []
    for index, entry in enumerate(listed):
        try:
            readable[index] = one(entry, now=now, place=f"messages[{index}]")
        except RequestInvalid as error:
            refused.append(Refusal(index, str(error)))
    return readable, refused


def _refuse_misspelt(body: Mapping[str, Any], place: str) -> None:
    """Refuse what somebody meant to tell us; what Telnyx may come to put beside its data is passed over."""
    unknown = (key for key in body if key not in _BESIDE)
    for key in itertools.islice(unknown, _LOOKED_AT):
        if hint := problems.did_you_mean(key, _BESIDE):
            raise RequestInvalid(_at(place, f"{quoted(key)}: is not known here{hint}"))


def _bare(body: Mapping[str, Any], now: datetime, place: str) -> NewMessage:
    """Read Telnyx's message object alone; our own words for it have no place inside."""
    for key in ("campaign", "class"):
        if key in body:
            raise RequestInvalid(_at(place, f'{key}: belongs beside the message: {{"data": <message>, "{key}": …}}'))
    return NewMessage(_report(body, place, None, now), campaign_key=None, message_class=None, tags=None)


def _report(told: Mapping[str, Any], place: str, send_at: datetime | None, now: datetime) -> MessageReport:
    try:
        return message.registered(told, send_at=send_at, now=now)
    except RequestInvalid as error:
        raise RequestInvalid(_at(place, str(error))) from None


def _at(place: str, problem: str) -> str:
    """Put a place before a problem, which may begin with a path of its own: ``messages[3]`` and ``data.id: …``."""
    path, colon, _ = problem.partition(": ")
    if not place:
        return problem
    return f"{place}.{problem}" if colon and " " not in path else f"{place}: {problem}"
