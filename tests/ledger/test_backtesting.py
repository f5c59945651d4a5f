"""Trying out rules on what was: by what was known then, with the real policies, and without a trace."""

from __future__ import annotations

from dataclasses import replace

import pytest

from core.campaigns import CampaignStatus
from core.deciding import Act, Mode
from core.facts import Signal, SignalKind
from core.policies import budget, duplicate, opt_out, quiet_hours
from core.policies.catalogue import rules
from store import decisions
from tests.backtesting_world import (
    MINUTE,
    NOTHING,
    WITHOUT_NIGHT,
    backtested,
    changed,
    ended,
    held,
    registered,
    signalled,
    told,
)
from tests.books import opted_out
from tests.reports import ALICE, BOB, CAROL, NOW, RULES, message_id, registration, status, text


def test_what_would_be_cancelled_more_and_fewer_is_counted_with_examples(database):
    registered(database, registration(1), registration(2, to=(BOB,)), registration(3, to=(CAROL,)), by=RULES)
    told(database, text("STOP"), by=RULES, now=NOW + MINUTE)
    told(database, text("please stop by", sender=BOB), by=RULES, now=NOW + 2 * MINUTE)
    off = rules(opt_out=opt_out.Settings(mode=Mode.OFF), quiet_hours=quiet_hours.Settings(mode=Mode.SHADOW))

    found = backtested(database, off)

    unasked = found.by_policy["opt_out"]
    assert (unasked.mode, unasked.fewer, unasked.same) == (Mode.OFF, 2, 1)
    assert unasked.examples_of_fewer[0].now.reason == "it is not asked"
    assert found.by_policy["budget"].tried == 0
    assert (found.together.more, found.together.fewer, found.together.same) == (0, 2, 1)
    assert (found.together.cancel_then, found.together.hold_then) == (1, 1)
    first, second = found.together.examples_of_fewer
    assert (first.message_id, first.then.act, first.now.act) == (message_id(1), Act.CANCEL, Act.ALLOW)
    assert first.then.reason.startswith(f"{ALICE} opted out")
    assert first.now.reason.startswith("no policy objects")
    assert (second.message_id, second.then.act) == (message_id(2), Act.HOLD)
    shadowed = found.by_policy["quiet_hours"]
    assert (shadowed.mode, shadowed.more, shadowed.hold_now, shadowed.hold_then) == (Mode.SHADOW, 3, 3, 0)
    assert shadowed.examples_of_more[0].then.reason == "it was not asked"


LEARNT_LATER = {
    "a refusal": lambda database, now: told(database, text("STOP"), now=now, by=NOTHING),
    "a hold": lambda database, now: held(database, now=now),
    "the end of the campaign": lambda database, now: changed(database, "spring", now, status=CampaignStatus.ENDED),
    "a goal": lambda database, now: signalled(
        database, Signal("goal", SignalKind.GOAL, "purchase", NOW, ALICE), now, by=NOTHING
    ),
    "a failure": lambda database, now: told(
        database, ended(9, "delivery_failed", ALICE, minute=-5), now=now, by=NOTHING
    ),
    "another message": lambda database, now: registered(
        database, registration(2, send_at=NOW + 120 * MINUTE), now=now, by=NOTHING
    ),
}


@pytest.mark.parametrize("happen", LEARNT_LATER.values(), ids=LEARNT_LATER)
def test_what_was_learnt_after_the_decision_does_not_count(database, happen):
    labelled = replace(registration(1, campaign_key="spring"), tags=("until:purchase",))
    registered(database, labelled, by=NOTHING)
    told(database, status(1, "delivered"), by=NOTHING)  # so that nothing is decided any more
    happen(database, NOW + MINUTE)

    found = backtested(database, WITHOUT_NIGHT, since=NOW, campaign="spring")

    assert (found.together.tried, found.together.same) == (1, 1)


@pytest.mark.parametrize("happen", LEARNT_LATER.values(), ids=LEARNT_LATER)
def test_what_was_known_before_the_decision_does(database, happen):
    happen(database, NOW - MINUTE)
    labelled = replace(registration(1, campaign_key="spring"), tags=("until:purchase",))
    registered(database, labelled, by=NOTHING)

    found = backtested(database, WITHOUT_NIGHT, since=NOW, campaign="spring")

    assert (found.together.tried, found.together.cancel_now + found.together.hold_now) == (1, 1)


def test_message_that_was_taken_back_later_was_traffic_then(database):
    registered(database, registration(1), by=NOTHING, now=NOW)
    registered(database, replace(registration(2), campaign_key="spring"), by=NOTHING, now=NOW + MINUTE)
    opted_out(database, now=NOW + 2 * MINUTE)

    found = backtested(database, rules(duplicate=duplicate.Settings(mode=Mode.ENFORCE)))

    assert {each.message_id for each in found.by_policy["duplicate"].examples_of_more} == {message_id(2)}


def test_only_what_was_decided_on_since_and_what_belongs_to_the_campaign_is_tried(database):
    registered(database, registration(1, campaign_key="spring"), by=RULES, now=NOW)
    registered(database, registration(2, campaign_key="spring"), registration(3), by=RULES, now=NOW + MINUTE)

    assert backtested(database, RULES, since=NOW).together.tried == 3
    assert backtested(database, RULES, since=NOW + MINUTE).together.tried == 2
    assert backtested(database, RULES, since=NOW, campaign="spring").together.tried == 2
    assert backtested(database, RULES, since=NOW + MINUTE, campaign="spring").together.tried == 1
    assert backtested(database, RULES, since=NOW + 2 * MINUTE).together.tried == 0


def test_where_the_time_begins_is_found_among_many_that_are_older(database, monkeypatch):
    monkeypatch.setattr(decisions, "_OVERLAP", 1)
    monkeypatch.setattr(decisions, "_WINDOW", 3)
    for number in range(20):
        registered(database, registration(number), by=NOTHING, now=NOW + number * MINUTE)

    for minute in range(21):
        since = NOW + minute * MINUTE
        with database.read() as connection:
            made = decisions.those(connection, decisions.last_since(connection, since))
        assert [each.message_id for each in made] == [message_id(number) for number in range(minute, 20)]


def test_policy_whose_facts_are_not_kept_is_not_asked_and_its_word_is_taken_over(database):
    spend = budget.Settings(mode=Mode.ENFORCE, daily=((("USD", "0.01")),))
    registered(database, registration(1), by=rules(budget=spend))

    found = backtested(database, rules(budget=spend))

    assert found.untried == ("budget",)
    assert (found.by_policy["budget"].tried, found.by_policy["budget"].same) == (1, 1)
    assert found.together.same == 1
