"""The event that a messaging profile has reached its daily limit at Telnyx.

Source: https://developers.telnyx.com/docs/messaging/messages/configurable-spend-limits
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from marshmallow import EXCLUDE, Schema, ValidationError

from core.errors import EventInvalid
from core.reports import SpendLimitReport
from schemas import fields, problems
from schemas.fields import Told

EVENT_TYPE = "messaging-profile.spend-limit-reached"


class _Reached(Schema):
    class Meta:
        unknown = EXCLUDE

    profile_id = Told(fields.name, required=True)


_REACHED = _Reached()


def reached(payload: Mapping[str, Any], *, source_id: str, occurred_at: datetime) -> SpendLimitReport:
    """Return what the event says. Raises EventInvalid when it names no profile."""
    try:
        loaded = _REACHED.load(payload)
    except ValidationError as error:
        raise EventInvalid(problems.first(error.messages, within="payload")) from None
    if "profile_id" not in loaded:
        raise EventInvalid("payload.profile_id: is empty")
    return SpendLimitReport(source_id, occurred_at, loaded["profile_id"])
