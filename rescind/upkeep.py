"""``rescind migrate`` and ``rescind prune``: looking after the database."""

from __future__ import annotations

import click

from schemas.settings import Settings
from store import migrating
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
