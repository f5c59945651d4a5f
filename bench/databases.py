"""Databases made for one run of a benchmark."""

from __future__ import annotations

from pathlib import Path

import sqlalchemy as sa

from store import migrating
from store.engine import Database


def create(path: Path, server: str | None) -> str:
    """Create a migrated database, on SQLite at ``path`` or on a PostgreSQL server under its name; return its URL."""
    url = f"sqlite:///{path}" if server is None else _on(server, f"bench_{path.stem}".replace("-", "_").lower())
    database = Database(url)
    migrating.upgrade(database)
    database.dispose()
    return url


def _on(server: str, name: str) -> str:
    address = sa.make_url(server).set(drivername="postgresql+psycopg")
    administration = sa.create_engine(address)
    with administration.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql(f"DROP DATABASE IF EXISTS {name}")
        connection.exec_driver_sql(f"CREATE DATABASE {name}")
    administration.dispose()
    return address.set(database=name).render_as_string(hide_password=False)
