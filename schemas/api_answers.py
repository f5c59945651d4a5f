"""What the HTTP API answers, as its OpenAPI document describes it; ``ledger.showing`` makes the answers themselves."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from marshmallow import EXCLUDE, Schema, fields

from core.campaigns import CampaignStatus, CarrierState
from core.consent import ConsentKind, Language, Tier
from core.deciding import Act
from core.inbox import InboxStatus
from core.outcomes import LedgerState
from schemas.api_fields import described

_ERROR = {"code": "request_invalid", "message": "send_at: has no zone; write Z or an offset such as +00:00"}


class Answer(Schema):
    """A part of an answer."""

    class Meta:
        """What marshmallow does with more than is named: the document promises nothing about it."""

        unknown = EXCLUDE


def text(description: str | None = None, *, null: bool = False, form: str | None = None) -> fields.String:
    """Return a text that is always there, though it may be null."""
    metadata = described(description) | ({"format": form} if form else {})
    return fields.String(required=True, allow_none=null, metadata=metadata)


def at(description: str | None = None, *, null: bool = False) -> fields.String:
    """Return a point in time that is always there, though it may be null."""
    return text(description, null=null, form="date-time")


def count(description: str | None = None, *, null: bool = False) -> fields.Integer:
    """Return a whole number that is always there, though it may be null."""
    return fields.Integer(required=True, allow_none=null, metadata=described(description))


def one_of(enum: type[StrEnum], *, null: bool = False) -> fields.Enum[Any]:
    """Return one of an enum's values, always there, though it may be null."""
    return fields.Enum(enum, by_value=fields.String(), required=True, allow_none=null)


def listed(schema: type[Schema]) -> fields.List[Any]:
    """Return a list that is always there."""
    return fields.List(fields.Nested(schema), required=True)


def enveloped(schema: type[Schema]) -> type[Schema]:
    """Return the schema of ``{"data": …}``."""
    return Answer.from_dict({"data": fields.Nested(schema, required=True)}, name=f"{schema.__name__}Answer")


def page(schema: type[Schema]) -> type[Schema]:
    """Return the schema of ``{"data": […], "next": …}``."""
    following = text("what to give as `after` for the next page; null on the last", null=True)
    return Answer.from_dict({"data": listed(schema), "next": following}, name=f"{schema.__name__}Page")


class ErrorDetail(Answer):
    """What went wrong."""

    code = text("stable, for programs")
    message = text("one line for people: the place, what is wrong with it, and often the remedy")


class Error(Answer):
    """The one shape of every error."""

    error = fields.Nested(ErrorDetail, required=True, metadata={"example": _ERROR})


class Consent(Answer):
    """One word of a recipient."""

    kind = one_of(ConsentKind)
    messaging_profile_id = text("null speaks for every profile", null=True)
    source = text("the way it came: `webhook`, `failover`, `telnyx_api` for Telnyx's own records, `api` or `cli`")
    evidence = text("the text that was sent, Telnyx's words, or the reason that was given", null=True)
    tier = one_of(Tier, null=True)
    languages = fields.List(
        fields.Enum(Language, by_value=fields.String()),
        required=True,
        metadata=described("in which it says so; none for what counts in every language"),
    )
    campaign = text("the campaign whose message it answered, as far as was known then", null=True)
    event_id = text("the event that brought it; of a settlement, `settled:` and the id of what it settled")
    occurred_at = at("when it was said")
    effective_at = at("when it counts from")
    received_at = at("when it was heard here")


class OptedOut(Answer):
    """An opt-out that was recorded."""

    phone_number = text()
    opted_out = fields.Boolean(required=True)
    cancelling = count("scheduled messages that are cancelled because of it")


class Campaign(Answer):
    """A campaign: our own word on it, and the carriers'."""

    key = text()
    status = one_of(CampaignStatus)
    ends_at = at(null=True)
    tcr_campaign_id = text("its id at The Campaign Registry", null=True)
    telnyx_campaign_id = text("Telnyx's UUID of it", null=True)
    time_zone = text("where its recipients are", null=True)
    carrier_state = one_of(CarrierState, null=True)
    carrier_event_id = text("the event that said so", null=True)
    linked = fields.List(fields.String(), required=True, metadata={"description": "its other names among campaigns"})


class Event(Answer):
    """An accepted event, without its bytes."""

    event_id = text("Telnyx's id of the event")
    event_type = text()
    status = one_of(InboxStatus)
    reason = text("why it is a dead letter, or why applying it failed last", null=True)
    occurred_at = at(null=True)
    received_at = at()
    applied_at = at(null=True)
    retry_at = at(null=True)
    source = text("the way it came")
    attempt = count("which of Telnyx's attempts brought it", null=True)
    delivered_to = text("the URL it was sent to", null=True)
    deliveries = count("how often it came")
    tries = count("how often applying it failed")
    crashes = count("how often a process ended while applying it, since it was last applied")
    acts = fields.Boolean(
        required=True, metadata={"description": "false when its last replay was one whose effects are off"}
    )
    replayed_at = at(null=True)
    replayed_by = text("`api` or `command line`", null=True)


class Replayed(Answer):
    """An event that is going to be applied again."""

    id = text("its `event_id`")
    status = one_of(InboxStatus)
    act = fields.Boolean(required=True, metadata={"description": "whether messages are cancelled because of it"})


class Decided(Answer):
    """A decision, in short."""

    verdict = one_of(Act)
    policy = text("the policy that objects; null when none does", null=True)
    reason = text()


class Registered(Answer):
    """A message as registered."""

    id = text("Telnyx's id of the message", form="uuid")
    ledger = one_of(LedgerState, null=True)
    send_at = at(null=True)
    cancel_by = at("until when a cancellation is sent", null=True)
    decision = fields.Nested(Decided, required=True, allow_none=True)
