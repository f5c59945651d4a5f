"""The lines of an import: ids of messages that are scheduled at Telnyx, and what their sender says of them.

A row of CSV has columns; a line of JSON is an id, an object with the columns' names, or what ``POST /v1/messages``
takes: Telnyx's message object, enveloped, bare, or with the sender's words beside it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from marshmallow import RAISE, ValidationError
from marshmallow import fields as marshmallow_fields

from core.errors import RequestInvalid
from core.facts import MessageClass
from schemas import api_messages, fields, problems, strict_json
from schemas.api_fields import MESSAGES, Strict, quoted
from schemas.api_messages import Sender

#: What a line may say. Tags of a row are separated by commas.
COLUMNS = ("id", "campaign", "class", "tags", "send_at")
#: So many columns that are passed over are named.
_SHOWN = 10


@dataclass(frozen=True, slots=True)
class Said:
    """What the sender of a message says of it."""

    campaign_key: str | None = None
    message_class: MessageClass | None = None
    tags: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class ImportLine:
    """One message to be imported."""

    message_id: str
    said: Said
    send_at: datetime | None
    """Serves where Telnyx's answer has none."""


class _MessageId(marshmallow_fields.String):
    """An id as somebody keeps it: other programs write UUIDs in upper case."""

    default_error_messages = MESSAGES | {"invalid": "is not a text"}

    def _deserialize(self, value: object, attr: str | None, data: Mapping[str, Any] | None, **more: object) -> str:
        read: str = super()._deserialize(value, attr, data, **more).strip().lower()
        if not fields.is_uuid(read):
            raise ValidationError(f"{quoted(read)} is not a message's id, which is a UUID with dashes")
        return read


class _Line(Strict, Sender):
    class Meta:
        unknown = RAISE

    id = _MessageId(required=True)


_LINE = _Line()
_DEFAULTS = _Line(only=("campaign", "message_class", "tags"))


def defaults(*, campaign: str | None, message_class: str | None, tags: str | None) -> Said:
    """Return what counts for lines that say nothing themselves. Raises RequestInvalid."""
    given = {"campaign": campaign, "class": message_class, "tags": None if tags is None else _split(tags)}
    try:
        return _said(_DEFAULTS.load({name: value for name, value in given.items() if value is not None}), Said())
    except ValidationError as error:
        raise RequestInvalid(f"--{problems.first(error.messages)}") from None


@dataclass(frozen=True, slots=True)
class Header:
    """The first row of a CSV file."""

    names: tuple[str, ...]

    @property
    def passed_over(self) -> list[str]:
        """Return the columns that mean nothing here, each with what may have been meant."""
        foreign = [name for name in self.names if name and name not in COLUMNS]
        missing = [name for name in COLUMNS if name not in self.names]
        shown = [f"{quoted(name)}{problems.did_you_mean(name, missing)}" for name in foreign[:_SHOWN]]
        return shown + [f"{len(foreign) - _SHOWN} more"] * (len(foreign) > _SHOWN)


def header(cells: Sequence[str]) -> Header:
    """Read the first row. Raises RequestInvalid when it does not say which column holds the ids."""
    names = tuple(cell.strip().lower() for cell in cells)
    twice = next((name for name in COLUMNS if names.count(name) > 1), None)
    if twice:
        raise RequestInvalid(f"the column {twice!r} is there twice; leave one of them out")
    if "id" in names:
        return Header(names)
    if any(fields.is_uuid(name) for name in names):
        raise RequestInvalid("the first line is no header; put one above it that names the columns, such as: id")
    found = ", ".join(quoted(name) for name in names[:_SHOWN])
    raise RequestInvalid(f"no column is called 'id' in the header ({found}); call the one with Telnyx's ids so")


def of_row(columns: Header, cells: Sequence[str], default: Said) -> ImportLine:
    """Read one row of CSV. Raises RequestInvalid with one line on what is wrong."""
    if len(cells) > len(columns.names):
        raise RequestInvalid(
            f"has {len(cells)} fields, and the header has {len(columns.names)}; quote those with commas"
        )
    row: dict[str, Any] = {
        name: cell.strip() for name, cell in zip(columns.names, cells, strict=False) if name in COLUMNS and cell.strip()
    }
    if "tags" in row:
        row["tags"] = _split(row["tags"])
    return _line(row, default)


def of_json(raw: bytes, default: Said, *, now: datetime) -> ImportLine:
    """Read one line of JSON. Raises RequestInvalid with one line on what is wrong."""
    bare = raw.strip().lower()
    if bare.isascii() and fields.is_uuid(bare.decode()):
        return _line({"id": bare.decode()}, default)
    try:
        value = strict_json.read(raw)
    except ValueError as error:
        raise RequestInvalid(str(error)) from None
    if isinstance(value, str):
        return _line({"id": value}, default)
    if not isinstance(value, Mapping):
        raise RequestInvalid("is neither an id nor an object with one")
    if "data" not in value and "to" not in value:
        return _line(value, default)
    new = api_messages.one(value, now=now)
    said = Said(
        new.campaign_key or default.campaign_key,
        new.message_class or default.message_class,
        default.tags if new.tags is None else new.tags,
    )
    return ImportLine(new.report.message_id, said, new.report.send_at)


def _line(told: Mapping[str, Any], default: Said) -> ImportLine:
    try:
        read = _LINE.load(told)
    except ValidationError as error:
        raise RequestInvalid(problems.first(error.messages)) from None
    return ImportLine(read["id"], _said(read, default), read.get("send_at"))


def _said(read: Mapping[str, Any], default: Said) -> Said:
    tags = read.get("tags")
    return Said(
        read.get("campaign") or default.campaign_key,
        read.get("message_class") or default.message_class,
        default.tags if tags is None else tuple(tags),
    )


def _split(tags: str) -> list[str]:
    return [tag.strip() for tag in tags.split(",") if tag.strip()]
