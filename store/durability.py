"""Whether what the database calls committed would survive a crash of its machine."""

from __future__ import annotations

import sqlalchemy as sa

from store.engine import Database

#: setting, the values under which a commit is on disk
_POSTGRESQL = {
    "fsync": {"on"},
    "full_page_writes": {"on"},
    "synchronous_commit": {"on", "local", "remote_write", "remote_apply"},
}
#: FULL and EXTRA.
_SQLITE_SYNCHRONOUS = {2, 3}


def doubts(database: Database) -> list[str]:
    """Return one line for each setting under which an accepted event could be lost. Raises StoreUnavailable."""
    with database.read() as connection:
        return _sqlite(connection) if database.is_sqlite else _postgresql(connection)


def _sqlite(connection: sa.Connection) -> list[str]:
    journal = connection.exec_driver_sql("PRAGMA journal_mode").scalar_one()
    synchronous = connection.exec_driver_sql("PRAGMA synchronous").scalar_one()
    found = []
    if journal != "wal":
        found.append(f"SQLite's journal_mode is {journal} and not wal; is the file on a network disk?")
    if synchronous not in _SQLITE_SYNCHRONOUS:
        found.append("SQLite's synchronous is not FULL")
    return found


def _postgresql(connection: sa.Connection) -> list[str]:
    values = {name: connection.exec_driver_sql(f"SHOW {name}").scalar_one() for name in _POSTGRESQL}
    return [
        f"PostgreSQL's {name} is {value}; set it to on"
        for name, value in values.items()
        if value not in _POSTGRESQL[name]
    ]
