"""Reading what is imported, as a stream: whatever is in a file, one line is all that it can spoil."""

from __future__ import annotations

import csv
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import PurePath
from typing import BinaryIO

from core.errors import RequestInvalid
from schemas import imports
from schemas.imports import ImportLine, Said

#: Telnyx's message object has a few kilobytes.
LONGEST_LINE = 64 * 1024
#: A field may have line breaks in it, as texts have. A quote that is never closed must not swallow the file.
_MOST_LINES = 100
_BOM = b"\xef\xbb\xbf"
_BOMS_OF_UTF16 = (b"\xff\xfe", b"\xfe\xff")


class Format(StrEnum):
    """How the lines are written."""

    CSV = "csv"
    JSONL = "jsonl"


_SUFFIXES = {".csv": Format.CSV, ".jsonl": Format.JSONL, ".ndjson": Format.JSONL, ".json": Format.JSONL}


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the file."""

    number: int
    raw: bytes
    """As it stands in the file; empty when it is too long to be kept."""
    problem: str | None = None
    ends_at: int = 0
    """How many bytes there are up to its end."""

    @property
    def text(self) -> str:
        """Return it as text; one without a problem is UTF-8."""
        return self.raw.decode()


@dataclass(frozen=True, slots=True)
class Entry:
    """One record of the file, and the message that it names."""

    number: int
    raw: bytes
    line: ImportLine | None
    problem: str | None = None
    """Why it cannot be read; then there is no message."""
    ends_at: int = 0
    """How many bytes there are up to its end."""


class Lines:
    """The lines of a stream, which can be put back."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._back: deque[Line] = deque()
        self._number = 0
        self._bytes_read = 0

    def take(self) -> Line | None:
        """Return the next line; None at the end."""
        return self._back.popleft() if self._back else self._next()

    def put_back(self, lines: list[Line]) -> None:
        """Have these lines come again, before the others."""
        self._back.extendleft(reversed(lines))

    def first(self) -> Line | None:
        """Return the first line with something in it, leaving it there."""
        while (line := self.take()) is not None:
            if line.problem or line.raw.strip():
                self.put_back([line])
                return line
        return None

    def _next(self) -> Line | None:
        raw = self._read()
        if not raw:
            return None
        self._number += 1
        if self._number == 1:
            if raw.startswith(_BOMS_OF_UTF16):
                raise RequestInvalid("the file is written in UTF-16; save it as UTF-8")
            raw = raw.removeprefix(_BOM)
        if len(raw) > LONGEST_LINE:
            while not raw.endswith(b"\n") and (raw := self._read()):
                pass
            problem = f"is longer than {LONGEST_LINE:,} bytes; break it up by hand"
            return Line(self._number, b"", problem, self._bytes_read)
        return Line(self._number, raw, _problem(raw), self._bytes_read)

    def _read(self) -> bytes:
        raw = self._stream.readline(LONGEST_LINE + 1)
        self._bytes_read += len(raw)
        return raw


def _problem(raw: bytes) -> str | None:
    if b"\0" in raw:
        return "has a NUL in it; take it out"
    try:
        raw.decode()
    except UnicodeDecodeError:
        return "is not UTF-8; save the file as UTF-8"
    return None


class Entries:
    """The records of a file in either format."""

    def __init__(
        self, stream: BinaryIO, name: str, *, chosen: Format | None, default: Said, now: Callable[[], datetime]
    ) -> None:
        """Read up to the header. Raises RequestInvalid when the file as a whole cannot be meant.

        The format that is not ``chosen`` is told by the file's ``name``, else by its first line.
        """
        self._lines = Lines(stream)
        self._default = default
        self._now = now
        first = self._lines.first()
        self.format = chosen or _SUFFIXES.get(PurePath(name).suffix.lower()) or _told_by(first, now())
        self.header: imports.Header | None = None
        self.header_raw = b""
        self._delimiter = ","
        if first is None:
            return
        if self.format is Format.CSV:
            self._begin(first)
        elif first.raw.lstrip().startswith(b"["):
            raise RequestInvalid("the file holds a JSON list; write one id or object a line, as `jq -c '.[]'` does")

    def __iter__(self) -> Iterator[Entry]:
        while (line := self._lines.take()) is not None:
            if line.problem:
                yield Entry(line.number, line.raw, None, line.problem, line.ends_at)
            elif self.format is Format.JSONL:
                if line.raw.strip():
                    yield self._of_json(line)
            elif entry := self._of_csv(line):
                yield entry

    def _begin(self, first: Line) -> None:
        if first.problem:
            raise RequestInvalid(f"line {first.number}, the header, {first.problem}")
        # Spreadsheets separate by what the country does not use in numbers.
        self._delimiter = max(",;\t", key=first.text.count)
        cells, lines, problem = self._record(self._take_again())
        if problem:
            raise RequestInvalid(f"line {first.number}, the header, {problem}")
        self.header = imports.header(cells)
        self.header_raw = b"".join(line.raw for line in lines)

    def _take_again(self) -> Line:
        line = self._lines.take()
        assert line is not None  # noqa: S101 - it was put back
        return line

    def _of_json(self, line: Line) -> Entry:
        try:
            read = imports.of_json(line.raw, self._default, now=self._now())
        except RequestInvalid as error:
            return Entry(line.number, line.raw, None, str(error), line.ends_at)
        return Entry(line.number, line.raw, read, None, line.ends_at)

    def _of_csv(self, first: Line) -> Entry | None:
        """Read the record that begins on this line; None for an empty one."""
        cells, lines, problem = self._record(first)
        raw, ends_at = b"".join(line.raw for line in lines), lines[-1].ends_at
        if problem:
            return Entry(first.number, raw, None, problem, ends_at)
        if not any(cell.strip() for cell in cells):
            return None
        assert self.header is not None  # noqa: S101 - there is no record before the header
        try:
            read = imports.of_row(self.header, cells, self._default)
        except RequestInvalid as error:
            return Entry(first.number, raw, None, str(error), ends_at)
        return Entry(first.number, raw, read, None, ends_at)

    def _record(self, first: Line) -> tuple[list[str], list[Line], str | None]:
        """Return a record's cells, the lines that it takes, and why it cannot be read: then the first line is all."""
        taken = [first]
        try:
            cells = next(csv.reader(self._pulled(taken), delimiter=self._delimiter, strict=True), [])
        except csv.Error as error:
            self._lines.put_back(taken[1:])
            return [], taken[:1], f"cannot be read as CSV: {error}; see to its quotes"
        return cells, taken, None

    def _pulled(self, taken: list[Line]) -> Iterator[str]:
        yield taken[0].text
        while (line := self._lines.take()) is not None:
            taken.append(line)
            if line.problem or len(taken) > _MOST_LINES:
                raise csv.Error("a quote is opened and not closed")
            yield line.text


def _told_by(first: Line | None, now: datetime) -> Format:
    """Return the format that a first line is in: a header of CSV is neither an object nor an id."""
    if first is None or first.problem:
        return Format.CSV
    raw = first.raw.strip()
    if raw.startswith((b"{", b"[")):
        return Format.JSONL
    try:
        imports.of_json(raw, Said(), now=now)
    except RequestInvalid:
        return Format.CSV
    return Format.JSONL
