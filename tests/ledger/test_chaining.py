"""The chain of decisions: what was changed or removed later is found, and where."""

import pytest
import sqlalchemy as sa

from core.chain import START, linked
from ledger import chaining
from ledger.registering import register
from store.tables import chain_links, decisions
from tests.reports import NOW, RULES, registration


@pytest.fixture
def books(database):
    """A database in which three decisions are linked."""
    with database.begin() as connection:
        register(connection, [registration(number) for number in (1, 2, 3)], RULES, door="api", now=NOW)
    assert extended(database) == 3
    return database


def extended(database, *, looks_back=True):
    with database.begin() as connection:
        return chaining.extend(connection, now=NOW, limit=100, looks_back=looks_back)


def audited(database, expected=None):
    with database.read() as connection:
        return chaining.audit(connection, now=NOW, expected=expected)


def changed(database, statement):
    with database.begin() as connection:
        connection.execute(statement)


def test_untouched_chain_holds_and_goes_on(books):
    first = audited(books)
    assert (first.checked, first.unlinked, first.broken, first.holds) == (3, 0, None, True)
    with books.begin() as connection:
        register(connection, [registration(4)], RULES, door="api", now=NOW)
    assert audited(books).unlinked == 1
    assert extended(books) == 1
    assert extended(books) == 0
    assert audited(books, expected=first.head).found_expected is True
    assert audited(books).checked == 4


@pytest.mark.parametrize(
    "values", [{"reason": "another"}, {"verdict": "cancel"}, {"facts": {"of": 1}}, {"rules": "0" * 16}]
)
def test_decision_that_was_changed_breaks_the_chain_where_it_stands(books, values):
    changed(books, sa.update(decisions).where(decisions.c.seq == 2).values(**values))
    audit = audited(books)
    assert (audit.checked, audit.broken.position, audit.holds) == (1, 2, False)
    assert "decision 2 is not what it was" in audit.broken.what


def test_decision_that_was_removed_breaks_it(books):
    changed(books, sa.delete(decisions).where(decisions.c.seq == 2))
    assert audited(books).broken == chaining.Break(2, None, "decision 2 is gone")


def test_link_that_was_removed_breaks_it(books):
    changed(books, sa.delete(chain_links).where(chain_links.c.position == 2))
    assert audited(books).broken == chaining.Break(2, None, "the link is gone")


def test_end_that_was_cut_off_is_found_by_a_head_that_was_noted(books):
    noted = audited(books).head
    changed(books, sa.delete(chain_links).where(chain_links.c.position == 3))
    changed(books, sa.delete(decisions).where(decisions.c.seq == 3))
    assert audited(books).holds
    assert audited(books, expected=noted).holds is False


def test_number_that_is_committed_after_a_higher_one_is_linked_later(books):
    with books.begin() as connection:
        row = connection.execute(sa.select(decisions).where(decisions.c.seq == 3)).one()._asdict()
        connection.execute(sa.insert(decisions), [row | {"seq": 7}])
    assert extended(books) == 1
    changed(books, sa.insert(decisions).values(**(row | {"seq": 5})))
    assert extended(books, looks_back=False) == 0
    assert audited(books).unlinked == 1
    assert extended(books) == 1
    assert audited(books).holds


def test_link_is_the_digest_of_the_one_before_and_of_the_row():
    one = linked(START, {"b": 1, "a": "é"})
    assert one == linked(START, {"a": "é", "b": 1})
    assert len({one, linked(START, {"a": "é", "b": 2}), linked(one, {"a": "é", "b": 1})}) == 3
