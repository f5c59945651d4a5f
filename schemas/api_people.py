"""Where recipients are, in the HTTP API."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from marshmallow import ValidationError

from core import area_codes
from schemas.api_answers import Answer, count, text
from schemas.api_fields import Name, Strict, TimeZone


class Region(Name):
    """A state or territory of the United States."""

    def __init__(self) -> None:
        description = "US state or territory by its two letters; told without a time zone, it tells the zones as well"
        super().__init__(longest=2, allow_none=True, description=description)

    def _deserialize(self, value: object, attr: str | None, data: Mapping[str, Any] | None, **more: object) -> str:
        read: str = super()._deserialize(value, attr, data, **more)
        region = read.upper()
        if region not in area_codes.REGIONS:
            raise ValidationError("is no US state or territory, such as 'FL'")
        return region


class PersonChange(Strict):
    """What is told of a recipient; what is left out stays, and null forgets it."""

    time_zone = TimeZone(description="IANA name; it counts before the campaign's and that of the area code")
    region = Region()


class Located(Answer):
    """What is known of a recipient's place."""

    phone_number = text()
    time_zone = text("as it was told", null=True)
    region = text("as it was told", null=True)
    pending = count("scheduled messages to this number that are still pending")
