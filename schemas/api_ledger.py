"""The ledger's sums in the HTTP API: how they are asked for, and how they are answered."""

from __future__ import annotations

from datetime import date as Date  # noqa: N812 - named as a type
from enum import StrEnum

from marshmallow import fields

from core.errors import RequestInvalid
from core.outcomes import BreachCause
from schemas.api_answers import Answer, at, count, text
from schemas.api_fields import Choice, Name
from schemas.api_messages import LONGEST_KEY
from schemas.api_pages import AfterName, Paged, place

#: Before the key in the name of a place: the messages without a campaign have the place with nothing behind it.
_MARK = "="


class By(StrEnum):
    """What the sums are listed by."""

    CAMPAIGN = "campaign"
    DAY = "day"


class LedgerQuery(Paged):
    """Which sums are shown."""

    by = Choice(By)
    campaign = Name(longest=LONGEST_KEY, description="only the messages of this campaign")
    after = AfterName()


def after_campaign(told: str | None) -> str | None:
    """Return the key that a page of campaigns begins after. Raises RequestInvalid when it is no such place."""
    if told is not None and not told.startswith(_MARK):
        raise RequestInvalid("after: is no place in this listing; take it from 'next' of the page before")
    return told.removeprefix(_MARK) if told is not None else None


def after_day(told: str | None) -> Date | None:
    """Return the day that a page of days begins after. Raises RequestInvalid when it is no such place."""
    try:
        return Date.fromisoformat(told) if told is not None else None
    except ValueError:
        raise RequestInvalid("after: is no place in this listing; take it from 'next' of the page before") from None


def campaign_place(key: str | None) -> str:
    """Return the opaque name of the place after a campaign; None is that of the messages without one."""
    return place(f"{_MARK}{key or ''}")


class Sums(Answer):
    """How many messages were registered, and where they stand; the four add up to the first."""

    registered = count()
    pending = count("not decided by time yet")
    cancelled = count("called back, confirmed by Telnyx")
    released = count("let go, with the decision that let them")
    breach = count("should have been cancelled and were not")
    breach_causes = fields.Dict(
        keys=fields.String(),
        values=fields.Integer(),
        required=True,
        metadata={"description": f"how many of them, by cause: {', '.join(BreachCause)}"},
    )


class CampaignSums(Sums):
    """The sums of one campaign."""

    campaign = text("its key; null stands for messages that belong to none", null=True)


class DaySums(Sums):
    """The sums of the messages to be sent on one day."""

    day = fields.String(required=True, metadata={"format": "date", "description": "in UTC"})


class Forecast(Answer):
    """Whether the cancellations that wait will be in time."""

    waiting = count("cancellations that wait")
    done_at = at("when the last of them will be answered", null=True)
    late = count("how many of them will be too late, though they could still be in time")
    first_late_at = at("the deadline of the first of those", null=True)
    rate = fields.Float(required=True, metadata={"description": "cancellations a second"})
    latency_ms = count("how long Telnyx takes to answer, but for one request in a hundred")
    makes_it = fields.Boolean(required=True, metadata={"description": "none of them will be too late"})


class Ledger(Sums):
    """The sums of all messages, and what stands beside them. Of one campaign that is what is in doubt."""

    in_doubt = fields.Integer(
        metadata={"description": "requests to schedule whose answer was lost: Telnyx may hold the message"}
    )
    orphans = fields.Integer(metadata={"description": "sent on schedule without having come in through any door"})
    held = fields.Integer(metadata={"description": "pending messages that an operator holds"})
    cancelling = fields.Integer(metadata={"description": "pending messages whose cancellation is under way"})
    forecast = fields.Nested(Forecast)
