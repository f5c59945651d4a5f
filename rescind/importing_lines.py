"""Importing line by line: what is not known yet is asked of Telnyx, and registered if it is still scheduled."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from http import HTTPStatus
from pathlib import Path

from core.cancelling import Meaning
from core.errors import ProcessorError, RequestInvalid, StoreUnavailable
from core.outcomes import LedgerState
from ledger import registering
from ledger.registering import Registration
from rescind.importing_books import Books
from rescind.importing_files import Entries, Entry
from rescind.importing_lookups import Found, Lookups
from rescind.importing_screen import Fate, Screen, Tally
from schemas import message
from schemas.imports import Said
from store.known import KnownMessage

#: How many are looked for in the database at once.
_LOOKED_FOR = 500
_EXCERPT = 120


class FailedLines:
    """Writes the lines that failed as they stand in the file, below its header."""

    def __init__(self, path: Path, header: bytes) -> None:
        """Begin the file anew. Raises RequestInvalid when it cannot be written, as ``write`` does."""
        self._path = path
        self._header = header
        with self._writing():
            self._stream = path.open("wb")

    def write(self, raw: bytes) -> None:
        """Write the lines of one record."""
        if raw:
            with self._writing():
                self._stream.write(self._header + raw + (b"" if raw.endswith(b"\n") else b"\n"))
                self._stream.flush()
            self._header = b""

    def close(self) -> None:
        """Close the file; of what could not be written has been told."""
        with suppress(OSError):
            self._stream.close()

    @contextmanager
    def _writing(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise RequestInvalid(
                f"--errors names {self._path}, which cannot be written: {error.strerror}; name another file"
            ) from None


class Importer:
    """Takes the records of a file to where they belong."""

    def __init__(
        self,
        *,
        lookups: Lookups,
        books: Books,
        screen: Screen,
        tally: Tally,
        failed: FailedLines | None,
        now: Callable[[], datetime],
    ) -> None:
        """Take what it works with."""
        self._lookups = lookups
        self._books = books
        self._screen = screen
        self._tally = tally
        self._failed = failed
        self._now = now

    def run(self, entries: Entries) -> None:
        """Import everything.

        Raises StoreUnavailable when the database stays away, and SettingsError when Telnyx refuses the key.
        """
        try:
            for found in self._lookups.ask(self._unknown(entries)):
                if found is not None:
                    self._take(found)
                    self._screen.advance(found.entry.ends_at)
                self._books.write_when_due()
        except (KeyboardInterrupt, ProcessorError):
            # What Telnyx has told already need not be asked again.
            with suppress(StoreUnavailable):
                self._books.write_at_once()
            raise
        self._books.write()

    def _unknown(self, entries: Entries) -> Iterator[Entry]:
        """Yield the messages that Telnyx is to be asked about."""
        for part in self._parts(entries):
            held = self._books.registered(part.keys())
            for message_id, entry in part.items():
                if _says_nothing_new(entry, held.get(message_id)):
                    self._tally.fates[Fate.KNOWN] += 1
                    self._screen.advance(entry.ends_at)
                else:
                    yield entry

    def _parts(self, entries: Entries) -> Iterator[dict[str, Entry]]:
        """Yield the readable records in parts, in each of which the last that names a message stands for all."""
        part: dict[str, Entry] = {}
        for entry in entries:
            if entry.line is None:
                self._fail(Fate.UNREADABLE, entry, entry.problem or "")
                self._screen.advance(entry.ends_at)
                continue
            if entry.line.message_id in part:
                self._tally.fates[Fate.REPEATED] += 1
            elif len(part) == _LOOKED_FOR:
                yield part
                part = {}
            part[entry.line.message_id] = entry
        yield part

    def _take(self, found: Found) -> None:
        if found.meaning is Meaning.SCHEDULED:
            self._enrol(found)
        elif found.meaning in {Meaning.CANCELLED, Meaning.LEFT}:
            report = message.answered(found.answer.body, source="retrieve", now=self._now())
            assert report is not None  # noqa: S101 - its meaning was taken from there
            self._books.set_aside(report)
        elif found.meaning is Meaning.NOT_FOUND:
            told = f"Telnyx does not know {found.message_id}: is it of this account, and not older than ten days?"
            self._fail(Fate.UNKNOWN, found.entry, told)
        else:
            self._refuse(found, self._objection(found))

    def _enrol(self, found: Found) -> None:
        line = found.entry.line
        assert line is not None  # noqa: S101 - only what could be read is asked about
        try:
            report = message.registered(found.answer.body, send_at=line.send_at, now=self._now())
        except RequestInvalid as error:
            self._refuse(found, f"Telnyx's answer cannot be read: {error}")
            return
        said = line.said
        registration = Registration(report, said.campaign_key, said.message_class, said.tags)
        if report.send_at is None:
            self._refuse(found, "Telnyx's answer has no send_at; give it in the line, as send_at")
        elif objection := registering.refusal(registration):
            self._refuse(found, objection)
        else:
            self._books.enrol(found.entry.number, registration)

    def _objection(self, found: Found) -> str:
        answer = found.answer
        if answer.http_status is None:
            return f"Telnyx did not answer in {found.tries} tries ({answer.trouble})"
        if answer.http_status == HTTPStatus.OK:
            try:
                message.registered(answer.body, send_at=None, now=self._now())
            except RequestInvalid as error:
                return f"Telnyx's answer cannot be read: {error}"
            return "Telnyx's answer does not say how the message stands"
        return f"Telnyx answers {answer.http_status}: {' '.join(answer.text.split())[:_EXCERPT]}"

    def _refuse(self, found: Found, objection: str) -> None:
        named = "" if found.message_id in objection else f"{found.message_id}: "
        self._fail(Fate.REFUSED, found.entry, f"{named}{objection}")

    def _fail(self, fate: Fate, entry: Entry, problem: str) -> None:
        self._screen.fail(fate, entry.number, problem)
        if self._failed is not None:
            self._failed.write(entry.raw)


def _says_nothing_new(entry: Entry, held: KnownMessage | None) -> bool:
    """Return True when a message was registered, and the line says nothing of it that is not held."""
    if held is None or entry.line is None:
        return False
    said: Said = entry.line.said
    return held.ledger != LedgerState.PENDING or (
        said.campaign_key in {None, held.campaign_key}
        and said.message_class in {None, held.message_class}
        and (said.tags is None or list(said.tags) == held.tags)
    )
