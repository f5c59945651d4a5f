"""A refusal that had reached us in time, and is handed over when its message was let go: the order changes nothing."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from core.campaigns import CampaignStatus
from core.cancelling import Outcome, Settle
from core.facts import MessageClass
from core.outcomes import BreachCause, CancellationState, LedgerState
from core.policies import opt_out
from core.policies.catalogue import rules
from ledger import campaigning, settling
from ledger.absorbing import Heard, absorb
from ledger.campaigning import CampaignChange
from ledger.settling import Settlement
from store import cancellations, decisions, messages
from tests.books import looked_last, registered, told
from tests.reports import BOB, NOW, RULES, message_id, registration, status, text

SEND_AT = NOW + timedelta(hours=3)
HEARD_AT = SEND_AT - timedelta(minutes=30)
BACK_AT = SEND_AT + timedelta(minutes=10)


def release(database):
    looked_last(database, message_id(), now=BACK_AT)
    with database.begin() as connection:
        assert settling.release_due(connection, until=BACK_AT, now=BACK_AT, limit=5) == 1


def handed_over(database, words="STOP", *, received_at=HEARD_AT, judged_by=RULES, acts=True, **more):
    report = text(words, minute=150, event_id="handed-over", **more)
    with database.begin() as connection:
        absorb(connection, [Heard(report, received_at, acts)], judged_by, now=BACK_AT)


def asked_what_came_of_it(database):
    """As a worker asks Telnyx, which says that the message has been sent."""
    with database.begin() as connection:
        (claimed,) = cancellations.claim(connection, now=BACK_AT, limit=5, lease=timedelta(seconds=30), token="t")
        left = Settle(CancellationState.TOO_LATE, Outcome.ALREADY_SENT)
        settling.settle(connection, [Settlement(claimed.message_id, "t", left)], now=BACK_AT)


def message(database):
    with database.read() as connection:
        return messages.find(connection, message_id())


def orders(database):
    with database.read() as connection:
        return cancellations.of(connection, message_id())


def triggers(database):
    with database.read() as connection:
        return [each.trigger for each in decisions.of(connection, message_id())]


@pytest.mark.parametrize("released_first", [True, False])
def test_either_order_comes_to_the_same_breach(database, released_first):
    registered(database, registration(send_at=SEND_AT))
    if released_first:
        release(database)
    handed_over(database)
    assert (message(database).ledger, message(database).closed_at) == (LedgerState.PENDING, None)

    asked_what_came_of_it(database)

    row = message(database)
    assert (row.ledger, row.breach_cause) == (LedgerState.BREACH, BreachCause.WORKER_LATE)
    assert (orders(database).policy, orders(database).known_at) == (opt_out.NAME, HEARD_AT)


def test_message_that_was_seen_leaving_is_taken_back_too(database):
    registered(database, registration(send_at=SEND_AT))
    told(database, status(word="delivered", minute=181), now=BACK_AT)
    assert message(database).ledger == LedgerState.RELEASED

    handed_over(database)
    asked_what_came_of_it(database)

    assert message(database).ledger == LedgerState.BREACH


def started(database, *, minute):
    with database.begin() as connection:
        said = Heard(text("START", minute=minute, event_id="start"), NOW + timedelta(minutes=minute))
        absorb(connection, [said], RULES, now=NOW + timedelta(minutes=minute))


def test_opt_in_after_it_had_left_does_not_excuse_it(database):
    registered(database, registration(send_at=SEND_AT))
    release(database)
    started(database, minute=185)

    handed_over(database)
    asked_what_came_of_it(database)

    row = message(database)
    assert (row.ledger, row.breach_cause) == (LedgerState.BREACH, BreachCause.WORKER_LATE)
    assert (orders(database).policy, orders(database).known_at) == (opt_out.NAME, HEARD_AT)


def test_opt_in_before_it_left_lets_it_go_as_in_the_other_order(database):
    registered(database, registration(send_at=SEND_AT))
    started(database, minute=170)
    release(database)
    closed = message(database)

    handed_over(database)

    assert message(database) == closed
    assert orders(database) is None


def test_message_that_is_pending_goes_by_the_last_word_all_the_same(sqlite_database):
    registered(sqlite_database, registration(send_at=SEND_AT), registration(2, send_at=BACK_AT + timedelta(hours=1)))
    release(sqlite_database)
    started(sqlite_database, minute=185)

    handed_over(sqlite_database)

    with sqlite_database.read() as connection:
        assert cancellations.of(connection, message_id()) is not None
        assert cancellations.of(connection, message_id(2)) is None


def test_doubt_that_nobody_settled_in_time_would_have_cancelled_it(sqlite_database):
    registered(sqlite_database, registration(send_at=SEND_AT))
    release(sqlite_database)

    handed_over(sqlite_database, "please stop by tomorrow")

    assert message(sqlite_database).ledger == LedgerState.PENDING
    assert "still was at the last look" in orders(sqlite_database).reason


@pytest.mark.parametrize(
    "more",
    [
        pytest.param({"words": "see you"}, id="no refusal"),
        pytest.param({"words": "START"}, id="an opt-in"),
        pytest.param({"sender": BOB}, id="somebody else"),
        pytest.param({"received_at": SEND_AT}, id="it reached us when the time had come"),
        pytest.param({"acts": False}, id="a replay whose effects are off"),
        pytest.param({"judged_by": rules(opt_out=opt_out.Settings(mode="shadow"))}, id="the policy is in shadow mode"),
    ],
)
def test_release_stands_when_nothing_known_in_time_speaks_against_it(database, more):
    registered(database, registration(send_at=SEND_AT))
    release(database)
    closed = message(database)

    handed_over(database, **more)

    assert message(database) == closed
    assert orders(database) is None
    assert "consent" not in triggers(database)


def test_class_that_is_spared_stays_released_whatever_else_has_come_up_since(database):
    registered(
        database,
        replace(registration(send_at=SEND_AT, campaign_key="spring"), message_class=MessageClass.TRANSACTIONAL),
    )
    release(database)
    with database.begin() as connection:
        campaigning.change(connection, "spring", CampaignChange(status=CampaignStatus.ENDED), cause="end", now=BACK_AT)
    sparing = rules(opt_out=opt_out.Settings(exempt=frozenset({MessageClass.TRANSACTIONAL})))

    handed_over(database, judged_by=sparing)

    assert message(database).ledger == LedgerState.RELEASED
    assert orders(database) is None


def test_refusal_that_was_held_before_changes_nothing_when_its_event_is_replayed(sqlite_database):
    lenient = rules(opt_out=opt_out.Settings(mode="off"))
    registered(sqlite_database, registration(send_at=SEND_AT))
    with sqlite_database.begin() as connection:
        report = text("STOP", minute=150, event_id="handed-over")
        absorb(connection, [Heard(report, HEARD_AT)], lenient, now=HEARD_AT)
    with sqlite_database.begin() as connection:
        messages.set_looks(connection, [messages.Looks(message_id(), None, HEARD_AT)])
        settling.release_due(connection, until=BACK_AT, now=BACK_AT, limit=5)
    assert message(sqlite_database).ledger == LedgerState.RELEASED

    handed_over(sqlite_database)

    assert message(sqlite_database).ledger == LedgerState.RELEASED
    assert orders(sqlite_database) is None
