"""Accepted events in the HTTP API."""

from __future__ import annotations

from core.inbox import InboxStatus
from schemas.api_fields import Choice, Name
from schemas.api_pages import AfterRow, Paged

_LONGEST_TYPE = 255


class EventQuery(Paged):
    """Which events a listing shows."""

    after = AfterRow()
    status = Choice(InboxStatus)
    type = Name(longest=_LONGEST_TYPE, description="such as `message.received`")
