"""The rules in force, tried on what they decided on mornings at random, change nothing; and it leaves no trace."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest
import sqlalchemy as sa

from core.campaigns import CampaignStatus
from core.deciding import Mode
from core.facts import Signal, SignalKind
from core.policies import opt_out
from core.policies.catalogue import rules
from core.scopes import Scope
from ledger.reviewing import look_last
from store import tables
from tests.backtesting_world import (
    EVERYTHING,
    MINUTE,
    SECOND,
    backtested,
    changed,
    ended,
    held,
    lifted,
    registered,
    reviewed,
    signalled,
    told,
)
from tests.reports import ALICE, BOB, CAROL, NOW, message_id, registration, text

HAPPENINGS = [
    *["registered"] * 5,
    *["ended", "last look"] * 2,
    *["text", "held", "lifted", "campaign", "goal"],
]


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
                # By now it has been looked at: one that leaves unlooked at is decided on after others at that moment.
                looked_last(database, number, now - MINUTE / 2)
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
                looked_last(database, number, now)
        reviewed(database, now + SECOND)


def looked_last(database, number, now):
    with database.begin() as connection:
        look_last(connection, [message_id(number)], EVERYTHING, now=now)


def anything(number, someone, chance, now):
    made = registration(
        number, to=(someone,), campaign_key=chance.choice([None, "spring", "summer"]), send_at=later(chance, now)
    )
    return replace(made, tags=chance.choice([None, ("until:purchase",), ("about:cart", "revision:1"), ("sequence:a",)]))


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
