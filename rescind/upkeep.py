"""``rescind migrate`` and ``rescind prune``: looking after the database."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import click

from rescind import databases
from schemas.settings import Settings
from store import inbox, migrating
from store.engine import Database


@click.command("migrate")
def migrate_command() -> None:
    """Bring the tables of DATABASE_URL up to date; does nothing when they are."""
    database = Database(Settings.from_env().database_url)
    before, needed = migrating.revisions(database)
    migrating.upgrade(database)
    database.dispose()
    click.echo(
        f"the database is at revision {needed}" + (", as before" if before == needed else ", brought up to date")
    )


class _Age(click.ParamType[timedelta]):
    name = "age"
    _FORM = re.compile(r"([1-9][0-9]{0,3})([dh])")

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> timedelta:
        if isinstance(value, timedelta):
            return value
        found = self._FORM.fullmatch(str(value))
        if found is None:
            self.fail(f"{value!r} is not an age such as 30d or 12h", param, ctx)
        number = int(found[1])
        return timedelta(days=number) if found[2] == "d" else timedelta(hours=number)


#: Rows a transaction, so that nobody waits long behind it.
_BATCH = 500


@click.command("prune")
@click.option("--older-than", type=_Age(), required=True, help="Such as 30d or 12h.")
def prune_command(*, older_than: timedelta) -> None:
    """Delete the raw bytes of applied events.

    Their ids stay, since they are what tells a duplicate, and dead letters stay whole.
    """
    before = datetime.now(UTC) - older_than
    pruned = last = 0
    with databases.opened(Settings.from_env()) as database:
        while True:
            with database.begin() as connection:
                batch, last = inbox.prune(connection, older_than=before, after=last, limit=_BATCH)
            pruned += batch
            if batch < _BATCH:
                break
    click.echo(f"pruned the bytes of {pruned} events received before {before:%Y-%m-%d %H:%M} UTC")
