"""The proof is taken once a UTC day, a page a sweep; what it finds raises an alarm and is decided on again."""

from __future__ import annotations

from datetime import timedelta

import sqlalchemy as sa
from structlog.testing import capture_logs

from core.deciding import Mode
from core.policies import opt_out
from core.policies.catalogue import rules
from store.tables import cancellations, reviews
from tests.books import opted_out, registered
from tests.ledger.test_meeting import lost
from tests.reports import ALICE, NOW, RULES, message_id, registration
from workers.proving import Prover


def asked_for(database):
    with database.read() as connection:
        return [(row.scope, row.value) for row in connection.execute(sa.select(reviews))]


def test_round_is_made_at_the_start_and_once_on_every_further_day(database):
    clock = [NOW]
    registered(database, registration())
    prove = Prover(database, lambda: RULES, lambda: clock[0])

    with capture_logs() as logs:
        prove()
        prove()
        clock[0] = NOW + timedelta(days=1)
        prove()
        prove()

    assert [(line["event"], line["pending"], line["unguarded"]) for line in logs] == [("consent_proved", 1, 0)] * 2
    assert asked_for(database) == []


def test_message_that_nobody_is_cancelling_raises_an_alarm_and_is_decided_on_again(database):
    registered(database, registration())
    opted_out(database)
    with database.begin() as connection:
        connection.execute(sa.delete(cancellations))

    with capture_logs() as logs:
        Prover(database, lambda: RULES, lambda: NOW)()

    (alarm,) = [line for line in logs if line["log_level"] == "error"]
    assert (alarm["event"], alarm["message_id"]) == ("refused_and_pending", message_id())
    assert asked_for(database) == [("recipient", ALICE)]


def test_round_that_finds_a_request_in_doubt_to_somebody_who_refused_says_so(database):
    lost(database)
    opted_out(database)

    with capture_logs() as logs:
        Prover(database, lambda: RULES, lambda: NOW)()

    assert [(line["event"], line["in_doubt"], line["not_enforced"]) for line in logs] == [("consent_not_proved", 1, [])]


def test_round_proves_nothing_of_a_policy_that_is_not_enforced(database):
    registered(database, registration())
    by = rules(opt_out=opt_out.Settings(mode=Mode.SHADOW))

    with capture_logs() as logs:
        Prover(database, lambda: by, lambda: NOW)()

    assert [(line["event"], line["log_level"], line["not_enforced"]) for line in logs] == [
        ("consent_not_proved", "warning", ["opt_out"])
    ]
