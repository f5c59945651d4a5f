"""JSON that every parser reads alike, or none of ours does.

Python keeps the last of two equal keys where other readers keep the first, takes
``NaN``, guesses UTF-16, and falls over what is nested a thousand deep.
"""

from __future__ import annotations

import json
import math
from typing import Any, NoReturn

#: Telnyx's events are nested six deep.
MAX_DEPTH = 64
#: Long enough for any counter; reading a number takes time in the square of its length.
MAX_DIGITS = 40
_SHOWN = 60


def read(raw: bytes) -> object:
    """Return the value that UTF-8 JSON text holds. Raises ValueError with what is wrong, in one line."""
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError:
        raise ValueError("is not UTF-8") from None
    try:
        value: object = _DECODER.decode(text)
    except json.JSONDecodeError as error:
        raise ValueError(f"is not JSON: {error}") from None
    except RecursionError:
        raise ValueError(_TOO_DEEP) from None
    # What opens fewer than that many times cannot be deeper; that spares the walk for all ordinary events.
    if raw.count(b"{") + raw.count(b"[") > MAX_DEPTH and _is_deeper(value, MAX_DEPTH):
        raise ValueError(_TOO_DEEP)
    return value


_TOO_DEEP = f"is nested more than {MAX_DEPTH} deep"


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    read = dict(pairs)
    if len(read) != len(pairs):
        keys = [key for key, _ in pairs]
        twice = next(key for key in keys if keys.count(key) > 1)
        raise ValueError(f"has the key {twice[:_SHOWN]!r} twice")
    return read


def _integer(digits: str) -> int:
    if len(digits) > MAX_DIGITS:
        raise ValueError(f"has a number of more than {MAX_DIGITS} digits")
    return int(digits)


def _float(digits: str) -> float:
    read = float(digits)
    if not math.isfinite(read):
        raise ValueError(f"has a number beyond all bounds: {digits[:_SHOWN]}")
    return read


def _constant(name: str) -> NoReturn:
    raise ValueError(f"has {name}, which is no JSON")


_DECODER = json.JSONDecoder(object_pairs_hook=_object, parse_int=_integer, parse_float=_float, parse_constant=_constant)


def _is_deeper(value: object, depth: int) -> bool:
    level: list[object] = [value]
    for _ in range(depth):
        level = [
            inner
            for outer in level
            if isinstance(outer, dict | list)
            for inner in (outer.values() if isinstance(outer, dict) else outer)
        ]
        if not level:
            return False
    return any(isinstance(value, dict | list) for value in level)
