"""Holds in the HTTP API: what placing one may look like, and how one is shown."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from marshmallow import ValidationError, fields, validate

from core.errors import RequestInvalid
from core.holds import LONGEST, STANDS_FOR, HoldKind, HoldState
from core.scopes import Scope
from schemas import fields as told
from schemas import problems
from schemas.api_answers import Answer, at, count, one_of, text
from schemas.api_fields import MESSAGES, Choice, Instant, Name, Strict, Text, described, phone_number
from schemas.api_messages import LONGEST_KEY
from schemas.api_pages import AfterRow, Paged

_LONGEST_ID, _LONGEST_REASON = 64, 1_000
_DAYS, _HOURS = LONGEST.days, int(STANDS_FOR / timedelta(hours=1))
_MOST_SECONDS = int(LONGEST.total_seconds())


class NewHold(Strict):
    """What is to be held, why, and until when."""

    scope = Choice(Scope, required=True)
    value = Text(
        longest=LONGEST_KEY,
        allow_none=True,
        description="which campaign (by its key or an id of the carriers'), sender, recipient or messaging profile; "
        "nothing when all are meant",
    )
    reason = Text(longest=_LONGEST_REASON, required=True, description="shown with every message that it stops")
    expires_at = Instant(
        allow_none=True,
        metadata=described(
            f"when it opens by itself, at most {_DAYS} days ahead; null is never; left out, in {_HOURS} hours"
        ),
    )
    expires_in = fields.Integer(
        strict=True,
        validate=validate.Range(1, _MOST_SECONDS, error=f"must be between 1 and {_MOST_SECONDS}"),
        error_messages=MESSAGES | {"invalid": "is not a whole number of seconds"},
        metadata=described("the same in seconds from now; give one of the two"),
    )


class HoldQuery(Paged):
    """Which holds a listing shows."""

    after = AfterRow()
    kind = Choice(HoldKind)
    standing = fields.Boolean(
        error_messages=MESSAGES | {"invalid": "is neither true nor false"},
        metadata=described("true leaves out those that were lifted or have expired"),
    )


class LiftQuery(Strict):
    """Why a hold is lifted."""

    reason = Text(longest=_LONGEST_REASON, description="kept with the hold")


class Hold(Answer):
    """An operator's gate."""

    id = text(form="uuid")
    kind = one_of(HoldKind)
    scope = one_of(Scope)
    value = text("null when all messages are meant", null=True)
    reason = text()
    state = one_of(HoldState)
    pending = count("pending messages that it holds at the moment; 0 when it does not stand")
    placed_at = at()
    placed_by = text("`api` or `cli`")
    expires_at = at("null is never", null=True)
    lifted_at = at(null=True)
    lifted_by = text("`api` or `cli`", null=True)
    lift_reason = text(null=True)


@dataclass(frozen=True, slots=True)
class Wanted:
    """A hold as somebody wants it."""

    scope: Scope
    value: str
    reason: str
    expires_at: datetime | None


def wanted(body: Mapping[str, Any], *, now: datetime) -> Wanted:
    """Return what a body that was read asks for. Raises RequestInvalid with one line on what cannot be."""
    scope: Scope = body["scope"]
    return Wanted(scope, value_of(scope, body.get("value")), reason_of(body["reason"]), _expires_at(body, now=now))


def read(raw: Mapping[str, Any], *, now: datetime) -> Wanted:
    """Return what somebody asks for in the words of a body. Raises RequestInvalid with one line on what is wrong."""
    try:
        return wanted(_NEW_HOLD.load(raw), now=now)
    except ValidationError as error:
        raise RequestInvalid(problems.first(error.messages)) from None


def reason_of(raw: str) -> str:
    """Return a reason that says something. Raises RequestInvalid."""
    if not raw.strip():
        raise RequestInvalid("reason: is blank")
    return raw.strip()


def value_of(scope: Scope, raw: str | None) -> str:
    """Return which campaign, sender, recipient or profile is meant, as it is held. Raises RequestInvalid."""
    if scope is Scope.ALL:
        if raw:
            raise RequestInvalid("value: is given, but scope 'all' has none; leave it out, or name the scope it is of")
        return ""
    if not raw:
        raise RequestInvalid(f"value: is missing; say which {scope} is meant")
    try:
        return _read(scope, raw)
    except ValidationError as error:
        raise RequestInvalid(f"value: {error.messages[0]}") from None


def stands_until(expires_at: datetime, *, now: datetime) -> datetime:
    """Return the time when it lies ahead, and not absurdly far. Raises RequestInvalid."""
    if expires_at <= now:
        raise RequestInvalid("expires_at: has passed already")
    if expires_at - now > LONGEST:
        raise RequestInvalid(f"expires_at: is more than {_DAYS} days ahead; give null for a hold that never expires")
    return expires_at


def _read(scope: Scope, raw: str) -> str:
    if scope is Scope.RECIPIENT:
        return phone_number(raw)
    if scope is Scope.CAMPAIGN:
        return str(_KEY.deserialize(raw))
    name = str(_NAME.deserialize(raw))
    if scope is Scope.PROFILE:
        return name.lower() if told.is_uuid(name.lower()) else name
    return told.phone_number(name) or name


def _expires_at(body: Mapping[str, Any], *, now: datetime) -> datetime | None:
    if "expires_at" not in body:
        seconds = body.get("expires_in")
        return now + (STANDS_FOR if seconds is None else timedelta(seconds=seconds))
    if "expires_in" in body:
        raise RequestInvalid("expires_in: stands beside expires_at; give one of the two")
    expires_at: datetime | None = body["expires_at"]
    return None if expires_at is None else stands_until(expires_at, now=now)


_NEW_HOLD = NewHold()
_KEY = Name(longest=LONGEST_KEY)
_NAME = Name(longest=_LONGEST_ID)
