"""Empty databases on a PostgreSQL server, each under a name of its own, made as seldom as can be.

To copy a database takes a third of a second on a busy disk, to empty one a few milliseconds.
"""

from __future__ import annotations

import uuid

import sqlalchemy as sa

_ROWS_OF_ITS_OWN = {"alembic_version"}
#: What tests leave alone: the tables with their columns, and which revision they are of.
_AS_IT_SHOULD_BE = """
    SELECT
        md5(string_agg(described, ' ' ORDER BY described)),
        (SELECT string_agg(version_num, ' ') FROM alembic_version)
    FROM (
        SELECT format('%%s.%%s %%s %%s', c.relname, a.attname, a.atttypid, a.attnotnull) AS described
        FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND NOT a.attisdropped
        WHERE c.relnamespace = 'public'::regnamespace
    ) described
"""
_WRITTEN_TO = """
    SELECT relname FROM pg_class
    WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace AND pg_relation_size(oid) > 0
"""
_END_EVERYBODY = "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE datname = %(name)s"


class Databases:
    """Takes copies of a template, and keeps those that were given back for the next who wants one."""

    def __init__(self, server_url: str, template: str) -> None:
        self._server_url = server_url
        self._template = template
        self._administration = connected(server_url)
        # None of it need survive anything.
        self._administration.exec_driver_sql("SET synchronous_commit TO off")
        with connected(named(server_url, template)) as connection:
            self._expected = connection.exec_driver_sql(_AS_IT_SHOULD_BE).one()
            is_empty = set(connection.exec_driver_sql(_WRITTEN_TO).scalars()) == _ROWS_OF_ITS_OWN
        self._may_be_kept = is_empty
        self._all: set[str] = set()
        self._kept: list[str] = []

    def take(self) -> str:
        """Return the URL of an empty database whose name nobody has used before."""
        if self._kept:
            return named(self._server_url, self._kept.pop())
        name = _new_name()
        self._administration.exec_driver_sql(f'CREATE DATABASE "{name}" TEMPLATE "{self._template}"')
        self._all.add(name)
        return named(self._server_url, name)

    def give_back(self, url: str) -> None:
        """Empty a database for the next, or put it aside when it is no longer as it was."""
        before, name = str(sa.make_url(url).database), _new_name()
        # A thread that the test left behind must not find its database again, not even between two of these steps.
        self._administration.exec_driver_sql(f'ALTER DATABASE "{before}" ALLOW_CONNECTIONS false')
        self._administration.exec_driver_sql(_END_EVERYBODY, {"name": before})
        self._administration.exec_driver_sql(f'ALTER DATABASE "{before}" RENAME TO "{name}"')
        self._administration.exec_driver_sql(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS true')
        self._all.remove(before)
        self._all.add(name)
        if self._may_be_kept and self._is_emptied(named(self._server_url, name)):
            self._kept.append(name)

    def close(self) -> None:
        for name in self._all:
            drop(self._administration, name)
        self._administration.close()

    def _is_emptied(self, url: str) -> bool:
        with connected(url) as connection:
            if connection.exec_driver_sql(_AS_IT_SHOULD_BE).one() != self._expected:
                return False
            written_to = set(connection.exec_driver_sql(_WRITTEN_TO).scalars()) - _ROWS_OF_ITS_OWN
            if written_to:
                connection.exec_driver_sql("SET synchronous_commit TO off")
                tables = ", ".join(f'"{each}"' for each in written_to)
                connection.exec_driver_sql(f"TRUNCATE {tables} RESTART IDENTITY CASCADE")
        return True


def _new_name() -> str:
    return f"rescind_{uuid.uuid4().hex[:12]}"


def connected(url: str) -> sa.Connection:
    """Connect for statements that commit by themselves, as those about databases must."""
    engine = sa.create_engine(sa.make_url(url).set(drivername="postgresql+psycopg"), poolclass=sa.NullPool)
    return engine.connect().execution_options(isolation_level="AUTOCOMMIT")


def named(url: str, name: str) -> str:
    return sa.make_url(url).set(database=name).render_as_string(hide_password=False)


def drop(administration: sa.Connection, name: str) -> None:
    administration.exec_driver_sql(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
