"""Bulk writes that both databases understand: insert or replace, insert or leave."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

#: How many values one ``IN`` carries: SQLite compiles each length anew, so the lengths are few.
_PART = 500


def insert(connection: sa.Connection, table: sa.Table) -> sqlite.Insert | postgresql.Insert:
    """Return this database's own INSERT, which knows ON CONFLICT."""
    return sqlite.insert(table) if connection.dialect.name == "sqlite" else postgresql.insert(table)


def upsert(connection: sa.Connection, table: sa.Table, key: Sequence[str], rows: Sequence[dict[str, Any]]) -> None:
    """Insert rows; where the key is taken, replace every column that the rows carry."""
    if not rows:
        return
    connection.execute(_upsert(connection.dialect.name, table, tuple(key), tuple(rows[0])), rows)


@cache
def _upsert(dialect: str, table: sa.Table, key: tuple[str, ...], names: tuple[str, ...]) -> sa.Insert:
    """Return the statement, which takes longer to make than to run."""
    statement = sqlite.insert(table) if dialect == "sqlite" else postgresql.insert(table)
    replaced = {name: statement.excluded[name] for name in names if name not in key}
    return statement.on_conflict_do_update(index_elements=list(key), set_=replaced)


def insert_missing(connection: sa.Connection, table: sa.Table, rows: Sequence[dict[str, Any]]) -> None:
    """Insert rows; where the key is taken, leave what is there."""
    if rows:
        connection.execute(_insert_missing(connection.dialect.name, table), rows)


@cache
def _insert_missing(dialect: str, table: sa.Table) -> sa.Insert:
    statement = sqlite.insert(table) if dialect == "sqlite" else postgresql.insert(table)
    return statement.on_conflict_do_nothing()


def insert_new(
    connection: sa.Connection, table: sa.Table, rows: Sequence[dict[str, Any]], columns: Sequence[sa.Column[Any]]
) -> Sequence[sa.Row[*tuple[Any, ...]]]:
    """Do the same, and return these columns of the rows that were not there before."""
    if not rows:
        return ()
    return connection.execute(_insert_new(connection.dialect.name, table, tuple(columns)), rows).all()


@cache
def _insert_new(dialect: str, table: sa.Table, columns: tuple[sa.Column[Any], ...]) -> sa.Executable:
    return _insert_missing(dialect, table).returning(*columns)


def parts(values: Sequence[str]) -> Iterator[Sequence[str]]:
    """Yield the values in parts small enough for one ``IN``."""
    for start in range(0, len(values), _PART):
        yield values[start : start + _PART]
