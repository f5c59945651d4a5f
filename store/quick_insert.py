"""An INSERT of a few rows that is rendered once and then handed to the driver as it is.

For the one statement that runs while Telnyx waits: SQLAlchemy's own way around the same statement takes five times
the processor time, which is most of what a request costs. ``python -m bench receive`` shows it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, registry, sqlite

#: The two drivers' own placeholders, ``?`` and ``$1``. With psycopg's usual ``%s`` it would parse each statement anew.
_DIALECTS: dict[str, sa.Dialect] = {
    "sqlite": registry.load("sqlite")(paramstyle="qmark"),
    "postgresql": registry.load("postgresql")(paramstyle="numeric_dollar"),
}


class QuickInsert:
    """Inserts rows whose key is new, and tells which these were."""

    def __init__(self, table: sa.Table, columns: Sequence[str], *, key: str) -> None:
        """Take the columns in the order in which rows will have their values. The primary key is a counting number."""
        self._table = table
        self._columns = tuple(columns)
        self._key = self._columns.index(key)
        self._statements: dict[tuple[str, int], str] = {}
        self._binders: dict[str, list[Callable[[Any], Any] | None]] = {}

    def __call__(self, connection: sa.Connection, rows: Sequence[Sequence[Any]]) -> set[Any]:
        """Insert the rows, each a sequence of values, and return the keys of those that were not there before.

        Raises what SQLAlchemy raises when the database refuses.
        """
        dialect = connection.dialect
        binders = self._binders_of(dialect)
        values = [
            value if bind is None else bind(value) for row in rows for value, bind in zip(row, binders, strict=True)
        ]
        statement = self._statement(dialect.name, len(rows))
        driver: Any = connection.connection.driver_connection
        try:
            if dialect.name == "postgresql":
                with dialect.loaded_dbapi.RawCursor(driver) as cursor:
                    return {key for (key,) in cursor.execute(statement, values)}
            cursor = driver.execute(statement, values)
        except dialect.loaded_dbapi.Error as error:
            raise sa.exc.DBAPIError.instance(
                None, None, error, dialect.loaded_dbapi.Error, hide_parameters=True, dialect=dialect
            ) from error
        return self._inserted(connection, [row[self._key] for row in rows], cursor.rowcount, cursor.lastrowid)

    def _inserted(self, connection: sa.Connection, keys: list[Any], count: int, last: int) -> set[Any]:
        """Return which keys SQLite has just inserted.

        Without RETURNING: Python hands out the interpreter once for every row that it returns, and this thread, which
        has the lock that everybody waits for, would stand in line with all of them to get it back.
        """
        if count == len(keys):
            return set(keys)
        # SQLite has one writer at a time, so what one statement inserts has numbers without a gap.
        (number,) = self._table.primary_key
        key = self._table.c[self._columns[self._key]]
        query = sa.select(key).where(number > last - count, number <= last, key.in_(keys))
        return set(connection.scalars(query)) if count else set()

    def _statement(self, dialect_name: str, count: int) -> str:
        known = self._statements.get((dialect_name, count))
        if known is None:
            key = self._columns[self._key]
            rows: list[dict[str, Any]] = [
                {name: sa.bindparam(f"{name}_{index}") for name in self._columns} for index in range(count)
            ]
            statement: sa.Executable
            if dialect_name == "sqlite":
                statement = sqlite.insert(self._table).values(rows).on_conflict_do_nothing(index_elements=[key])
            else:
                ignoring = postgresql.insert(self._table).values(rows).on_conflict_do_nothing(index_elements=[key])
                statement = ignoring.returning(self._table.c[key])
            known = self._statements[dialect_name, count] = str(statement.compile(dialect=_DIALECTS[dialect_name]))
        return known

    def _binders_of(self, dialect: sa.Dialect) -> list[Callable[[Any], Any] | None]:
        known = self._binders.get(dialect.name)
        if known is None:
            types = [self._table.c[name].type for name in self._columns]
            known = self._binders[dialect.name] = [
                a_type.dialect_impl(dialect).bind_processor(dialect) for a_type in types
            ]
        return known
