"""The hand-over on the wire: what a failover process sends to the primary, and what that answers.

A request, of version 1; an answer has one ruling for each of its events::

    {"version": 1, "events": [{"id": 7, "received_at": "2026-03-01T12:00:00+00:00", "raw": "eyJkYXRhIjo…",
                               "signature": "…", "timestamp": "1772366400"}]}
    {"data": [{"id": 7, "verdict": "accepted", "reason": null}]}

``raw``, in base64, ``signature`` and ``timestamp`` are Telnyx's, as received; ``id`` is the sender's own name for the
row. Fields that are not known here are left alone: the two processes may be of different releases.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from marshmallow import EXCLUDE, Schema, ValidationError

from core.errors import ProcessorError, RequestInvalid
from schemas import problems, strict_json
from schemas.fields import Told, strict_text
from schemas.instants import instant

#: Where the primary takes events over.
HANDOVER_PATH = "/internal/handover"
VERSION = 1
MAX_EVENTS = 100
#: A dozen of the largest events there are, and a hundred of any usual size.
MAX_BODY = 4 * 1024 * 1024
#: What a row's number may be in SQLite.
_MAX_ID = 2**63 - 1
_FRAME = '{"version":%d,"events":[%s]}'


class Verdict(StrEnum):
    """What became of one event at the primary."""

    ACCEPTED = "accepted"
    DUPLICATE = "duplicate"
    """It was there before."""
    QUARANTINED = "quarantined"
    """Kept there as a dead letter, because it cannot be read."""
    HELD = "held"
    """Kept there as a dead letter, because its signature was too old or too new when it was received."""
    REFUSED = "refused"
    """Not kept there: it is not what Telnyx signed."""


#: The primary has the event for good.
TAKEN = frozenset({Verdict.ACCEPTED, Verdict.DUPLICATE, Verdict.QUARANTINED, Verdict.HELD})


class VersionUnknown(ProcessorError):
    """The hand-over is of a version that is not known here; upgrade the primary first."""

    code = "version_unknown"


@dataclass(frozen=True, slots=True)
class Handed:
    """One event on its way from the spool to the inbox."""

    id: int
    received_at: datetime
    """When the failover process received it."""
    raw: bytes
    signature: str
    timestamp: str


@dataclass(frozen=True, slots=True)
class Unreadable:
    """An event of a hand-over of which only the row is known."""

    id: int
    reason: str


@dataclass(frozen=True, slots=True)
class Ruling:
    """What the primary says of one event."""

    id: int
    verdict: Verdict
    reason: str | None = None


def encoded(event: Handed) -> str:
    """Return one event as it stands in a request."""
    return json.dumps(
        {
            "id": event.id,
            "received_at": event.received_at.isoformat(),
            "raw": base64.b64encode(event.raw).decode("ascii"),
            "signature": event.signature,
            "timestamp": event.timestamp,
        }
    )


def request(events: Sequence[str]) -> bytes:
    """Return the request with these encoded events."""
    return (_FRAME % (VERSION, ",".join(events))).encode("ascii")


def fitting(events: Sequence[str]) -> int:
    """Return how many of the encoded events, from the first on, one request can hold."""
    size = len(request(()))
    for count, event in enumerate(events):
        size += len(event) + 1
        if count == MAX_EVENTS or size > MAX_BODY:
            return count
    return len(events)


def read_request(raw: bytes) -> list[Handed | Unreadable]:
    """Return the events of a request. Raises RequestInvalid when it is no hand-over, or VersionUnknown."""
    try:
        body = strict_json.read(raw)
    except ValueError as error:
        raise RequestInvalid(f"the body {error}") from None
    if not isinstance(body, dict):
        raise RequestInvalid("the body is not an object")
    if body.get("version") != VERSION or isinstance(body["version"], bool):
        raise VersionUnknown
    try:
        told = _REQUEST.load(body)
    except ValidationError as error:
        raise RequestInvalid(problems.first(error.messages)) from None
    return [_event(row_id, event) for row_id, event in told["events"]]


def _event(row_id: int, event: dict[str, Any]) -> Handed | Unreadable:
    try:
        return Handed(id=row_id, **_EVENT.load(event))
    except ValidationError as error:
        return Unreadable(row_id, problems.first(error.messages))


def answer(rulings: Sequence[Ruling]) -> bytes:
    """Return the answer that says so."""
    return json.dumps({"data": [asdict(each) for each in rulings]}).encode("ascii")


def read_answer(raw: bytes, *, asked: Collection[int]) -> list[Ruling]:
    """Return what an answer says of the rows that were asked about, and nothing for those of which it says nothing.

    Raises ValueError when it is no answer to a hand-over.
    """
    body = strict_json.read(raw)
    data = body.get("data") if isinstance(body, dict) else None
    if not isinstance(data, list):
        raise ValueError("has no list of verdicts")  # noqa: TRY004 - one error for all that is wrong
    rulings: dict[int, Ruling] = {}
    for each in data:
        try:
            ruling = Ruling(**_RULING.load(each))
        except ValidationError:
            # A verdict of a later release, say: it is none.
            continue
        if ruling.id in asked:
            rulings.setdefault(ruling.id, ruling)
    return list(rulings.values())


def _row_id(given: object) -> int:
    if not isinstance(given, int) or isinstance(given, bool) or not 0 < given <= _MAX_ID:
        raise ValueError("is not a positive whole number")
    return given


def _events(given: object) -> list[tuple[int, dict[str, Any]]]:
    if not isinstance(given, list):
        raise ValueError("is not a list")  # noqa: TRY004 - one error for all that is wrong
    if len(given) > MAX_EVENTS:
        raise ValueError(f"has more than {MAX_EVENTS} events")
    events = []
    for place, event in enumerate(given):
        if not isinstance(event, dict):
            raise ValueError(f"has no object in place {place}")  # noqa: TRY004 - one error for all that is wrong
        try:
            events.append((_row_id(event.get("id")), event))
        except ValueError as error:
            raise ValueError(f"has an id in place {place} that {error}") from None
    if len({row_id for row_id, _ in events}) < len(events):
        raise ValueError("has an id twice")
    return events


def _bytes(given: object) -> bytes:
    if not isinstance(given, str):
        raise ValueError("is not a text")  # noqa: TRY004 - one error for all that is wrong
    try:
        return base64.b64decode(given, validate=True)
    except (binascii.Error, ValueError):
        raise ValueError("is not base64") from None


class _Request(Schema):
    class Meta:
        unknown = EXCLUDE

    events = Told(_events, required=True)


class _Event(Schema):
    class Meta:
        unknown = EXCLUDE

    received_at = Told(instant, required=True)
    raw = Told(_bytes, required=True)
    signature = Told(strict_text, required=True)
    timestamp = Told(strict_text, required=True)


class _Ruling(Schema):
    class Meta:
        unknown = EXCLUDE

    error_messages = {"type": "is not an object"}  # noqa: RUF012 - marshmallow's name and type

    id = Told(_row_id, required=True)
    verdict = Told(Verdict, required=True)
    reason = Told(strict_text)


_REQUEST, _EVENT, _RULING = _Request(), _Event(), _Ruling()
