"""Who sent a message and who gets it, in every form in which Telnyx writes that.

``from`` is an object, a plain number, or an RCS agent; ``to`` a list of objects,
a plain number (WhatsApp), or has RCS agents in it; ``cc`` is a list of objects or
of plain numbers. ``errors`` speak of everyone, or point at one entry.
Source: https://developers.telnyx.com/docs/messaging/messages/receiving-webhooks
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any, NamedTuple

from marshmallow import ValidationError

from core.reports import Addressee
from core.statuses import rank_of
from schemas import fields, plain

#: Far more than Telnyx gives reasons for one failure.
_MAX_ERRORS = 50
_POINTER = re.compile(r"/to/([0-9]{1,4})(?:/.*)?")


class Sender(NamedTuple):
    """A message's ``from``."""

    phone_number: str | None
    """None for an RCS agent, and when it is hidden or cannot be read."""
    about: dict[str, Any] | None
    """The rest of the object: ``carrier``, ``line_type``, ``agent_id``, ``status``."""


NOBODY = Sender(None, None)


class Entry(NamedTuple):
    """One entry of a message's ``to``."""

    address: str
    status: str | None
    carrier: str | None = None
    line_type: str | None = None


def sender(raw: object) -> Sender:
    """Read ``from``, leniently; who must know the sender asks for the number."""
    if not isinstance(raw, Mapping):
        raw = {"phone_number": raw}
    number = None
    with suppress(ValueError):
        number = fields.phone_number(raw.get("phone_number"))
    rest = {key: item for key, item in raw.items() if key != "phone_number" and item is not None}
    return Sender(number, plain.value(rest) or None)


def entries(raw: object) -> tuple[Entry, ...]:
    """Read ``to`` of a message of ours: every entry has an address."""
    listed = raw if isinstance(raw, list) else [raw]
    if not listed:
        raise ValueError("is empty")
    return tuple(_entry(item, index) for index, item in enumerate(listed))


def own_entries(raw: object) -> tuple[Entry, ...]:
    """Read ``to`` of a message to us, leniently: our own numbers, on which the sender's word must not hang."""
    read = []
    for index, item in enumerate(raw if isinstance(raw, list) else [raw]):
        try:
            read.append(_entry(item, index))
        except ValidationError:
            continue
    return tuple(read)


def _entry(raw: object, index: int) -> Entry:
    if not isinstance(raw, Mapping):
        raw = {"phone_number": raw}
    address = _part(raw, "phone_number", index, fields.phone_number) or _part(raw, "agent_id", index, fields.name)
    if address is None:
        raise ValidationError({index: {"phone_number": ["is missing"]}})
    status = _part(raw, "status", index, _status)
    return Entry(address, status, fields.text(raw.get("carrier")), fields.text(raw.get("line_type")))


def _status(raw: object) -> str | None:
    return fields.name(raw.lower() if isinstance(raw, str) else raw)


def _part(raw: Mapping[str, Any], key: str, index: int, read: Callable[[object], str | None]) -> str | None:
    value = raw.get(key)
    if value is None:
        return None
    try:
        return read(value)
    except ValueError as error:
        raise ValidationError({index: {key: [str(error)]}}) from None


def copies(raw: object) -> list[dict[str, Any]] | None:
    """Read ``cc``, leniently, as a list of objects."""
    if not isinstance(raw, list):
        return None
    return fields.objects([{"phone_number": item} if isinstance(item, str) else item for item in raw])


def errors(raw: object) -> list[dict[str, Any]] | None:
    """Read ``errors``, leniently; every ``code`` is a text, and a bare code becomes an object."""
    if not isinstance(raw, list):
        return None
    read = []
    for item in raw[:_MAX_ERRORS]:
        error = plain.value(item if isinstance(item, Mapping) else {"code": item})
        code = error.get("code")
        if isinstance(code, int) and not isinstance(code, bool):
            error["code"] = str(code)
        read.append(error)
    return read


def addressees(
    listed: tuple[Entry, ...], told: list[dict[str, Any]] | None, *, otherwise: str
) -> tuple[Addressee, ...]:
    """Return one addressee a number, each with the errors that concern it.

    ``otherwise`` is the status of an entry that has none. A number that is listed
    twice counts once, with the status that is further along.
    """
    aimed = None if told is None else [(_target(error, len(listed)), error) for error in told]
    found: dict[str, Addressee] = {}
    for index, entry in enumerate(listed):
        status = entry.status or otherwise
        concerning = None if aimed is None else tuple(error for target, error in aimed if target in {None, index})
        known = found.get(entry.address)
        if known is not None:
            concerning = None if concerning is None else (*(known.errors or ()), *concerning)
            status = max(known.status, status, key=rank_of)
        found[entry.address] = Addressee(entry.address, status, entry.carrier, entry.line_type, concerning)
    return tuple(found.values())


def _target(error: dict[str, Any], size: int) -> int | None:
    """Return which entry of ``to`` an error points at, or None when it concerns them all."""
    source = error.get("source")
    pointer = source.get("pointer") if isinstance(source, dict) else None
    match = _POINTER.fullmatch(pointer) if isinstance(pointer, str) else None
    target = int(match[1]) if match else size
    return target if target < size else None
