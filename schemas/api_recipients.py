"""Opt-outs in the HTTP API."""

from __future__ import annotations

from schemas.api_fields import Name, PhoneNumber, Strict, Text

_LONGEST_ID, _LONGEST_REASON = 64, 1_000


class OptOut(Strict):
    """Somebody's wish not to be texted any more."""

    phone_number = PhoneNumber(required=True)
    messaging_profile_id = Name(
        longest=_LONGEST_ID, allow_none=True, description="null, or nothing, speaks for every profile"
    )
    reason = Text(longest=_LONGEST_REASON, allow_none=True, description="kept as the evidence")
