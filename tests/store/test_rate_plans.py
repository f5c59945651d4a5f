"""How what is counted of campaigns and of days is found: by an index, and only the rows in question."""

from __future__ import annotations

from datetime import timedelta

import pytest

from store import spending, tallies
from tests.reports import NOW, PROFILE
from tests.store.test_query_plans import explained, indices  # noqa: F401 - a fixture

SINCE = NOW - timedelta(hours=2)


@pytest.mark.parametrize(
    ("ask", "table", "by"),
    [
        pytest.param(
            lambda on: list(tallies.ended(on, {"a", "b"}, spam={"40002"}, since=SINCE)),
            "outcomes",
            {"ix_outcomes_campaign"},
            id="ended",
        ),
        pytest.param(
            lambda on: list(tallies.opted_out(on, {"a"}, since=SINCE)), "consents", {"ix_consents_campaign"}, id="left"
        ),
        pytest.param(lambda on: tallies.lately_ended(on, since=SINCE), "outcomes", {"ix_outcomes_at"}, id="lately"),
        pytest.param(lambda on: spending.spent(on, since=SINCE, until=NOW), "outcomes", {"ix_outcomes_at"}, id="spent"),
        pytest.param(lambda on: spending.paid(on, since=SINCE), "outcomes", {"ix_outcomes_at"}, id="paid"),
        pytest.param(
            lambda on: spending.before(on, {1, 2}, since=SINCE, until=NOW, profile=None),
            "messages",
            {"ix_messages_pending_send_at"},
            id="before",
        ),
        pytest.param(
            lambda on: spending.before(on, {1, 2}, since=SINCE, until=NOW, profile=PROFILE),
            "messages",
            {"ix_messages_pending_profile"},
            id="before of a profile",
        ),
        pytest.param(
            lambda on: spending.waiting(on, since=SINCE, until=NOW, profile=PROFILE),
            "messages",
            {"ix_messages_pending_profile"},
            id="waiting of a profile",
        ),
    ],
)
def test_rows_are_found_by_an_index(explained, ask, table, by):  # noqa: F811 - a fixture
    assert indices(explained(ask), table) == by


def test_what_ended_is_counted_from_an_index_alone(explained):  # noqa: F811 - a fixture
    plan = explained(lambda on: list(tallies.ended(on, {"a"}, spam={"40002"}, since=SINCE)))
    assert [step for step in plan if "COVERING INDEX ix_outcomes_campaign" in step]
