"""What can be set of a policy, for people: each setting with its value, its default, what it takes and is for."""

from __future__ import annotations

import types
from collections.abc import Callable, Mapping
from dataclasses import MISSING, Field, dataclass, fields
from datetime import time, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Any, Union, get_args, get_origin, get_type_hints
from zoneinfo import ZoneInfo

from core import durations
from core.policies.shape import Settings
from schemas.policy_settings import listed, wanted_number

ABSENT = "absent"
#: Said here of what every policy has, so that none has to.
_OF_ALL = {
    "mode": "whether it cancels, only records what it would do, or is not asked",
    "exempt": "classes of message that it spares",
    "on_unknown": "what is done when it lacks what it needs to know",
    "act": "what is done when it objects",
}


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting of a policy; values are as one writes them in the file."""

    key: str
    value: str
    default: str
    takes: str
    meaning: str


def described(settings: Settings) -> list[Setting]:
    """Return everything that can be set of a policy, in the order in which it says so."""
    hints = get_type_hints(type(settings))
    every: tuple[Field[Any], ...] = fields(settings)  # type: ignore[arg-type]  # each is a dataclass
    return [
        Setting(
            key=each.name,
            value=written(getattr(settings, each.name)),
            default=written(each.default if each.default is not MISSING else _made(each)),
            takes=_takes(hints[each.name], each.metadata),
            meaning=str(each.metadata.get("doc") or _OF_ALL.get(each.name, "")),
        )
        for each in every
    ]


def written(value: object) -> str:
    """Return a value as one writes it in the file; what one can only leave out is ``absent``."""
    if value is None or value == timedelta():
        return ABSENT
    match value:
        case bool():
            return str(value).lower()
        case frozenset():
            return f"[{', '.join(sorted(map(written, value)))}]"
        case tuple():
            return f"[{', '.join(map(written, value))}]"
        case timedelta():
            return f'"{durations.written(value)}"'
        case time():
            return f'"{value:%H:%M}"'
        case int() | float():
            return str(value)
    return f'"{value}"'


def differences(before: Mapping[str, Settings], after: Mapping[str, Settings]) -> list[str]:
    """Return what one set of settings changes of another, a line each: ``opt_out.scope: "all" becomes "profile"``."""
    return [
        f"{name}.{new.key}: {old.value} becomes {new.value}"
        for name, settings in after.items()
        for old, new in zip(described(before[name]), described(settings), strict=True)
        if old.value != new.value
    ]


def _made(field: Field[Any]) -> object:
    make: Callable[[], object] | Any = field.default_factory
    return None if make is MISSING else make()


def _takes(hint: Any, bounds: Mapping[str, Any]) -> str:  # noqa: ANN401 - a type, or what stands for one
    if get_origin(hint) in {types.UnionType, Union}:
        (hint,) = [each for each in get_args(hint) if each is not type(None)]
    if get_origin(hint) in {frozenset, tuple}:
        kind = get_args(hint)[0]
        return f"any of {listed(kind, 'and')}" if issubclass(kind, StrEnum) else "a list of texts"
    if isinstance(hint, type) and issubclass(hint, StrEnum):
        return listed(hint, "or")
    if hint in {int, float}:
        return wanted_number(hint, bounds)
    told: dict[object, str] = {
        bool: "true or false",
        timedelta: "a duration, such as '3d', '36h', '90m' or '45s'",
        time: "a time of day, such as '20:30'",
        ZoneInfo: "a time zone, such as 'America/New_York'",
        Decimal: "an amount, such as '12.50'",
    }
    return told.get(hint, "a text")
