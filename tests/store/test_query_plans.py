"""How SQLite, which keeps no statistics, finds rows among a great many pending messages and requests."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta
from functools import partial

import pytest
import sqlalchemy as sa

from core.consent import Tier
from core.scopes import Scope
from store import consents, due, gated, intents, messages, outcomes, reach, reviews, sums, traffic
from store.ways import Reach
from tests.query_plans import plans
from tests.reports import ALICE, BOB, NOW, OURS, PROFILE, message_id

BY_ID = {"sqlite_autoindex_messages_1"}
CAMPAIGN = Reach(Scope.CAMPAIGN, "a", frozenset({"a", "b"}), frozenset({"CABC123"}))
REACHES = [
    pytest.param(Reach(Scope.ALL, ""), {"ix_messages_pending_send_at"}, id="all"),
    pytest.param(CAMPAIGN, {"ix_messages_pending_campaign", "ix_messages_pending_tcr"}, id="campaign"),
    pytest.param(Reach(Scope.SENDER, OURS), {"ix_messages_pending_sender"}, id="sender"),
    pytest.param(Reach(Scope.PROFILE, PROFILE), {"ix_messages_pending_profile"}, id="profile"),
    pytest.param(Reach(Scope.RECIPIENT, ALICE), BY_ID, id="recipient"),
]
AFTER = (NOW, 7)


@pytest.fixture
def explained(sqlite_database):
    """Run something, and return the plans of all that it asked the database for."""

    return partial(plans, sqlite_database)


def indices(plan, table):
    """Return the indices by which the rows of a table are found; a walk along all of them, or all pending, fails."""
    steps = [step for step in plan if re.match(rf"(SCAN|SEARCH) {table}\b", step)]
    named = [re.search(r"INDEX (\w+)|PRIMARY KEY", step) for step in steps]
    assert steps, plan
    assert None not in named, plan
    found = {name[1] or "primary key" for name in named}
    assert "ix_messages_ledger" not in found, plan
    return found


@pytest.mark.parametrize(("within", "by"), REACHES)
@pytest.mark.parametrize(
    "ask",
    [
        pytest.param(lambda connection, within: reach.count(connection, within, send_after=NOW), id="count"),
        pytest.param(
            lambda connection, within: reach.by_minute(connection, within, until=NOW, awaiting=True), id="by_minute"
        ),
        pytest.param(lambda connection, within: sums.held(connection, [within]), id="held"),
        pytest.param(lambda connection, within: due.in_reach(connection, within, after=None, limit=9), id="in_reach"),
        pytest.param(
            lambda connection, within: due.in_reach(connection, within, after=AFTER, limit=9), id="in_reach on"
        ),
        pytest.param(
            lambda connection, within: due.held_awaiting(connection, within, after=AFTER, until=NOW, limit=9),
            id="held_awaiting",
        ),
    ],
)
def test_pending_messages_of_a_scope_are_found_by_what_they_have_in_common(explained, ask, within, by):
    plan = explained(lambda connection: ask(connection, within))
    assert indices(plan, "messages") == by
    if within.scope is Scope.RECIPIENT:
        assert indices(plan, "message_recipients") == {"ix_message_recipients_phone_number"}


@pytest.mark.parametrize(("within", "by"), REACHES[:-1])
@pytest.mark.parametrize("after", [None, AFTER])
def test_next_messages_of_a_scope_are_found_in_the_order_of_an_index(explained, within, by, after):
    plan = explained(lambda connection: due.in_reach(connection, within, after=after, limit=9))
    assert indices(plan, "messages") == by
    assert not [step for step in plan if "TEMP B-TREE" in step]


def test_messages_that_several_gates_hold_are_found_by_each(explained):
    gates = [CAMPAIGN, Reach(Scope.SENDER, OURS), Reach(Scope.RECIPIENT, ALICE), Reach(Scope.RECIPIENT, BOB)]
    plan = explained(lambda connection: sums.held(connection, gates))
    assert indices(plan, "messages") == {
        "ix_messages_pending_campaign",
        "ix_messages_pending_tcr",
        "ix_messages_pending_sender",
        *BY_ID,
    }


@pytest.mark.parametrize("within", [CAMPAIGN, replace(CAMPAIGN, tcr_campaign_ids=frozenset())], ids=["tied", "alone"])
def test_what_was_cancelled_of_a_campaign_is_found_by_the_campaign(explained, within):
    plan = explained(lambda connection: gated.cancelled_in(connection, within, sparing="opt_out"))
    assert indices(plan, "messages") == {"ix_messages_sums", "ix_messages_cancelled_tcr"}
    assert indices(plan, "cancellations") == {"primary key"}


PAST = """
    INSERT INTO messages (id, direction, campaign_key, tcr_campaign_id, send_at, ledger, fields)
    SELECT 'id-' || n, 'outbound', 'c-' || mod(n, 2000), 'T-' || mod(n, 2000), now(), 'cancelled', '{}'
    FROM generate_series(1, 20000) n
