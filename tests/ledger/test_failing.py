"""Failures have what is pending decided on again: to the same recipients at once, from the same sender by and by."""

from datetime import timedelta

import pytest
import sqlalchemy as sa

from core.deciding import Mode
from core.facts import SignalKind
from core.policies import hard_failure, sender_state, soft_failures
from core.policies.catalogue import rules
from ledger import forgiving
from ledger.absorbing import Heard, absorb
from ledger.registering import register
from ledger.reviewing import review
from store import cancellations, messages, reviews, signals, tables
from tests.books import stories
from tests.ledger.test_ending import ended
from tests.reports import ALICE, BOB, NOW, OURS, message_id, registration

ENFORCED = rules(
    hard_failure=hard_failure.Settings(mode=Mode.ENFORCE),
    soft_failures=soft_failures.Settings(mode=Mode.ENFORCE),
    sender_state=sender_state.Settings(mode=Mode.ENFORCE),
)
DAY, MINUTE = timedelta(days=1), timedelta(minutes=1)
DEAD, DOWN, UNHEALTHY = {"code": "40012"}, {"code": "40006"}, {"code": "40315"}


def told(database, *reports, acts=True, by=ENFORCED, now=NOW):
    with database.begin() as connection:
        absorb(connection, [Heard(report, now, acts) for report in reports], by, now=now)


def entered(database, *registrations):
    with database.begin() as connection:
        register(connection, registrations, ENFORCED, door="api", now=NOW)


def decisions(database, number=1):
    return [(each["verdict"], each["policy"], each["trigger"]) for each in stories(database, number)["decisions"]]


def cancellation(database, number=1):
    with database.read() as connection:
        row = cancellations.of(connection, message_id(number))
        return row and (row.state, row.policy)


def called_for(database):
    with database.read() as connection:
        query = sa.select(tables.reviews.c.scope, tables.reviews.c.value, tables.reviews.c.event_id)
        return [tuple(row) for row in connection.execute(query.order_by(tables.reviews.c.seq))]


def reviewed(database, *, now=NOW):
    with database.begin() as connection:
        return review(connection, ENFORCED, now=now, limit=10)


def failures_in_a_row(database, **more):
    for ago in (3, 2, 1):
        report = ended("delivery_failed", DOWN, number=10 + ago, minute=-ago * 24 * 60, event_id=f"e{ago}", **more)
        told(database, report)


def test_dead_number_has_what_waits_for_it_cancelled_and_nothing_else(database):
    entered(database, registration(1), registration(2, to=(BOB,)))
    told(database, ended("delivery_failed", DEAD, number=9, event_id="dead"))
    assert decisions(database)[-1] == ("cancel", "hard_failure", "failure")
    assert stories(database)["decisions"][-1]["event_id"] == "dead"
    assert cancellation(database) == ("requested", "hard_failure")
    assert decisions(database, 2) == [("allow", None, "registration")]
    assert cancellation(database, 2) is None


def test_message_is_not_cancelled_for_its_own_end(database):
    entered(database, registration(1))
    told(database, ended("delivery_failed", DEAD, number=1))
    assert cancellation(database) is None
    assert stories(database)["message"]["ledger"] == "released"
    assert decisions(database) == [("allow", None, "registration"), ("allow", None, "last_look")]


def test_message_that_is_registered_after_its_own_end_is_released(database):
    told(database, ended("delivery_failed", DEAD, number=1))
    entered(database, registration(1))
    assert stories(database)["message"]["ledger"] == "released"
    assert cancellation(database) is None


def test_message_that_is_registered_to_a_dead_number_is_cancelled_until_the_number_is_forgiven(database):
    told(database, ended("delivery_failed", DEAD, number=9))
    entered(database, registration(1))
    assert cancellation(database) == ("requested", "hard_failure")
    later = NOW + MINUTE
    with database.begin() as connection:
        forgiven = forgiving.forgive(connection, ALICE, ENFORCED, reason="ported", now=later)
    assert (forgiven.failures, forgiven.pending) == (1, 1)
    with database.read() as connection:
        (row,) = signals.listing(connection, limit=9)
    assert (row.signal.kind, row.signal.phone_number, row.signal.value) == (SignalKind.FORGIVEN, ALICE, "ported")
    assert decisions(database)[-1] == ("allow", None, "signal")
    assert cancellation(database)[0] == "withdrawn"
    told(database, ended("delivery_failed", DEAD, number=8, minute=2), now=NOW + 2 * MINUTE)
    assert cancellation(database) == ("requested", "hard_failure")


