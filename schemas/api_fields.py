"""The fields that bodies and queries of the HTTP API are made of, each saying what is wrong in few words."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any

from marshmallow import RAISE, Schema, ValidationError, fields, pre_load, validate

from core import numbers, zones
from core.errors import RequestInvalid
from schemas import fields as told
from schemas.instants import instant
from schemas.problems import did_you_mean

#: What PostgreSQL refuses in a text: NUL, and halves of surrogate pairs.
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
_SHOWN = 60
_LONGEST_ZONE = 64

#: Marshmallow's own type for its messages.
Messages = dict[str, str | list[Any] | dict[Any, Any]]
MESSAGES: Messages = {"required": "is missing", "null": "is null; leave it out instead"}


class Strict(Schema):
    """An object of which every field is known: one that is misspelt would otherwise be lost without a word."""

    class Meta:
        """What marshmallow does with fields that it does not know."""

        unknown = RAISE

    error_messages = {"type": "is not an object"}  # noqa: RUF012 - marshmallow's name and type

    @pre_load
    def _refuse_unknown(self, data: object, **_: object) -> object:
        known = [field.data_key or name for name, field in self.fields.items()]
        for key in data if isinstance(data, Mapping) else ():
            if key not in known:
                raise ValidationError({quoted(key): [f"is not known here{did_you_mean(key, known)}"]})
        return data


def quoted(word: str) -> str:
    """Return somebody's word fit for a line of text."""
    return word if word.isprintable() and 0 < len(word) <= _SHOWN else repr(word[:_SHOWN])


def described(description: str | None) -> dict[str, Any]:
    """Return the metadata with which the OpenAPI document describes a field."""
    return {"description": description} if description else {}


class Text(fields.String):
    """A text of a bounded length that a database can hold."""

    default_error_messages: Messages = MESSAGES | {"invalid": "is not a text"}

    def __init__(
        self, *, longest: int, required: bool = False, allow_none: bool = False, description: str | None = None
    ) -> None:
        length = validate.Length(1, longest, error=f"must have 1 to {longest} characters")
        super().__init__(
            validate=[length, self.judge], required=required, allow_none=allow_none, metadata=described(description)
        )

    @staticmethod
    def judge(value: str) -> None:
        """Raise ValidationError for characters that a database refuses."""
        if _UNSTORABLE.search(value):
            raise ValidationError("has a NUL or half of a surrogate pair in it")


class Name(Text):
    """A text that things are looked up by: one line, and no blanks around it that nobody sees."""

    @staticmethod
    def judge(value: str) -> None:
        """Raise ValidationError for what cannot be seen."""
        if not value.isprintable():
            raise ValidationError("has characters in it that cannot be printed")
        if value != value.strip():
            raise ValidationError("begins or ends with a blank")


class TimeZone(Name):
    """The IANA name of a time zone; null where there is none."""

    def __init__(self, *, description: str) -> None:
        super().__init__(longest=_LONGEST_ZONE, allow_none=True, description=description)

    def _deserialize(self, value: object, attr: str | None, data: Mapping[str, Any] | None, **more: object) -> str:
        read: str = super()._deserialize(value, attr, data, **more)
        if zones.zone(read) is None:
            raise ValidationError("is not the name of a time zone, such as 'America/New_York'")
        return read


class PhoneNumber(fields.String):
    """A phone number, however it is formatted; read as E.164."""

    default_error_messages: Messages = MESSAGES | {"invalid": "is not a text"}

    def _deserialize(self, value: object, attr: str | None, data: Mapping[str, Any] | None, **more: object) -> str:
        return phone_number(super()._deserialize(value, attr, data, **more))


def phone_number(raw: str) -> str:
    """Return a phone number in E.164. Raises ValidationError when it is none."""
    try:
        read = told.phone_number(raw)
    except ValueError as error:
        raise ValidationError(str(error)) from None
    if read is None or numbers.e164(read) != read:
        raise ValidationError("is not a phone number with its country code, such as +15551230001")
    return read


def number_named(where: str, raw: str) -> str:
    """Return the phone number that stands in a path or an argument, in E.164. Raises RequestInvalid, naming where."""
    try:
        return phone_number(raw)
    except ValidationError as error:
        raise RequestInvalid(f"{where}: {error.messages[0]}") from None


class Instant(fields.DateTime):
    """A point in time with its zone."""

    default_error_messages: Messages = MESSAGES

    def _deserialize(
        self,
        value: object,
        attr: str | None,  # noqa: ARG002 - marshmallow's signature
        data: Mapping[str, Any] | None,  # noqa: ARG002 - marshmallow's signature
        **more: object,  # noqa: ARG002 - marshmallow's signature
    ) -> datetime:
        try:
            return instant(value)
        except ValueError as error:
            raise ValidationError(str(error)) from None


class Choice(fields.Enum[Any]):
    """One of an enum's values."""

    default_error_messages: Messages = MESSAGES | {"unknown": "is not one of: {choices}"}

    def __init__(
        self, enum: type[StrEnum], *, data_key: str | None = None, required: bool = False, allow_none: bool = False
    ) -> None:
        super().__init__(enum, by_value=fields.String(), data_key=data_key, required=required, allow_none=allow_none)

    def _deserialize(self, value: object, attr: str | None, data: Mapping[str, Any] | None, **more: object) -> StrEnum:
        if not isinstance(value, str):
            raise self.make_error("unknown", choices=self.choices_text)
        read: StrEnum = super()._deserialize(value, attr, data, **more)
        return read
