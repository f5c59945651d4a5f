"""Trying out rules on what was: by what was known then, with the real policies, and without a trace."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import timedelta

import pytest
import sqlalchemy as sa

from core.campaigns import CampaignStatus
from core.deciding import Act, Mode
from core.facts import Signal, SignalKind
from core.holds import HoldKind
from core.policies import budget, catalogue, duplicate, hard_failure, opt_out, quiet_hours
from core.policies.catalogue import rules
from core.scopes import Scope
from ledger import backtesting, campaigning, holding, signalling
from ledger.absorbing import absorb
from ledger.campaigning import CampaignChange
from ledger.holding import Gate
from ledger.registering import register
from ledger.reviewing import look_last, review
from schemas import policies as files
from store import decisions, tables
from tests.books import opted_out
from tests.reports import ALICE, BOB, CAROL, NOW, RULES, heard, message_id, registration, status, text

MINUTE, SECOND = timedelta(minutes=1), timedelta(seconds=1)
LONG_AGO = NOW - timedelta(days=30)

#: Everything acts that looks at anything; the budget's facts cannot be told any more.
EVERYTHING = rules(
    **files.parse(
        b"""
        [quiet_hours]
        mode = "enforce"
        default_zone = "America/New_York"
        [frequency_cap]
        mode = "enforce"
        [duplicate]
        mode = "enforce"
        [hard_failure]
        mode = "enforce"
        [soft_failures]
        mode = "enforce"
        [sender_state]
        mode = "enforce"
        [anomaly]
        mode = "enforce"
        least = 2
        [stale_campaign]
        paused = "hold"
        """,
        files.FILE,
    )
)


WITHOUT_NIGHT = rules(
    duplicate=duplicate.Settings(mode=Mode.ENFORCE), hard_failure=hard_failure.Settings(mode=Mode.ENFORCE)
)
#: Nobody objects to anything, but for an operator's gates.
NOTHING = rules(**{policy.NAME: policy.Settings(mode=Mode.OFF) for policy in catalogue.OURS})
HAPPENINGS = [
    *["registered"] * 5,
    *["ended", "last look"] * 2,
    *["text", "held", "lifted", "campaign", "goal"],
]


def backtested(database, by, *, since=LONG_AGO, campaign=None, page=500):
    backtest = backtesting.begin(by)
    with database.read() as connection:
        seqs = decisions.last_since(connection, since, campaign=campaign)
        for start in range(0, len(seqs), page):
            backtesting.look_at(connection, backtest, by, seqs[start : start + page])
    return backtest


def registered(database, *registrations, by=EVERYTHING, now=NOW):
    with database.begin() as connection:
        register(connection, registrations, by, door="api", now=now)


def told(database, *reports, by=EVERYTHING, now=NOW):
    with database.begin() as connection:
        absorb(connection, heard(*reports, received_at=now), by, now=now)


def held(database, *, scope=Scope.ALL, value="", now=NOW):
    with database.begin() as connection:
        gate = Gate(HoldKind.HOLD, scope, value, "price wrong", now + timedelta(hours=24), by="test")
        return holding.place(connection, gate, now=now).row.hold.id


def lifted(database, hold_id, now):
    with database.begin() as connection:
        holding.lift(connection, hold_id, by="test", reason="mended", now=now)


def changed(database, key, now, **wanted):
    with database.begin() as connection:
        campaigning.change(connection, key, CampaignChange(**wanted), cause=f"campaign:{now}", now=now)


def signalled(database, signal, now, by=EVERYTHING):
    with database.begin() as connection:
        signalling.hear(connection, [signal], by, now=now)


def reviewed(database, now, by=EVERYTHING):
    for _ in range(10):
        with database.begin() as connection:
            if review(connection, by, now=now, limit=100) is None:
                return


def live(database, seed):
    """A morning at random, a minute between any two things that happen; some are heard of late, or cannot happen."""
    chance = random.Random(seed)
    now, count, gates, waiting = NOW, 0, [], {}
    for minute in range(30):
        now += MINUTE
        someone, number = chance.choice([ALICE, BOB, CAROL]), chance.randint(1, max(count, 1))
        match chance.choice(HAPPENINGS):
            case "registered":
                count += 1
                waiting[count] = someone
                registered(database, anything(count, someone, chance, now), now=now)
            case "text":
                words = chance.choice(["STOP", "START", "please stop by", "ok"])
                told(database, text(words, sender=someone, minute=minute), now=now)
            case "ended" if waiting:
                number, to = waiting.popitem()
                word = chance.choice(["delivered", "delivery_failed"])
                told(database, ended(number, word, to, minute, chance.choice(["40001", "40002", "40012"])), now=now)
            case "held":
                gates.append(held(database, scope=Scope.CAMPAIGN, value="spring", now=now))
            case "lifted" if gates:
                lifted(database, gates.pop(), now)
            case "campaign":
                changed(database, "summer", now, status=chance.choice(list(CampaignStatus)))
            case "goal":
                signalled(database, Signal(f"goal {minute}", SignalKind.GOAL, "purchase", now, someone), now)
            case "last look" if count:
                with database.begin() as connection:
                    look_last(connection, [message_id(number)], EVERYTHING, now=now)
        reviewed(database, now + SECOND)


def anything(number, someone, chance, now):
    made = registration(
        number, to=(someone,), campaign_key=chance.choice([None, "spring", "summer"]), send_at=later(chance, now)
    )
    return replace(made, tags=chance.choice([None, ("until:purchase",), ("about:cart", "revision:1"), ("sequence:a",)]))


def ended(number, word, to, minute=0, code="40001"):
    report = status(number, word, to=(to,), minute=minute)
    errors = ({"code": code, "title": "it failed"},) if word == "delivery_failed" else ()
    return replace(report, addressees=tuple(replace(each, errors=errors) for each in report.addressees))


def later(chance, now):
    return now + chance.choice([10, 60, 180, 900]) * MINUTE


@pytest.mark.parametrize("seed", range(30))
def test_rules_in_force_change_nothing_of_what_they_decided(database, seed):
    live(database, seed)

    found = backtested(database, EVERYTHING, page=7)

    with database.read() as connection:
        made = connection.scalar(sa.select(sa.func.count(tables.decisions.c.message_id.distinct())))
    assert found.together.tried == made > 0
    different = {
        name: [each.examples_of_more, each.examples_of_fewer]
        for name, each in [*found.by_policy.items(), ("together", found.together)]
        if each.more or each.fewer
    }
    assert different == {}


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


def test_nothing_is_written(database):
    live(database, 3)
    before = everything(database)

    backtested(database, rules(opt_out=opt_out.Settings(mode=Mode.OFF)))

    assert everything(database) == before


def everything(database):
    with database.read() as connection:
        return {
            table.name: sorted(map(repr, connection.execute(sa.select(table))))
            for table in tables.metadata.sorted_tables
        }


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


def test_policy_whose_facts_are_not_kept_is_not_asked_and_its_word_is_taken_over(database):
    spend = budget.Settings(mode=Mode.ENFORCE, daily=((("USD", "0.01")),))
    registered(database, registration(1), by=rules(budget=spend))

    found = backtested(database, rules(budget=spend))

    assert found.untried == ("budget",)
    assert (found.by_policy["budget"].tried, found.by_policy["budget"].same) == (1, 1)
    assert found.together.same == 1
