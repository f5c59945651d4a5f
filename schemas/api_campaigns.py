"""Campaigns in the HTTP API."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from marshmallow import ValidationError

from core.campaigns import CampaignStatus
from core.errors import RequestInvalid
from schemas import fields as told
from schemas.api_fields import Choice, Instant, Name, Strict, TimeZone, described
from schemas.api_messages import LONGEST_KEY
from schemas.api_pages import AfterName, Paged

_LONGEST_ID = 64


class CampaignId(Name):
    """An id that the carriers know a campaign by; a UUID is read in lower case, as events are."""

    def _deserialize(self, value: object, attr: str | None, data: Mapping[str, Any] | None, **more: object) -> str:
        read: str = super()._deserialize(value, attr, data, **more)
        return read.lower() if told.is_uuid(read.lower()) else read


class CampaignChange(Strict):
    """What is to change of a campaign; what is left out stays, and null clears."""

    status = Choice(CampaignStatus)
    ends_at = Instant(allow_none=True, metadata=described("nothing of it is to be sent from then on"))
    tcr_campaign_id = CampaignId(longest=_LONGEST_ID, allow_none=True, description="its id at The Campaign Registry")
    telnyx_campaign_id = CampaignId(longest=_LONGEST_ID, allow_none=True, description="Telnyx's UUID of it")
    time_zone = TimeZone(description="where its recipients are, for those whose own is not told: an IANA name")


class CampaignQuery(Paged):
    """Which campaigns a listing shows."""

    after = AfterName()


_KEY = Name(longest=LONGEST_KEY)


def key(raw: str) -> str:
    """Return a campaign's key as it may stand in a path. Raises RequestInvalid with what is wrong with it."""
    try:
        read: str = _KEY.deserialize(raw)
    except ValidationError as error:
        raise RequestInvalid(f"key: {error.messages[0]}") from None
    return read
