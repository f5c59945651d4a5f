"""The kept connection: dead, it is replaced and the work done again; alive, work that fails has failed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress

import pytest
import sqlalchemy as sa

from core.errors import StoreUnavailable
from store.kept_connection import KeptConnection


class Work:
    """Counts how many times it is done."""

    def __init__(self, *statements: str) -> None:
        self.statements = statements
        self.times = 0

    def __call__(self, connection: sa.Connection) -> int:
        self.times += 1
        for statement in self.statements:
            connection.exec_driver_sql(statement)
        return self.times


@pytest.fixture
def kept(postgresql_database) -> Iterator[KeptConnection]:
    kept = KeptConnection(postgresql_database)
    yield kept
    # Work that fails is what closes it.
    with suppress(StoreUnavailable):
        kept.write(Work("SELECT * FROM no_such_table"))


def test_work_is_done_again_over_a_new_connection_when_the_kept_one_has_died(postgresql_database, kept):
    pid = kept.write(lambda connection: connection.scalar(sa.text("SELECT pg_backend_pid()")))
    with postgresql_database.read() as connection:
        connection.execute(sa.text("SELECT pg_terminate_backend(:pid)"), {"pid": pid})
    work = Work("SELECT 1")
    assert kept.write(work) == 2


def test_statement_that_takes_too_long_is_not_tried_again(kept):
    assert kept.write(Work("SELECT 1")) == 1
    work = Work("SET statement_timeout = 50", "SELECT pg_sleep(5)")
    with pytest.raises(StoreUnavailable, match="statement timeout"):
        kept.write(work)
    assert work.times == 1
    assert kept.write(Work("SELECT 1")) == 1


def test_work_that_fails_over_a_new_connection_is_not_tried_again(database):
    kept = KeptConnection(database)
    work = Work("SELECT * FROM no_such_table")
    with pytest.raises(StoreUnavailable, match="no_such_table"):
        kept.write(work)
    assert work.times == 1
