"""Planted: SQLite calls committed what only the operating system has yet."""

import sqlalchemy as sa


@sa.event.listens_for(sa.Engine, "engine_connect")
def _hurry(connection: sa.Connection) -> None:
    if connection.dialect.name == "sqlite":
        connection.connection.driver_connection.execute("PRAGMA synchronous=OFF")
