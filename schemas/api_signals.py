"""Signals in the HTTP API: what one may look like, alone or among many, and how one is shown."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any

from marshmallow import Schema, ValidationError, fields, validate

from core.errors import RequestInvalid
from core.facts import Signal, SignalKind
from schemas import problems
from schemas.api_answers import Answer, at, count, listed, one_of, text
from schemas.api_fields import MESSAGES, Choice, Instant, Name, PhoneNumber, Strict, described, quoted
from schemas.api_messages import NumberInQuery
from schemas.api_pages import AfterRow, Paged

#: What one request may tell.
MOST_SIGNALS = 1_000
_LONGEST = 255
_LARGEST = 10**12


class Kind(StrEnum):
    """What an application may signal."""

    GOAL = SignalKind.GOAL
    REVISION = SignalKind.REVISION


class NewSignal(Strict):
    """What an application says of a recipient, or of what messages are about."""

    id = Name(longest=_LONGEST, description="whoever repeats it repeats the signal; without one, each is a new one")
    kind = Choice(Kind, required=True)
    value = Name(
        longest=_LONGEST,
        required=True,
        description="of a goal its name, as in the label `until:purchase`; of a revision what has changed, as in the "
        "label `about:appointment-42`",
    )
    phone_number = PhoneNumber(
        allow_none=True, metadata=described("whose goal it is, or whose messages alone a revision concerns")
    )
    revision = fields.Integer(
        strict=True,
        allow_none=True,
        validate=validate.Range(0, _LARGEST, error=f"must be between 0 and {_LARGEST}"),
        error_messages=MESSAGES | {"invalid": "is not a whole number"},
        metadata=described("the latest, of kind `revision`; null says that what messages are about is no more"),
    )
    at = Instant(
        metadata=described("when it came about; now, when left out. It never counts from later than it was heard")
    )


class NewSignals(Schema):
    """Many signals at once."""

    signals = fields.List(fields.Nested(NewSignal), required=True, validate=validate.Length(1, MOST_SIGNALS))


class SignalQuery(Paged):
    """Which signals a listing shows."""

    after = AfterRow()
    phone_number = NumberInQuery(metadata=described("of whom they speak"))


class SignalShown(Answer):
    """A signal as it is kept."""

    id = text()
    kind = one_of(SignalKind)
    value = text()
    phone_number = text("null speaks of every recipient", null=True)
    revision = count("null, of a revision, says that it is no more", null=True)
    received_at = at("when it was heard here")
    at = at("when it counts from")


class SignalTaken(SignalShown):
    """A signal that was told."""

    is_new = fields.Boolean(required=True, metadata=described("false when its id was known; then nothing has changed"))


class TakenOne(Answer):
    """What became of a signal."""

    data = fields.Nested(SignalTaken, required=True)
    cancelling = count("scheduled messages that are cancelled because of it at once")


class TakenMany(Answer):
    """What became of many signals."""

    data = listed(SignalTaken)
    cancelling = count("scheduled messages that are cancelled because of them at once")


def told(body: object, *, now: datetime) -> list[Signal]:
    """Read one signal, or many. Raises RequestInvalid with one line on what is wrong first."""
    if not isinstance(body, Mapping):
        raise RequestInvalid("the body is not an object")
    if not is_many(body):
        return [one(body, now=now)]
    for key in body:
        if key != "signals":
            raise RequestInvalid(f"{quoted(key)}: belongs into each entry of 'signals', not beside it")
    entries = body["signals"]
    if not isinstance(entries, list):
        raise RequestInvalid("signals: is not a list")
    if not 0 < len(entries) <= MOST_SIGNALS:
        raise RequestInvalid(f"signals: has {len(entries):,} entries; send 1 to {MOST_SIGNALS:,} at a time")
    return [one(entry, now=now, place=f"signals[{index}]") for index, entry in enumerate(entries)]


def is_many(body: object) -> bool:
    """Return True when a body tells many signals."""
    return isinstance(body, Mapping) and "signals" in body


def one(entry: object, *, now: datetime, place: str = "") -> Signal:
    """Read one signal. Raises RequestInvalid with one line that names the place."""
    try:
        read = _NEW_SIGNAL.load(entry)  # type: ignore[arg-type]  # it says what is wrong with what is no object
        return _signal(read, now)
    except ValidationError as error:
        problem = problems.first(error.messages)
        at_once = "" if ": " in problem else ": "
        raise RequestInvalid(f"{place}{at_once or '.'}{problem}" if place else problem) from None


def _signal(read: Mapping[str, Any], now: datetime) -> Signal:
    kind = SignalKind(read["kind"])
    if kind is SignalKind.GOAL:
        if read.get("phone_number") is None:
            raise ValidationError({"phone_number": ["is missing; say whose goal it is"]})
        if "revision" in read:
            raise ValidationError({"revision": ["is of kind 'revision' only; leave it out"]})
    elif "revision" not in read:
        raise ValidationError({"revision": ["is missing; give the latest, or null when it is no more"]})
    return Signal(
        id=read.get("id") or f"signal:{uuid.uuid4()}",
        kind=kind,
        value=read["value"],
        at=read.get("at") or now,
        phone_number=read.get("phone_number"),
        revision=read.get("revision"),
    )


_NEW_SIGNAL = NewSignal()
