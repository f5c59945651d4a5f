"""Values that somebody else sent, made fit to be stored and shown."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

#: What a JSON text can hold.
Json = Any

#: What PostgreSQL refuses in a text and in JSON: NUL, and halves of surrogate pairs.
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
_REPLACEMENT = "\N{REPLACEMENT CHARACTER}"
#: Nothing of Telnyx's is nested more than five deep.
_MAX_DEPTH = 16
#: SQL databases and other programs' JSON readers stop at 64 bits.
_MAX_BITS = 63
#: An amount is written out in full, so 1e300 must not become a text of that length.
_MAX_MAGNITUDE = 30


def text(raw: str) -> str:
    """Return the string with every character that a database refuses replaced by U+FFFD."""
    if raw.isascii() and "\x00" not in raw:
        return raw
    return _UNSTORABLE.sub(_REPLACEMENT, raw)


def value(raw: object, *, depth: int = 0) -> Json:
    """Return a JSON value fit to be stored; numbers that JSON or SQL cannot hold, and what lies too deep, are None."""
    if isinstance(raw, str):
        return text(raw)
    if isinstance(raw, bool):
        return raw
    if isinstance(raw, int | float):
        return number(raw)
    if depth >= _MAX_DEPTH:
        return None
    if isinstance(raw, Mapping):
        return {text(str(key)): value(item, depth=depth + 1) for key, item in raw.items()}
    if isinstance(raw, list):
        return [value(item, depth=depth + 1) for item in raw]
    return None


def number(raw: float) -> float | None:
    """Return the number, or None when JSON or SQL cannot hold it."""
    holds = raw.bit_length() <= _MAX_BITS if isinstance(raw, int) else math.isfinite(raw)
    return raw if holds else None


def amount(raw: object) -> str | None:
    """Return an amount of money as decimal text, or None when it is none; never a float, which would round it."""
    if isinstance(raw, str):
        return text(raw) or None
    if isinstance(raw, bool) or not isinstance(raw, int | float):
        return None
    exact = Decimal(repr(raw)) if isinstance(raw, float) else Decimal(raw)
    return f"{exact:f}" if exact.is_finite() and abs(exact.adjusted()) <= _MAX_MAGNITUDE else None
