"""Bring a database's tables up to date with Alembic."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

from core.errors import SettingsError
from store.engine import Database

_SCRIPTS = Path(__file__).parent / "migrations"


def upgrade(database: Database) -> None:
    """Apply every migration that is missing, in one transaction where the database allows it."""
    revisions(database)
    config = _config()
    with database.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def revisions(database: Database) -> tuple[str | None, str | None]:
    """Return the revision that the database is at (None: empty) and the one this program needs.

    Raises SettingsError when the database was migrated by a newer release.
    """
    known = ScriptDirectory.from_config(_config())
    with database.read() as connection:
        at = MigrationContext.configure(connection).get_current_revision()
    if at is not None and at not in {script.revision for script in known.walk_revisions()}:
        raise SettingsError(f"the database was migrated by a newer release (revision {at}); install that release")
    return at, known.get_current_head()


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(_SCRIPTS).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    return config
