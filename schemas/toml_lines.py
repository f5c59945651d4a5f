"""On which line of a TOML text something stands; the standard library's parser does not say."""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from typing import Any


def line_of(text: str, path: Sequence[str | int]) -> int:
    """Return the line, counted from 1, of the statement that first gives this path a value.

    ``text`` is valid TOML and holds the path. It is read again with one more line at
    a time; only prefixes that end with a whole statement can be read, so the one
    that first holds the path begins where the last such prefix ended.
    """
    keys = [step for step in path if isinstance(step, str)]
    lines = text.replace("\r\n", "\n").split("\n")
    whole = 0
    for count in range(1, len(lines) + 1):
        try:
            document = tomllib.loads("\n".join(lines[:count]))
        except tomllib.TOMLDecodeError:
            continue
        if _holds(document, keys):
            return whole + 1
        whole = count
    return whole


def _holds(document: dict[str, Any], keys: Sequence[str]) -> bool:
    for key in keys:
        if not isinstance(document, dict) or key not in document:
            return False
        document = document[key]
    return True
