"""``rescind audit``: says how many decisions it checked, and fails when one was changed, removed, or cut off."""

from __future__ import annotations

import json
import re

import pytest
import sqlalchemy as sa

from ledger import chaining
from store.tables import decisions
from tests.books import registered
from tests.reports import NOW, registration


@pytest.fixture
def settings(sqlite_url, sqlite_database):
    """Three decisions, all linked."""
    registered(sqlite_database, *map(registration, (1, 2, 3)))
    with sqlite_database.begin() as connection:
        assert chaining.extend(connection, now=NOW, limit=10, looks_back=True) == 3
    return {"DATABASE_URL": sqlite_url}


def changed(database, statement):
    with database.begin() as connection:
        assert connection.execute(statement).rowcount == 1


def middle(database):
    with database.read() as connection:
        return decisions.c.seq == connection.scalars(sa.select(decisions.c.seq).order_by(decisions.c.seq)).all()[1]


def test_untouched_decisions_are_told_with_the_head_to_note_down(run, settings):
    ran = run("audit", **settings)

    assert (ran.status, ran.err) == (0, "")
    assert ran.out.startswith("3 decisions checked, 0 not linked yet\nhead ")
    head = re.search(r"head ([0-9a-f]{64})", ran.out).group(1)
    assert run("audit", "--head", head, **settings).status == 0


def test_decision_that_was_changed_is_found(run, settings, sqlite_database):
    changed(sqlite_database, sa.update(decisions).where(middle(sqlite_database)).values(reason="all was well"))

    ran, as_json = run("audit", **settings), run("audit", "--json", **settings)

    assert (ran.status, as_json.status) == (1, 1)
    assert "BROKEN at 2: " in ran.out
    assert json.loads(as_json.out)["holds"] is False


def test_decision_that_was_removed_is_found(run, settings, sqlite_database):
    changed(sqlite_database, sa.delete(decisions).where(middle(sqlite_database)))

    ran = run("audit", **settings)

    assert ran.status == 1
    assert "BROKEN at 2: " in ran.out


def test_head_that_the_chain_does_not_pass_through_is_found(run, settings):
    ran = run("audit", "--head", "0" * 63 + "1", **settings)

    assert ran.status == 1
    assert "the chain does not pass through the head that was given" in ran.out


def test_head_that_is_no_digest_is_refused_in_one_line(run, settings):
    ran = run("audit", "--head", "abc", **settings)

    assert (ran.status, ran.out) == (2, "")
    assert "--head is no digest" in ran.err
