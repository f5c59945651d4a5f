"""How signals and texts of recipients are found among a great many, by both databases."""

import re

import pytest
import sqlalchemy as sa

from core.facts import Signal, SignalKind
from store import inbound, signals
from tests.query_plans import plans
from tests.reports import ALICE, BOB, NOW


@pytest.mark.parametrize(
    ("ask", "table", "by"),
    [
        pytest.param(
            lambda on: signals.about_numbers(on, {ALICE, BOB}, since=NOW),
            "signals",
            "ix_signals_phone_number (phone_number=? AND at>?)",
            id="about numbers",
        ),
        pytest.param(
            lambda on: signals.about_everybody(on, SignalKind.REVISION, {"a", "b"}, since=NOW),
            "signals",
            "ix_signals_value (kind=? AND value=? AND at>?)",
            id="about everybody",
        ),
        pytest.param(lambda on: signals.find(on, ["a", "b"]), "signals", "sqlite_autoindex_signals_1 (id=?)", id="ids"),
        pytest.param(
            lambda on: signals.listing(on, limit=9, phone_number=ALICE),
            "signals",
            "ix_signals_phone_number (phone_number=?)",
            id="of a recipient",
        ),
        pytest.param(
            lambda on: inbound.of(on, {ALICE, BOB}, since=NOW),
            "messages",
            "ix_messages_inbound (from_number=?)",
            id="texts of numbers",
        ),
    ],
)
def test_rows_are_found_by_an_index_that_leads_to_few(sqlite_database, ask, table, by):
    steps = [step for step in plans(sqlite_database, ask) if re.match(rf"(SCAN|SEARCH) {table}\b", step)]
    assert steps
    assert all(f"INDEX {by}" in step or "INTEGER PRIMARY KEY (rowid=?)" in step for step in steps), steps
    assert any(f"INDEX {by}" in step for step in steps), steps


TEXTS = """
    INSERT INTO messages (id, direction, from_number, fields)
    SELECT 'id-' || n, 'inbound', '+1555' || mod(n, 2000), '{"05|2020-01-01T00:00:00+00:00|e": {}}'
    FROM generate_series(1, 20000) n
"""


def test_postgresql_finds_texts_without_reading_all_messages(postgresql_database):
    asked = []
    with postgresql_database.begin() as connection:
        connection.exec_driver_sql(TEXTS)
        connection.exec_driver_sql("ANALYZE messages")
        sa.event.listen(connection, "before_cursor_execute", lambda *told: asked.append(told[2:4]))
        assert inbound.of(connection, {"+15559", "+15558"}, since=NOW) == {}
        statement, values = asked[0]
        plan = "\n".join(connection.exec_driver_sql(f"EXPLAIN {statement}", values).scalars())
    assert "Seq Scan on messages" not in plan, plan
    assert "ix_messages_inbound" in plan, plan


def test_signal_is_kept_once_under_its_id(database):
    first = Signal("order-1", SignalKind.GOAL, "purchase", NOW, ALICE)
    gone = Signal("gone-1", SignalKind.REVISION, "visit-7", NOW)
    with database.begin() as connection:
        assert signals.add(connection, [first, gone], received_at=NOW) == {"order-1", "gone-1"}
        assert (
            signals.add(connection, [Signal("order-1", SignalKind.GOAL, "visit", NOW, BOB)], received_at=NOW) == set()
        )
        assert signals.add(connection, [], received_at=NOW) == set()
        held = signals.find(connection, ["order-1", "gone-1", "nothing"])
        assert {of: row.signal for of, row in held.items()} == {"order-1": first, "gone-1": gone}
        assert [row.signal.id for row in signals.listing(connection, limit=9)] == ["order-1", "gone-1"]
