"""Opening the database for a command."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import sqlalchemy as sa

from core.errors import SettingsError, StoreUnavailable
from rescind import changes
from schemas.settings import Settings
from store.engine import Database


@contextmanager
def reading(settings: Settings) -> Iterator[sa.Connection]:
    """Look into the database. Raises SettingsError when it is not migrated, StoreUnavailable when it is away."""
    database = Database(settings.database_url)
    try:
        with database.read() as connection:
            yield connection
    except (StoreUnavailable, sa.exc.ProgrammingError):
        # What a missing table looks like differs by database; saying what it means needs one more look.
        require_migrated(database)
        raise
    finally:
        database.dispose()


@contextmanager
def opened(settings: Settings) -> Iterator[Database]:
    """Open the database to work with it. Raises SettingsError when it is not migrated, StoreUnavailable when away."""
    database = Database(settings.database_url)
    sa.event.listen(database.engine, "commit", changes.of_command().note)
    try:
        require_migrated(database)
        yield database
    finally:
        database.dispose()


def require_migrated(database: Database) -> None:
    """Raise SettingsError when the tables are not those that this program needs."""
    from store import migrating  # noqa: PLC0415 - Alembic takes half a second to import

    at, needed = migrating.revisions(database)
    if at != needed:
        state = "is empty" if at is None else f"is at revision {at}, this program needs {needed}"
        raise SettingsError(
            f"the database {state}; run `rescind migrate`, and see that DATABASE_URL names the right one"
        )


def require_migrated_if_there(database: Database) -> None:
    """As ``require_migrated``, but a database that is away now is no reason not to start: it comes back."""
    try:
        require_migrated(database)
    except StoreUnavailable:
        return
