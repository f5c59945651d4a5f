"""Opening the database for a command."""

from __future__ import annotations

from core.errors import SettingsError, StoreUnavailable
from schemas.settings import Settings
from store import migrating
from store.engine import Database


def opened(settings: Settings) -> Database:
    """Return the database, which is there and up to date; raises SettingsError or StoreUnavailable when not."""
    database = Database(settings.database_url)
    require_migrated(database)
    return database


def require_migrated(database: Database) -> None:
    """Raise SettingsError when the tables are not those that this program needs."""
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