"""


def test_postgresql_finds_what_was_cancelled_of_a_campaign_without_reading_all_that_was(postgresql_database):
    asked = []
    with postgresql_database.begin() as connection:
        connection.exec_driver_sql(PAST)
        connection.exec_driver_sql("ANALYZE messages")
        sa.event.listen(connection, "before_cursor_execute", lambda *told: asked.append(told[2:4]))
        gated.cancelled_in(connection, CAMPAIGN, sparing="opt_out")
        ((statement, values),) = asked
        plan = "\n".join(connection.exec_driver_sql(f"EXPLAIN {statement}", values).scalars())
    assert "Seq Scan on messages" not in plan, plan
    assert "ix_messages_ledger" not in plan, plan


@pytest.mark.parametrize(
    ("ask", "table", "by"),
    [
        pytest.param(lambda on: messages.pending_to(on, {ALICE}), "messages", BY_ID, id="pending_to one"),
        pytest.param(lambda on: messages.pending_to(on, {ALICE, BOB}), "messages", BY_ID, id="pending_to two"),
        pytest.param(lambda on: messages.count_pending_to(on, ALICE), "messages", BY_ID, id="count_pending_to"),
        pytest.param(
            lambda on: messages.listing(on, limit=9, only_orphans=True),
            "messages",
            {"ix_messages_orphaned"},
            id="orphans",
        ),
        pytest.param(
            lambda on: messages.listing(on, limit=9, only_orphans=True, phone_number=ALICE, after=7),
            "messages",
            {"ix_messages_orphaned"},
            id="orphans to one",
        ),
        *(
            pytest.param(
                lambda on: traffic.to(on, {ALICE, BOB}, since=NOW - timedelta(days=1), until=NOW),
                table,
                by,
                id=f"traffic, {table}",
            )
            for table, by in [
                ("message_recipients", {"ix_message_recipients_phone_number"}),
                ("messages", BY_ID),
                ("cancellations", {"primary key"}),
            ]
        ),
        pytest.param(sums.orphans, "messages", {"ix_messages_orphaned"}, id="orphans counted"),
        pytest.param(
            lambda on: intents.of_message(on, message_id()),
            "intents",
            {"primary key", "ix_intents_message_id", "ix_intents_replaces"},
            id="of_message",
        ),
        pytest.param(
            lambda on: intents.made_to(on, ALICE, since=NOW),
            "intents",
            {"primary key", "ix_intents_message_id", "ix_intents_in_doubt", "ix_intents_without_message"},
            id="made_to",
        ),
        pytest.param(
            lambda on: intents.in_doubt(on, Reach(Scope.RECIPIENT, ALICE), asked_before=NOW, now=NOW),
            "intents",
            {"ix_intents_in_doubt"},
            id="in_doubt",
        ),
        pytest.param(
            lambda on: intents.count_in_doubt(on, CAMPAIGN, asked_before=NOW, now=NOW),
            "intents",
            {"ix_intents_in_doubt"},
            id="count_in_doubt",
        ),
        pytest.param(
            lambda on: intents.without_message_to(on, ALICE, limit=9),
            "intents",
            {"ix_intents_without_message"},
            id="without_message_to",
        ),
        pytest.param(
            lambda on: outcomes.failures_to(on, {ALICE, BOB}, since=NOW),
            "(outcomes|delivered)",
            {"ix_outcomes_phone_number"},
            id="failures_to",
        ),
        pytest.param(
            lambda on: outcomes.failed_to(on, {ALICE}, since=NOW),
            "outcomes",
            {"ix_outcomes_phone_number"},
            id="failed_to",
        ),
        pytest.param(
            lambda on: outcomes.failures_from(on, OURS, {"40315"}, since=NOW),
            "(outcomes|delivered)",
            {"ix_outcomes_from_number"},
            id="failures_from",
        ),
        *(
            pytest.param(
                lambda on: consents.unsettled(on, Tier.DOUBTFUL, limit=9, after=7), table, by, id=f"unsettled, {table}"
            )
            for table, by in [("consents", {"ix_consents_tier"}), ("settling", {"sqlite_autoindex_consents_1"})]
        ),
        pytest.param(reviews.oldest, "reviews", {"ix_reviews_due"}, id="oldest"),
        pytest.param(lambda on: outcomes.fared(on, NOW), "outcomes", {"ix_outcomes_at"}, id="fared"),
    ],
)
def test_rows_are_found_by_an_index_that_leads_to_few(explained, ask, table, by):
    assert indices(explained(ask), table) == by
