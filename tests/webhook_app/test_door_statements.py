"""How often a send through the door goes to the database: each time costs its sender a part of a millisecond."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import sqlalchemy as sa

from tests.reports import BOB

#: Before the call and after it; BEGIN and COMMIT are not among them.
MOST = {None: 12, "spring": 17}


@contextmanager
def statements_of(database) -> Iterator[list[str]]:
    said: list[str] = []

    def hear(_connection, _cursor, statement, *_more):
        if not statement.startswith("BEGIN"):
            said.append(" ".join(statement.split())[:100])

    sa.event.listen(database.engine, "before_cursor_execute", hear)
    yield said
    sa.event.remove(database.engine, "before_cursor_execute", hear)


@pytest.mark.parametrize("campaign", [None, "spring"])
def test_scheduled_send_takes_few_statements(world, campaign):
    headers = {"Rescind-Campaign": campaign} if campaign else {}
    world.schedule(to=BOB, headers=headers)
    world.book.flush()

    with statements_of(world.database) as said:
        assert world.schedule(headers=headers).status_code == 200
        world.book.flush()

    assert len(world.sends()) == 2
    assert len(said) <= MOST[campaign], "\n".join(said)
