"""From a webhook that tells of a failure to the cancellation of what waits for the same number."""

from __future__ import annotations

from core.deciding import Mode
from core.policies import hard_failure
from core.policies.catalogue import rules
from ledger.registering import register
from store import cancellations
from tests.accepting import accept, sample
from tests.books import stories
from tests.reports import NOW, message_id, registration
from workers.applying import Applier

LANDLINE = "+15559010001"
RULES = rules(hard_failure=hard_failure.Settings(mode=Mode.ENFORCE))


def test_webhook_of_a_landline_has_what_waits_for_it_cancelled(database):
    with database.begin() as connection:
        register(connection, [registration(1, to=(LANDLINE,)), registration(2)], RULES, door="api", now=NOW)
    (event_id,) = accept(database, sample("message.finalized.delivery_failed"))
    assert Applier(database, lambda: RULES, lambda: NOW).apply() == 1

    decision = stories(database)["decisions"][-1]
    assert (decision["verdict"], decision["policy"], decision["event_id"]) == ("cancel", "hard_failure", event_id)
    assert decision["reason"] == (
        "+15559010001 failed for good at 2026-03-02 09:20:02 UTC (40001 Not routable), and nothing was delivered to it "
        "since"
    )
    with database.read() as connection:
        assert cancellations.of(connection, message_id(1)).state == "requested"
        assert cancellations.of(connection, message_id(2)) is None
