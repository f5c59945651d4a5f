"""Ids of which only the beginning is typed: found where it is the beginning of one alone."""

from __future__ import annotations

import pytest

from core.errors import RequestInvalid
from ledger import naming
from tests.books import registered
from tests.ledger.test_intending import begun
from tests.reports import message_id, registration


def named(database, typed):
    with database.read() as connection:
        return naming.whole(connection, typed)


def test_beginning_of_one_id_names_it(database):
    registered(database, *(registration(number) for number in (1, 20)))
    intent_id = begun(database)

    assert named(database, message_id(1)[:-1]) == message_id(1)
    assert named(database, intent_id[:8]) == intent_id


def test_beginning_of_several_ids_names_none(database):
    registered(database, *(registration(number) for number in (1, 2, 3)))

    with pytest.raises(RequestInvalid) as refused:
        named(database, message_id(1)[:8])

    assert str(refused.value) == (
        f"0d3c0f5a begins several ids, such as {message_id(1)} and {message_id(2)}; type more of it"
    )


@pytest.mark.parametrize(
    "typed",
    [
        pytest.param(message_id(1)[:7], id="too short"),
        pytest.param(message_id(9), id="whole, and unknown"),
        pytest.param("0d3c____", id="what a database would take for any character"),
        pytest.param("%" * 8, id="what a database would take for anything"),
    ],
)
def test_what_begins_no_id_stays_as_it_was_typed(database, typed):
    registered(database, registration())

    assert named(database, typed) == typed
