"""``rescind consent import``: puts the numbers of a file on a do-not-contact list, or takes them off."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import TextIO

import click
import structlog

from core import numbers
from core.consent import ConsentKind
from ledger import listing
from ledger.following import Following
from ledger.listing import Entry, Taken
from rescind import databases, output
from rescind.output import as_json
from schemas.rulebook import Rulebook
from schemas.settings import Settings
from store.bell import Bell
from workers.runtime import now

_INCOMPLETE = 1
#: So many numbers are taken in one transaction.
_BATCH = 500
_LONGEST_NAME = 80
_SHOWN = 20
#: What is said of numbers that were put on the list, or taken off; that were so before; that are not so even now.
_WORDS = {
    ConsentKind.LISTED: ("put on", "were on it already", "stay off it, since they were taken off"),
    ConsentKind.DELISTED: ("taken off", "were not on it", "stay on it, since they were put on"),
}
#: What the column with the numbers may be called; without such a header it is the first.
_HEADERS = ("phone_number", "phone", "number", "to", "msisdn")


@dataclass(slots=True)
class _File:
    """The numbers of a file, each once, and what is wrong with its other lines."""

    stream: TextIO
    errors: list[str] = field(default_factory=list)

    def batches(self) -> Iterator[list[str]]:
        """Yield the numbers in batches; errors are noted as they are met."""
        batch: dict[str, None] = {}
        for line, raw in self._cells():
            number = numbers.e164(raw)
            if number is None:
                self.errors.append(
                    f"line {line}: {raw[:40]!r} is no number with its country code; write it as +15551230001"
                )
                continue
            batch[number] = None
            if len(batch) == _BATCH:
                yield list(batch)
                batch = {}
        if batch:
            yield list(batch)

    def _cells(self) -> Iterator[tuple[int, str]]:
        rows = csv.reader(self.stream)
        column: int | None = None
        for row in rows:
            cells = [cell.strip() for cell in row]
            if not any(cells):
                continue
            if column is None:
                named = [place for place, cell in enumerate(cells) if cell.lower() in _HEADERS]
                column = named[0] if named else 0
                if named:
                    continue
            yield rows.line_num, cells[column] if column < len(cells) else ""


@click.command("import")
@click.argument("file", type=click.File("r", encoding="utf-8-sig", errors="replace", lazy=True))
@click.option(
    "--list", "name", required=True, metavar="NAME", help="The list's name: it is shown with what is cancelled."
)
@click.option(
    "--as-of",
    metavar="TIME",
    help="When the list was drawn up, as 2026-02-15 or 2026-02-15T14:30:00Z; without it, now.",
)
@click.option("--remove", is_flag=True, help="Take the numbers off the list instead.")
@as_json
def import_command(*, file: TextIO, name: str, as_of: str | None, remove: bool, wants_json: bool) -> int:
    """Put the numbers of FILE on a do-not-contact list; - reads standard input.

    FILE has a number with its country code on each line, or is CSV with a column phone_number. What is scheduled for
    them is cancelled at once, and so is what comes later, until they are taken off with --remove: a START does not lift
    it. Numbers that a later file of the same list lacks stay on it. The exit status is 1 when some lines failed; the
    others are taken all the same. Interrupted, start it again with the same --as-of.
    """
    at = now()
    entry = Entry(_name(name), _time(as_of, at), ConsentKind.DELISTED if remove else ConsentKind.LISTED)
    settings = Settings.from_env()
    rulebook = Rulebook(settings.policies, log=structlog.get_logger())
    read, taken = _File(file), Taken()
    with databases.opened(settings) as database:
        rules = Following(database, rulebook.current, now=now)
        bell = Bell(settings.redis_url)
        for batch in read.batches():
            # They are put down in a transaction of their own when they have changed.
            current = rules()
            with database.begin() as connection:
                taken += listing.take(connection, entry, batch, current, now=now())
            bell.ring()
    if wants_json:
        output.print_json({"data": {"list": entry.name, **asdict(taken), "errors": read.errors}})
    else:
        _tell(entry, taken, read.errors)
    return _INCOMPLETE if read.errors else 0


def _name(name: str) -> str:
    if not name.strip() or len(name) > _LONGEST_NAME or not name.isprintable():
        raise click.UsageError(f"--list has to be a name of 1 to {_LONGEST_NAME} printable characters")
    return name.strip()


def _time(as_of: str | None, at: datetime) -> datetime:
    if as_of is None:
        return at
    try:
        read = datetime.fromisoformat(as_of)
    except ValueError:
        raise click.UsageError(f"--as-of {as_of!r} is no time; write 2026-02-15 or 2026-02-15T14:30:00Z") from None
    read = read if read.tzinfo else read.replace(tzinfo=UTC)
    if read > at:
        raise click.UsageError(f"--as-of {as_of} is still to come; give the time at which the list was drawn up")
    return read


def _tell(entry: Entry, taken: Taken, errors: list[str]) -> None:
    for error in errors[:_SHOWN]:
        click.echo(output.printable(error), err=True)
    if len(errors) > _SHOWN:
        click.echo(f"and {len(errors) - _SHOWN:,} more lines; --json lists all", err=True)
    put, known, overruled = _WORDS[entry.kind]
    click.echo(f"{taken.new:,} numbers {put} the list {output.printable(entry.name)}, {taken.known:,} {known}")
    if taken.overruled:
        click.echo(f"{taken.overruled:,} {overruled} as of a later time")
    click.echo(f"{taken.cancelling:,} pending messages to them are cancelled")
