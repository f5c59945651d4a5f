"""Forgiving in the HTTP API: having a number's failures count no more."""

from __future__ import annotations

from schemas.api_answers import Answer, at, count, text
from schemas.api_fields import Strict, Text

#: What our tables have room for.
LONGEST_REASON = 255


class Forgive(Strict):
    """Why a number's failures are to count no more."""

    reason = Text(
        longest=LONGEST_REASON, required=True, description="kept, and shown with what is decided because of it"
    )


class Forgiven(Answer):
    """A number whose failures count no more."""

    id = text("of the signal as which this is kept")
    phone_number = text()
    reason = text()
    forgiven_at = at("what failed by then counts no more")
    failures = count("what had failed to it since something was last delivered")
    pending = count("scheduled messages to this number that are still pending")
