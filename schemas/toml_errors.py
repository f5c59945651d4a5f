"""What is wrong with a text that is no TOML: where, with the key, and what to write instead.

The standard library's parser tells what it waited for, which says little to somebody who has left out a quotation mark.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

_AT = re.compile(r"\(at line ([0-9]+), column ([0-9]+)\)")
_KEY = re.compile(r"\s*([\w.-]+)\s*=")
_TABLE = re.compile(r"\s*\[\s*([\w.-]+)\s*\]")
#: What the parser says of a value that is neither a number nor in quotes or brackets.
_BARE = {"Invalid value", "Expected newline or end of document after a statement"}
_GIVEN_BEFORE = "Cannot overwrite a value"
_DECLARED_BEFORE = "Cannot declare "


def told(message: str, text: str) -> str:
    """Return what a parser said of the text, with the place in front; it names none when the text ends too early."""
    match = _AT.search(message)
    lines = text.split("\n")
    line, column = (int(match[1]), int(match[2])) if match else (len(lines), len(lines[-1]) + 1)
    return f"line {line}, column {column}: {_with_remedy(message.split(' (at ', maxsplit=1)[0], lines[:line])}"


def _with_remedy(said: str, lines: Sequence[str]) -> str:
    """Return what was said with what to write instead, given the lines up to where it is wrong."""
    key = _KEY.match(lines[-1])
    named = f"{key[1]}: " if key else ""
    if said in _BARE:
        return f'{named}{said}; put texts in quotes and lists in brackets: "24h", ["otp"]'
    if said == _GIVEN_BEFORE:
        return f"{named}{said}; it is in this table already: change the one that is there"
    table = _name(lines[-1])
    if table and said.startswith(_DECLARED_BEFORE):
        before = [number for number, line in enumerate(lines[:-1], 1) if _name(line) == table]
        there = f", on line {before[0]}" if before else ""
        return f"[{table}] stands twice; change the one that is there{there}"
    return said


def _name(line: str) -> str | None:
    """Return the table that begins on this line."""
    header = _TABLE.match(line)
    return header[1] if header else None
