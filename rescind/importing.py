"""``rescind import``: register what was scheduled at Telnyx, given its ids."""

from __future__ import annotations

import os
import stat
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import BinaryIO

import click
import structlog

from core.errors import ProcessorError, RequestInvalid
from core.facts import MessageClass
from ledger.following import Following
from rescind import databases, logs, output
from rescind.importing_books import Books
from rescind.importing_files import Entries, Format
from rescind.importing_lines import FailedLines, Importer
from rescind.importing_lookups import SHARE, Lookups
from rescind.importing_screen import Screen, Tally, print_summary
from rescind.output import as_json
from schemas import imports
from schemas.rulebook import Rulebook
from schemas.settings import Settings
from store.bell import Bell
from workers.runtime import now, pacer
from workers.telnyx import TelnyxClient

_INCOMPLETE = 1
_STDIN = "-"


@click.command("import")
@click.argument("source", metavar="FILE", type=click.Path(exists=True, dir_okay=False, allow_dash=True))
@click.option(
    "--format",
    "chosen",
    type=click.Choice([each.value for each in Format]),
    help="By default it is told by the file's name, or by its first line.",
)
@click.option("--campaign", help="For lines that name none.")
@click.option("--class", "message_class", type=click.Choice([each.value for each in MessageClass]), help="Likewise.")
@click.option("--tags", metavar="TAG,…", help="Likewise.")
@click.option("--dry-run", is_flag=True, help="Ask Telnyx, say what would happen, and write nothing.")
@click.option(
    "--errors",
    "errors_path",
    type=click.Path(dir_okay=False, writable=True, path_type=Path),
    metavar="FILE",
    help="Write the lines that failed there, to be mended and imported.",
)
@as_json
def import_command(
    *,
    source: str,
    chosen: str | None,
    campaign: str | None,
    message_class: str | None,
    tags: str | None,
    dry_run: bool,
    errors_path: Path | None,
    wants_json: bool,
) -> int:
    """Register messages that were scheduled at Telnyx, given their ids; - reads standard input.

    FILE is CSV, whose first line names the columns id and, if you like, campaign, class, tags (separated by commas)
    and send_at; or it has an id, an object with these names, or Telnyx's message object as JSON on each line.
    It is taken 500 lines at a time: what a program writes little by little waits for so many, or for its end.

    Each message is looked up at Telnyx. Interrupted and started again, it asks only for what is not registered yet.
    The exit status is 1 when some lines failed.
    """
    settings = Settings.from_env(require=("TELNYX_API_KEY",))
    default = imports.defaults(campaign=campaign, message_class=message_class, tags=tags)
    rulebook = Rulebook(settings.policies, log=structlog.get_logger())
    tally = Tally()
    with ExitStack() as stack:
        database = stack.enter_context(databases.opened(settings))
        stack.enter_context(logs.errors_alone())
        stream = _opened(stack, source)
        try:
            entries = Entries(stream, source, chosen=Format(chosen) if chosen else None, default=default, now=now)
        except RequestInvalid as error:
            raise RequestInvalid(f"{_named(source)}: {error}") from None
        if entries.header is not None and (foreign := entries.header.passed_over):
            click.echo(f"rescind: columns that are passed over: {', '.join(foreign)}", err=True)
        failed = _failed_lines(stack, errors_path, source, entries)
        client = TelnyxClient(settings.telnyx_api_key, settings.telnyx_base_url)
        stack.callback(client.close)
        screen = stack.enter_context(Screen(tally, size=_size(stream)))
        asked = pacer(settings, share=SHARE)
        lookups = Lookups(client, asked, tell=lambda line: screen.say(f"rescind: {line}"), now=now)
        stack.callback(lookups.close)
        ring = Bell(settings.redis_url).ring
        rules = rulebook.current if dry_run else Following(database, rulebook.current, now=now)
        books = Books(database, rules, ring=ring, screen=screen, tally=tally, now=now, is_dry=dry_run)
        importer = Importer(lookups=lookups, books=books, screen=screen, tally=tally, failed=failed, now=now)
        try:
            importer.run(entries)
        except (KeyboardInterrupt, ProcessorError):
            stack.close()
            _tell(tally, is_dry=dry_run, wants_json=wants_json)
            click.echo("rescind: not finished; started again, it asks for what is not registered yet", err=True)
            raise
    _tell(tally, is_dry=dry_run, wants_json=wants_json)
    return _INCOMPLETE if tally.failed else 0


def _opened(stack: ExitStack, source: str) -> BinaryIO:
    if source == _STDIN:
        return sys.stdin.buffer
    try:
        return stack.enter_context(Path(source).open("rb"))
    except OSError as error:
        raise RequestInvalid(f"{source} cannot be read: {error.strerror}") from None


def _named(source: str) -> str:
    return "standard input" if source == _STDIN else source


def _size(stream: BinaryIO) -> int | None:
    """Return how many bytes there are to read, of a file; nobody knows how many a pipe will bring."""
    try:
        status = os.fstat(stream.fileno())
    except OSError:
        return None
    return status.st_size if stat.S_ISREG(status.st_mode) else None


def _failed_lines(stack: ExitStack, path: Path | None, source: str, entries: Entries) -> FailedLines | None:
    if path is None:
        return None
    if source != _STDIN and path.exists() and path.samefile(source):
        raise RequestInvalid(f"--errors names {path}, the file that is imported; name another")
    failed = FailedLines(path, entries.header_raw)
    stack.callback(failed.close)
    return failed


def _tell(tally: Tally, *, is_dry: bool, wants_json: bool) -> None:
    if wants_json:
        output.print_json({"data": tally.shown(is_dry=is_dry)})
    else:
        print_summary(tally, is_dry=is_dry)
