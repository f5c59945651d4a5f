"""Recipients in the HTTP API: what an opt-out looks like, and what is known of a number."""

from __future__ import annotations

from marshmallow import fields, validate

from core.consent import UNCERTAIN, Meaning, Tier
from schemas.api_answers import Answer, Consent, count, listed, one_of, text
from schemas.api_fields import MESSAGES, Choice, Name, PhoneNumber, Strict, Text, described
from schemas.api_pages import AfterRow, Paged
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
    time_zone = text("as it was told", null=True)
    region = text("as it was told", null=True)
    opted_out = fields.Boolean(required=True, metadata={"description": "an opt-out stands, for whichever profile"})
    consent = listed(Consent)
    pending = count("scheduled messages to this number that are still pending")
    requests_without_message = fields.List(
        fields.Nested(Request),
        required=True,
        metadata=described("the newest requests to send that were refused or declined, or whose answer was lost"),
    )


class DoubtQuery(Paged):
    """Which page of the texts that wait for an operator is wanted."""

    after = AfterRow()
    tier = fields.String(
        load_default=Tier.DOUBTFUL,
        validate=validate.OneOf(sorted(UNCERTAIN), error="is not one of: {choices}"),
        error_messages=MESSAGES,
        metadata=described("`doubtful`, or `phrase` for what was taken for an opt-out by its wording alone"),
    )


class Doubt(Consent):
    """A text that may be an opt-out, and that nobody has settled."""

    phone_number = text()
    pending = count("scheduled messages to this number that are still pending")


class Settlement(Strict):
    """What an operator says a text meant."""

    means = Choice(Meaning, required=True)
    reason = Text(longest=_LONGEST_REASON, required=True, description="kept as the evidence")


class Settled(Answer):
    """A text that was settled."""

    phone_number = text()
    event_id = text("of the text")
    means = one_of(Meaning)
    opted_out = fields.Boolean(required=True, metadata=described("an opt-out stands, for whichever profile"))
    cancelling = count("scheduled messages that are cancelled because of it")
