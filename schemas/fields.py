"""How the fields of Telnyx's objects are read: strictly where we act on a value, leniently where we only keep it.

A lenient reading of what cannot be read is None, which says nothing, as if the
field were absent: an odd ``cost`` must not keep an opt-out from being applied.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from marshmallow import ValidationError, fields, missing

from core import numbers
from schemas import plain
from schemas.instants import instant

_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
#: A number that somebody formatted for reading. Not every text with digits is one: ``+1555***0001`` is redacted.
_FORMATTED_NUMBER = re.compile(r"\s*\+[0-9 ().\-/\N{NO-BREAK SPACE}]+\s*")
#: What our tables have room for in a name.
_MAX_NAME = 64


class Told(fields.Field[Any]):
    """A field read by one function: None says nothing, ValueError says what is wrong.

    It stands in for marshmallow's own steps around a field, which take longer
    than all the reading does: there are some thirty fields in every event.
    """

    def __init__(self, read: Callable[[Any], Any], *, data_key: str | None = None, required: bool = False) -> None:
        super().__init__(data_key=data_key, required=required)
        self.read = read

    def deserialize(
        self,
        value: object,
        attr: str | None = None,  # noqa: ARG002 - marshmallow's signature
        data: Mapping[str, Any] | None = None,  # noqa: ARG002 - marshmallow's signature
        **kwargs: object,  # noqa: ARG002 - marshmallow's signature
    ) -> plain.Json:
        """Return what the function reads, or nothing."""
        if value is missing or value is None:
            if self.required:
                raise ValidationError("is missing")
            return missing
        try:
            read = self.read(value)
        except ValueError as error:
            raise ValidationError(str(error)) from None
        return missing if read is None else read


def is_uuid(raw: str) -> bool:
    """Return True for a UUID in its canonical form: lower case, with dashes."""
    return _UUID.fullmatch(raw) is not None


def message_id(raw: object) -> str:
    """Return Telnyx's id of a message. It becomes part of a URL, so nothing but a canonical UUID will do."""
    if not isinstance(raw, str) or not is_uuid(raw):
        raise ValueError("is not a UUID in lower case with dashes")
    return raw


def name(raw: object) -> str | None:
    """Return a name that we look things up by, strictly: a text, not longer than any name is."""
    if not isinstance(raw, str):
        raise ValueError("is not a text")  # noqa: TRY004 - one error for all that is wrong
    if len(raw) > _MAX_NAME:
        raise ValueError(f"is longer than {_MAX_NAME} characters")
    return plain.text(raw) or None


def phone_number(raw: object) -> str | None:
    """Return a number in E.164, and what is none (short codes, alphanumeric senders, redacted numbers) as given."""
    given = name(raw)
    if given is None or not _FORMATTED_NUMBER.fullmatch(given):
        return given
    return numbers.e164(given) or given


def strict_text(raw: object) -> str:
    """Return a text that means something to us, strictly."""
    if not isinstance(raw, str):
        raise ValueError("is not a text")  # noqa: TRY004 - one error for all that is wrong
    return plain.text(raw)


def text(raw: object) -> str | None:
    """Return a text, leniently."""
    return plain.text(raw) if isinstance(raw, str) else None


def flag(raw: object) -> bool | None:
    """Return a truth value, leniently."""
    return raw if isinstance(raw, bool) else None


def count(raw: object) -> int | None:
    """Return a whole number, leniently."""
    if isinstance(raw, str) and raw.isascii() and raw.isdigit():
        raw = int(raw) if len(raw) < _MAX_NAME else None
    return raw if isinstance(raw, int) and not isinstance(raw, bool) and plain.number(raw) is not None else None


def seconds(raw: object) -> float | None:
    """Return a duration in seconds, leniently."""
    return plain.number(raw) if isinstance(raw, int | float) and not isinstance(raw, bool) else None


def moment(raw: object) -> str | None:
    """Return a time as ISO-8601 in UTC, leniently."""
    try:
        return instant(raw).isoformat().replace("+00:00", "Z")
    except ValueError:
        return None


def texts(raw: object) -> list[str] | None:
    """Return a list of texts, leniently: what is no text is left out."""
    return [plain.text(item) for item in raw if isinstance(item, str)] if isinstance(raw, list) else None


def objects(raw: object) -> list[dict[str, Any]] | None:
    """Return a list of objects, leniently: what is no object is left out."""
    return [plain.value(item) for item in raw if isinstance(item, Mapping)] if isinstance(raw, list) else None


def money(raw: object) -> dict[str, str | None] | None:
    """Return ``{"amount": "0.0051", "currency": "USD"}``, leniently; older messages have the bare amount."""
    if not isinstance(raw, Mapping):
        bare = plain.amount(raw)
        return None if bare is None else {"amount": bare, "currency": None}
    amount = plain.amount(raw.get("amount"))
    return None if amount is None else {"amount": amount, "currency": text(raw.get("currency"))}


def moneys(raw: object) -> dict[str, dict[str, str | None]] | None:
    """Return named amounts of money, leniently: what is no amount is left out."""
    if not isinstance(raw, Mapping):
        return None
    return {plain.text(str(key)): part for key, item in raw.items() if (part := money(item))}