def test_late_news_of_a_failure_from_before_the_pardon_changes_nothing(database):
    entered(database, registration(1))
    with database.begin() as connection:
        forgiving.forgive(connection, ALICE, ENFORCED, reason="ported", now=NOW)
    told(database, ended("delivery_failed", DEAD, number=9, minute=-1), now=NOW + MINUTE)
    assert cancellation(database) is None


@pytest.mark.parametrize("first", ["failed", "delivered"])
def test_delivery_after_the_failure_clears_the_number_whichever_is_heard_first(database, first):
    entered(database, registration(1))
    news = [
        ended("delivery_failed", DEAD, number=9, minute=1, event_id="e1"),
        ended("delivered", number=8, minute=2, event_id="e2"),
    ]
    for report in news if first == "failed" else reversed(news):
        told(database, report)
    assert decisions(database)[-1][0] == "allow"
    assert cancellation(database) in {None, ("withdrawn", "hard_failure")}


def test_delivery_to_a_number_that_never_failed_has_nothing_decided(database):
    entered(database, registration(1))
    told(database, ended("delivered", number=9))
    assert len(decisions(database)) == 1


@pytest.mark.parametrize("word", ["delivery_unconfirmed", "sent"])
def test_what_has_neither_failed_nor_arrived_has_nothing_decided(database, word):
    entered(database, registration(1))
    told(database, ended("delivery_failed", DOWN, number=9))
    before = decisions(database)
    told(database, ended(word, DEAD, number=8, minute=1))
    assert decisions(database) == before


def test_rules_that_look_at_no_failures_have_nothing_decided(database):
    entered(database, registration(1))
    told(database, ended("delivery_failed", DEAD, number=9), ended("delivery_failed", UNHEALTHY, number=8), by=rules())
    assert len(decisions(database)) == 1
    assert called_for(database) == []


def test_replay_without_effects_records_what_it_would_cancel_and_one_with_effects_cancels(database):
    entered(database, registration(1))
    report = ended("delivery_failed", DEAD, number=9)
    told(database, report, acts=False)
    assert stories(database)["decisions"][-1]["mode"] == "shadow"
    assert cancellation(database) is None
    told(database, report)
    assert cancellation(database) == ("requested", "hard_failure")


def test_streak_over_days_keeps_messages_back(database):
    entered(database, registration(1))
    failures_in_a_row(database)
    assert decisions(database)[-1] == ("hold", "soft_failures", "failure")
    assert cancellation(database) is None
    told(database, ended("delivered", number=20))
    assert decisions(database)[-1] == ("allow", None, "failure")


def test_failures_that_fell_into_an_outage_say_nothing_of_the_number(database):
    entered(database, registration(1))
    others = [f"+1555765{number:04d}" for number in range(200, 220)]
    for number, other in enumerate(others, start=100):
        told(database, ended("delivery_failed", DOWN, number=number, minute=-24 * 60 - 9, to=(other,), event_id=other))
    failures_in_a_row(database)
    assert decisions(database)[-1][:2] == ("allow", None)


def test_refused_sender_has_its_queue_kept_back_and_let_go_by_the_next_delivery(database):
    entered(database, registration(1, to=(BOB,)))
    told(database, ended("delivery_failed", UNHEALTHY, number=9, event_id="e1"))
    told(database, ended("delivery_failed", UNHEALTHY, number=8, event_id="e2", minute=1))
    assert called_for(database) == [("sender", OURS, "e1")]
    assert reviewed(database) == 1
    assert decisions(database)[-1] == ("hold", "sender_state", "sender")
    told(database, ended("delivered", number=7, event_id="e3", minute=2))
    told(database, ended("delivered", number=6, event_id="e4", minute=3))
    assert called_for(database)[1:] == [("sender", OURS, "e3")]
    reviewed(database)
    assert decisions(database)[-1] == ("allow", None, "sender")


def test_message_kept_back_is_looked_at_again_when_the_refusal_is_too_old(database):
    entered(database, registration(1))
    told(database, ended("delivery_failed", UNHEALTHY, number=9))
    reviewed(database)
    with database.read() as connection:
        assert messages.find(connection, message_id(1)).review_at == NOW + timedelta(hours=1, seconds=1)


def test_failures_of_recipients_are_not_held_against_the_sender(database):
    entered(database, registration(1, to=(BOB,)))
    told(database, ended("delivery_failed", DEAD, number=9), ended("delivery_failed", DOWN, number=8))
    assert called_for(database) == []
    with database.read() as connection:
        assert reviews.oldest(connection) is None
