"""On which line of a TOML text something stands, and what in it is refused unread.

The standard library's parser tells neither. It takes minutes for a key of many thousand parts, and gives up with errors
that name no place on what is nested deep, and on numbers without end.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

#: Settings are nested three deep.
_DEEPEST = 10
_LONGEST_WORD = 1000
#: Strings, over several lines or not, and comments: nothing in them is structure. What is never closed ends the text.
_QUOTED = re.compile(
    r'"""(?:[^"\\]|\\.?|"(?!""))*+(?:"""+|\Z)'
    r"|'''(?:[^']|'(?!''))*+(?:'''+|\Z)"
    r'|"(?:[^"\\\n]|\\[^\n]?)*+"?'
    r"|'[^'\n]*+'?"
    r"|#[^\n]*+",
    re.DOTALL,
)
_WORD = r'(?<![\w"-])[\w"-]'
_DOTTED = re.compile(rf"(?:{_WORD}++[ \t]*+\.[ \t]*+){{{_DEEPEST}}}")
_LONG_WORD = re.compile(rf"(?<!\w)\w{{{_LONGEST_WORD}}}")
_MARK = re.compile(r"[\[\]{}\n]")


def refused_unread(text: str) -> str | None:
    """Return what no parser should be given of a text, with its line, or None. Takes as long as the text is."""
    bare = _bare(text)
    if word := _LONG_WORD.search(bare):
        line = _line(text, word.start())
        return f"line {line}: holds a number or key of {_LONGEST_WORD:,} characters or more; no policy has one"
    deep = next((at for at, depth in _marks(bare) if depth > _DEEPEST), None)
    if deep is None and (key := _DOTTED.search(bare)):
        deep = key.start()
    if deep is not None:
        return f"line {_line(text, deep)}: is nested more than {_DEEPEST} deep; no policy's settings are"
    return None


class Lines:
    """Where each key of a text is given a value for the first time."""

    def __init__(self, text: str) -> None:
        """Read the text, which is valid TOML, statement by statement."""
        self._first: dict[tuple[str, ...], int] = {}
        table: tuple[str, ...] = ()
        for line, statement in _statements(text.replace("\r\n", "\n")):
            paths = list(_paths(tomllib.loads(statement)))
            if statement.lstrip().startswith("["):
                table = paths[-1]
            else:
                paths = [(*table, *path) for path in paths]
            for path in paths:
                self._first.setdefault(path, line)

    def of(self, path: Sequence[str | int]) -> int:
        """Return the line, counted from 1, of the statement that first gives this path a value, or what it is in."""
        keys = tuple(step for step in path if isinstance(step, str))
        found = (self._first.get(keys[:length]) for length in range(len(keys), 0, -1))
        return next((line for line in found if line is not None), 1)


def _statements(text: str) -> Iterator[tuple[int, str]]:
    """Yield each statement, up to the end of its last line, with the line that it begins on."""
    start, line = 0, 1
    for at, depth in _marks(_bare(text)):
        if text[at] == "\n" and depth == 0:
            yield line, text[start : at + 1]
            line += text.count("\n", start, at + 1)
            start = at + 1
    yield line, text[start:]


def _bare(text: str) -> str:
    """Return the text, as long as before, with quotation marks for all of every string, and blanks for comments."""
    return _QUOTED.sub(lambda found: (" " if found[0].startswith("#") else '"') * len(found[0]), text)


def _marks(bare: str) -> Iterator[tuple[int, int]]:
    """Yield where brackets and ends of lines are, and within how many brackets what follows stands."""
    depth = 0
    for mark in _MARK.finditer(bare):
        depth += {"[": 1, "{": 1, "\n": 0}.get(mark[0], -1)
        yield mark.start(), depth


def _line(text: str, at: int) -> int:
    return text.count("\n", 0, at) + 1


def _paths(table: Mapping[str, Any], above: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Yield the path of every key, each before those within it."""
    for key, value in table.items():
        yield (*above, key)
        if isinstance(value, Mapping):
            yield from _paths(value, (*above, key))
