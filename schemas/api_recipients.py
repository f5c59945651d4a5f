"""Recipients in the HTTP API: what an opt-out looks like, and what is known of a number."""

from __future__ import annotations

from marshmallow import fields

from schemas.api_answers import Answer, Consent, count, listed, text
from schemas.api_fields import Name, PhoneNumber, Strict, Text, described
from schemas.api_stories import Request

_LONGEST_ID, _LONGEST_REASON = 64, 1_000


class OptOut(Strict):
    """Somebody's wish not to be texted any more."""

    phone_number = PhoneNumber(required=True)
    messaging_profile_id = Name(
        longest=_LONGEST_ID, allow_none=True, description="null, or nothing, speaks for every profile"
    )
    reason = Text(longest=_LONGEST_REASON, allow_none=True, description="kept as the evidence")


class Recipient(Answer):
    """What is known of a phone number."""

    phone_number = text()
    opted_out = fields.Boolean(required=True, metadata={"description": "an opt-out stands, for whichever profile"})
    consent = listed(Consent)
    pending = count("scheduled messages to this number that are still pending")
    requests_without_message = fields.List(
        fields.Nested(Request),
        required=True,
        metadata=described("the newest requests to send that were refused or declined, or whose answer was lost"),
    )
