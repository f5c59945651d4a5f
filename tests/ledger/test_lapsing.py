"""Orders whose reason has gone when Telnyx had been asked already, and what a new reason makes of them."""

from datetime import timedelta

import pytest

from core.campaigns import CampaignStatus
from core.cancelling import Action, Again, Meaning, Settle, next_step
from core.deadlines import deadline, last_look
from core.outcomes import BreachCause, CancellationState, LedgerState
from ledger import campaigning, settling
from ledger.campaigning import CampaignChange
from ledger.reviewing import review
from ledger.settling import Settlement
from store import cancellations, messages
from tests.books import registered, stories, told
from tests.reports import NOW, RULES, message_id, registration, status, text

SEND_AT = NOW + timedelta(hours=3)
ONE = message_id()


def campaign(database, word, *, now):
    with database.begin() as connection:
        campaigning.change(connection, "spring", CampaignChange(status=word), cause=f"api:{word}", now=now)
    with database.begin() as connection:
        review(connection, RULES, now=now, limit=10)


def asked(database, token, *, now):
    """What a worker asks of Telnyx, and has no answer to yet."""
    with database.begin() as connection:
        return cancellations.claim(connection, now=now, limit=1, lease=timedelta(seconds=30), token=token)[0].asked


def answered(database, token, asked, meaning, *, now):
    """Record what Telnyx has answered, if the worker still may, and return what was closed by it."""
    step = next_step(asked, meaning, now=now, chance=0.1, retry_after=None)
    with database.begin() as connection:
        if isinstance(step, Settle):
            return settling.settle(connection, [Settlement(ONE, token, step)], now=now)
        assert isinstance(step, Again)
        cancellations.reschedule(connection, cancellations.hold(connection, {ONE: token}), {ONE: step})
    return []


def cancellation(database):
    with database.read() as connection:
        return cancellations.of(connection, ONE)


def lapsed(database, at):
    """Have a campaign pause, one DELETE for it go unanswered, and the campaign go on again five seconds later."""
    registered(database, registration(campaign_key="spring"))
    campaign(database, CampaignStatus.PAUSED, now=at)
    request = asked(database, "first", now=at)
    assert request.action is Action.DELETE
    at += timedelta(seconds=5)
    answered(database, "first", request, Meaning.UNAVAILABLE, now=at)
    campaign(database, CampaignStatus.ACTIVE, now=at)
    assert cancellation(database).lapsed


def test_reason_that_lapsed_after_telnyx_was_asked_is_not_asked_for_again(database):
    lapsed(database, NOW)
    now = NOW + timedelta(seconds=6)
    request = asked(database, "second", now=now)
    assert request.action is Action.GET
    answered(database, "second", request, Meaning.SCHEDULED, now=now)
    assert stories(database)["message"]["ledger"] == "pending"
    assert stories(database)["cancellation"]["state"] == "withdrawn"


@pytest.mark.parametrize("meaning", [Meaning.SCHEDULED, Meaning.UNAVAILABLE, Meaning.NOT_FOUND])
def test_opt_out_that_comes_while_a_lapsed_order_is_asked_after_is_carried_out(database, meaning):
    late = last_look(SEND_AT) + timedelta(seconds=5)
    lapsed(database, late)
    now = late + timedelta(seconds=6)
    looking = asked(database, "second", now=now)
    told(database, text("STOP", minute=177), now=now)

    assert answered(database, "second", looking, meaning, now=now) == []
    assert (cancellation(database).state, cancellation(database).policy) == (CancellationState.REQUESTED, "opt_out")
    with database.begin() as connection:
        assert settling.release_due(connection, until=SEND_AT, now=SEND_AT, limit=10) == 0

    request = asked(database, "third", now=now)
    assert (request.action, request.lapsed) == (Action.DELETE, False)
    answered(database, "third", request, Meaning.CANCELLED, now=now)
    assert stories(database)["message"]["ledger"] == LedgerState.CANCELLED


def test_new_reason_for_a_lapsed_order_is_judged_by_when_it_was_known(database):
    lapsed(database, NOW)
    heard_at = deadline(SEND_AT) + timedelta(seconds=30)
    told(database, text("STOP", minute=179), now=heard_at)
    order = cancellation(database)
    assert (order.policy, order.known_at, order.lapsed) == ("opt_out", heard_at, False)

    told(database, status(word="sent", minute=180), now=SEND_AT)
    with database.read() as connection:
        row = messages.find(connection, ONE)
    assert (row.ledger, row.breach_cause) == (LedgerState.BREACH, BreachCause.INSIDE_WALL)
