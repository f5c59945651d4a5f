"""Listings: a page at a time, newest or first by name, each page naming the place where the next begins."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from typing import Any

from marshmallow import fields, validate

from schemas import plain
from schemas.api_fields import MESSAGES, Messages, Strict, described

DEFAULT_LIMIT, MAX_LIMIT = 50, 500
_MAX_SEQ = 2**63 - 1
_PLACE = "the place where a page ends: what the page before gives as `next`"


def place(last: int | str) -> str:
    """Return the opaque name of the place after a row."""
    return base64.urlsafe_b64encode(str(last).encode()).decode().rstrip("=")


class AfterName(fields.Field[Any]):
    """The place after a row that has a name, under an opaque name of its own."""

    default_error_messages: Messages = MESSAGES | {
        "unreadable": "is no place in this listing; take it from 'next' of the page before"
    }

    def __init__(self) -> None:
        super().__init__(metadata=described(_PLACE) | {"type": "string"})

    def _deserialize(
        self,
        value: object,
        attr: str | None,  # noqa: ARG002 - marshmallow's signature
        data: Mapping[str, Any] | None,  # noqa: ARG002 - marshmallow's signature
        **more: object,  # noqa: ARG002 - marshmallow's signature
    ) -> object:
        try:
            name = str(value)
            read = base64.b64decode(name.encode("ascii") + b"=" * (-len(name) % 4), altchars=b"-_", validate=True)
            return self.read(read.decode())
        except (binascii.Error, ValueError):
            raise self.make_error("unreadable") from None

    def read(self, text: str) -> object:
        """Return the row's name, or raise ValueError."""
        if plain.text(text) != text:
            raise ValueError(text)
        return text


class AfterRow(AfterName):
    """The place after a row that has a number."""

    def read(self, text: str) -> int:
        """Return the row's number, or raise ValueError."""
        if not (text.isascii() and text.isdigit() and int(text) <= _MAX_SEQ):
            raise ValueError(text)
        return int(text)


class Paged(Strict):
    """The part of a query that says which page is wanted."""

    limit = fields.Integer(
        load_default=DEFAULT_LIMIT,
        validate=validate.Range(1, MAX_LIMIT, error=f"must be between 1 and {MAX_LIMIT}"),
        error_messages=MESSAGES
        | {"invalid": "is not a whole number", "too_large": f"must be between 1 and {MAX_LIMIT}"},
        metadata=described("how many rows a page has at most"),
    )
