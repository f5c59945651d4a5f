"""How the settings of a policy are read: each field of its dataclass by its type, so that a policy says them once."""

from __future__ import annotations

import types
from collections.abc import Callable, Iterable, Mapping
from dataclasses import fields
from datetime import time, timedelta
from decimal import Decimal
from enum import StrEnum
from functools import partial
from re import compile as pattern
from reprlib import Repr
from typing import Any, Union, get_args, get_origin, get_type_hints
from zoneinfo import ZoneInfo

from marshmallow import Schema

from core import zones
from core.errors import SettingsError
from schemas import plain
from schemas.fields import Told

#: Marshmallow has no hook to word it otherwise.
UNKNOWN = "is unknown"
_DURATION = pattern(r"([0-9]{1,9})([dhms])")
_UNITS = {"d": "days", "h": "hours", "m": "minutes", "s": "seconds"}
_AMOUNT = pattern(r"[0-9]{1,9}(\.[0-9]{1,6})?")
_TIME_OF_DAY = pattern(r"([01]?[0-9]|2[0-3]):([0-5][0-9])")
#: Telnyx schedules five days ahead, so nothing waits longer.
_LONGEST = timedelta(days=365)

_shorten = Repr()
_shorten.maxstring = _shorten.maxother = 100

Read = Callable[[object], Any]


def table_of(name: str, settings: type) -> type[Schema]:
    """Return the schema of a table that holds these settings. Raises SettingsError for a type nobody can write.

    A field's ``metadata`` may bound a number: ``{"least": 1, "most": 100}``.
    """
    hints = get_type_hints(settings)
    described: dict[str, Any] = {}
    for field in fields(settings):
        read = _reader(hints[field.name], field.metadata)
        if read is None:
            raise SettingsError(f"policy {name}: setting {field.name!r} is of a type that no file can hold")
        described[field.name] = Told(read)
    return Table.from_dict(described, name=name)


class Table(Schema):
    """A table of the file."""

    error_messages = {"unknown": UNKNOWN, "type": "is not a table"}  # noqa: RUF012 - marshmallow's way to say it


def listed(words: Iterable[str], last: str) -> str:
    """Return words as a list in a sentence."""
    quoted = [f"'{word}'" for word in words]
    return f"{', '.join(quoted[:-1])} {last} {quoted[-1]}" if len(quoted) > 1 else "".join(quoted)


def wanted_number(kind: type[int | float], bounds: Mapping[str, Any]) -> str:
    """Return which numbers a setting takes, such as ``a whole number from 1 to 100``."""
    least, most = bounds.get("least"), bounds.get("most")
    parts = (
        "a whole number" if kind is int else "a number",
        f"from {least}" if least is not None else "",
        f"to {most}" if most is not None else "",
    )
    return " ".join(part for part in parts if part)


def _reader(hint: Any, bounds: Mapping[str, Any]) -> Read | None:  # noqa: ANN401 - a type, or what stands for one
    if get_origin(hint) in {types.UnionType, Union}:
        (hint,) = [each for each in get_args(hint) if each is not type(None)] or [None]
    if get_origin(hint) in {frozenset, tuple}:
        kind = get_args(hint)[0]
        if isinstance(kind, type) and issubclass(kind, StrEnum):
            return partial(_choices, kind, get_origin(hint))
        return partial(_texts, get_origin(hint)) if kind is str else None
    if isinstance(hint, type) and issubclass(hint, StrEnum):
        return partial(_choice, hint)
    readers: dict[object, Read] = {
        bool: _flag,
        int: partial(_number, int, bounds),
        float: partial(_number, float, bounds),
        Decimal: _amount,
        timedelta: _duration,
        time: _time_of_day,
        ZoneInfo: _zone,
        str: _text,
    }
    return readers.get(hint)


def _shown(raw: object) -> str:
    """Return a value as a line has room for it."""
    return _shorten.repr(raw)


def _is_text(raw: object) -> bool:
    # With a character that a database refuses, no decision by these settings could be written down.
    return isinstance(raw, str) and raw.strip() != "" and plain.text(raw) == raw


def _choice(kind: type[StrEnum], raw: object) -> StrEnum:
    if isinstance(raw, str) and raw in set(kind):
        return kind(raw)
    raise ValueError(f"is {_shown(raw)}; use {listed(kind, 'or')}")


def _choices(kind: type[StrEnum], collect: Callable[..., Any], raw: object) -> Any:  # noqa: ANN401 - as collected
    if isinstance(raw, list) and all(isinstance(item, str) and item in set(kind) for item in raw):
        return collect(kind(item) for item in raw)
    raise ValueError(f"is {_shown(raw)}; list any of {listed(kind, 'and')} in brackets")


def _texts(collect: Callable[..., Any], raw: object) -> Any:  # noqa: ANN401 - as collected
    if isinstance(raw, list) and all(map(_is_text, raw)):
        return collect(raw)
    raise ValueError(f"is {_shown(raw)}; list texts in brackets, such as ['a', 'b']")


def _flag(raw: object) -> bool:
    if isinstance(raw, bool):
        return raw
    raise ValueError(f"is {_shown(raw)}; write true or false")


def _text(raw: object) -> str:
    if isinstance(raw, str) and _is_text(raw):
        return raw
    raise ValueError(f"is {_shown(raw)}; write a text in quotes")


def _number(kind: type[int | float], bounds: Mapping[str, Any], raw: object) -> int | float:
    least, most = bounds.get("least"), bounds.get("most")
    if isinstance(raw, int | kind) and not isinstance(raw, bool) and plain.number(raw) is not None:
        number = kind(raw)
        if (least is None or number >= least) and (most is None or number <= most):
            return number
    raise ValueError(f"is {_shown(raw)}; write {wanted_number(kind, bounds)}")


def _amount(raw: object) -> Decimal:
    amount = Decimal(raw) if isinstance(raw, str) and _AMOUNT.fullmatch(raw) else Decimal()
    if not amount:
        raise ValueError(f"is {_shown(raw)}; write an amount in quotes, such as '12.50'")
    return amount


def _duration(raw: object) -> timedelta:
    match = _DURATION.fullmatch(raw) if isinstance(raw, str) else None
    if match is None:
        raise ValueError(f"is {_shown(raw)}; write a number and a unit, such as '3d', '36h', '90m' or '45s'")
    duration = timedelta(**{_UNITS[match[2]]: int(match[1])})
    if not timedelta() < duration <= _LONGEST:
        raise ValueError(f"is {_shown(raw)}; it must be longer than nothing and not longer than {_LONGEST.days}d")
    return duration


def _time_of_day(raw: object) -> time:
    match = _TIME_OF_DAY.fullmatch(raw) if isinstance(raw, str) else None
    if match is None:
        raise ValueError(f"is {_shown(raw)}; write hours and minutes in quotes, such as '8:00' or '20:30'")
    return time(int(match[1]), int(match[2]))


def _zone(raw: object) -> ZoneInfo:
    found = zones.zone(raw) if isinstance(raw, str) else None
    if found is None:
        raise ValueError(f"is {_shown(raw)}; write the name of a time zone, such as 'America/New_York'")
    return found
