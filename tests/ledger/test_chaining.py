"""The chain of decisions: what was changed or removed later is found, and where."""

from datetime import timedelta

import pytest
import sqlalchemy as sa

from core.chain import START, linked
from ledger import chaining
from ledger.registering import register
from store import chain
from store.decisions import DecisionRow
from store.tables import chain_links, decisions
from tests.reports import NOW, RULES, registration


@pytest.fixture
def books(database):
    """A database in which three decisions are linked."""
    with database.begin() as connection:
        register(connection, [registration(number) for number in (1, 2, 3)], RULES, door="api", now=NOW)
    assert extended(database) == 3
    return database


def extended(database, *, looks_back=True, now=NOW):
    with database.begin() as connection:
        return chaining.extend(connection, now=now, limit=100, looks_back=looks_back)


def audited(database, expected=None):
    with database.read() as connection:
        return chaining.audit(connection, expected=expected)


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


def out_of_order(books):
    """Link a higher number, commit a lower one after it, and return when that was."""
    with books.begin() as connection:
        row = connection.execute(sa.select(decisions).where(decisions.c.seq == 3)).one()._asdict()
        connection.execute(sa.insert(decisions), [row | {"seq": 7}])
    assert extended(books, looks_back=False) == 1
    changed(books, sa.insert(decisions).values(**(row | {"seq": 5})))
    return row


def test_what_came_out_of_order_before_a_long_stop_is_linked_after_it(books):
    row = out_of_order(books)
    after_the_stop = NOW + timedelta(days=1)
    changed(books, sa.insert(decisions).values(**(row | {"seq": 9})))
    assert extended(books, now=after_the_stop) == 2
    assert audited(books).unlinked == 0
    changed(books, sa.update(decisions).where(decisions.c.seq == 5).values(verdict="cancel"))
    assert audited(books).holds is False


@pytest.mark.parametrize("looks_back", [True, False])
def test_newest_link_is_asked_for_once(books, looks_back):
    asked = []
    with books.begin() as connection:
        sa.event.listen(connection, "before_cursor_execute", lambda *told: asked.append(told[2]))
        assert chaining.extend(connection, now=NOW, limit=100, looks_back=looks_back) == 0
    assert len([each for each in asked if "digest" in each]) == 1


def test_decision_that_was_never_linked_is_told_however_old_it_is(books):
    row = out_of_order(books)
    for later in (1, 2):
        changed(books, sa.insert(decisions).values(**(row | {"seq": 10 + later})))
        assert extended(books, looks_back=False, now=NOW + timedelta(days=later)) == 1
    assert audited(books).unlinked == 1


def test_what_a_link_is_made_of_never_changes():
    row = DecisionRow(
        message_id="0d3c0f5a-0000-4000-8000-000000000001",
        decided_at=NOW,
        trigger="registration",
        verdict="allow",
        policy=None,
        mode="enforce",
        reason="nothing objects",
        facts={},
        verdicts=[{"policy": "opt_out", "verdict": "allow"}],
        event_id=None,
        rules="ee1ec12cd3063549",
    )
    assert linked(START, chain.as_json(row)) == "05c1430819353a81f42d4ab9742a0a2df1fa8e5c1a9f13dd7b596fb563e3fad5"


def test_link_is_the_digest_of_the_one_before_and_of_the_row():
    one = linked(START, {"b": 1, "a": "é"})
    assert one == linked(START, {"a": "é", "b": 1})
    assert len({one, linked(START, {"a": "é", "b": 2}), linked(one, {"a": "é", "b": 1})}) == 3
