"""Accepted events in the HTTP API."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from marshmallow import fields, validate

from core.inbox import ANY_DEAD, InboxStatus
from schemas.api_fields import MESSAGES, Messages, Name, Strict, described
from schemas.api_pages import AfterRow, Paged

_LONGEST_TYPE = 255
_STATUSES = [each.value for each in InboxStatus] + [ANY_DEAD]


class EventQuery(Paged):
    """Which events a listing shows."""

    after = AfterRow()
    status = fields.String(
        validate=validate.OneOf(_STATUSES, error="is not one of: {choices}"),
        metadata=described("`dead` stands for all dead letters: accepted, and not applied"),
    )
    type = Name(longest=_LONGEST_TYPE, description="such as `message.received`")


class _Flag(fields.Boolean):
    """True or false, and no word that means it: a mistake here would cancel messages."""

    default_error_messages: Messages = MESSAGES | {"invalid": "is not true or false"}

    def _deserialize(self, value: object, attr: str | None, data: Mapping[str, Any] | None, **more: object) -> bool:
        if not isinstance(value, bool):
            raise self.make_error("invalid", input=value)
        return super()._deserialize(value, attr, data, **more)


class Replay(Strict):
    """How an event is to be applied again."""

    act = _Flag(
        load_default=False,
        metadata=described("cancel messages because of it; without, it is only recorded which would be"),
    )
