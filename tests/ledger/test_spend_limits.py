"""A limit that was reached at Telnyx is kept, and holds the marketing of its profile until midnight."""

from dataclasses import replace
from datetime import timedelta
from itertools import permutations

import pytest
import sqlalchemy as sa

from core.deciding import Act, Mode
from core.facts import MessageClass, SignalKind
from core.policies import budget
from core.policies.catalogue import rules
from core.reports import SpendLimitReport
from ledger import reviewing
from ledger.absorbing import Heard, absorb
from ledger.registering import register
from store import cancellations, reviews, tables
from tests.accepting import accept, sample
from tests.books import registered, stories
from tests.reports import NOW, PROFILE, message_id, registration
from workers.applying import Applier

SECOND, MINUTE, HOUR = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1)
ON = rules(budget=budget.Settings(mode=Mode.ENFORCE))
OTHER = "4001a7b2-0000-4000-8000-000000000002"


def reached(of="limit-1", *, at=NOW, profile=PROFILE):
    return SpendLimitReport(of, at, profile)


def heard(database, *told, by=ON):
    with database.begin() as connection:
        absorb(connection, told, by, now=NOW)


def kept(database):
    with database.read() as connection:
        rows = connection.execute(sa.select(tables.signals).order_by(tables.signals.c.id))
        return [(row.id, row.kind, row.value, row.phone_number, row.at) for row in rows]


def ordered(database):
    with database.read() as connection:
        rows = connection.execute(sa.select(tables.reviews).order_by(tables.reviews.c.seq))
        return [(row.scope, row.value, row.event_id, row.acts) for row in rows]


def test_limit_is_kept_once_however_often_and_in_whatever_order_it_is_heard(database):
    limits = [Heard(each, NOW) for each in (reached(), reached("limit-2", at=NOW - HOUR), reached())]
    for order in permutations(limits):
        heard(database, *order)

    assert kept(database) == [
        ("limit-1", SignalKind.SPEND_LIMIT, PROFILE, None, NOW),
        ("limit-2", SignalKind.SPEND_LIMIT, PROFILE, None, NOW - HOUR),
    ]


def test_limits_order_one_review_for_each_profile(sqlite_database):
    limits = (reached(), reached("limit-2"), reached("limit-3", profile=OTHER))
    heard(sqlite_database, *(Heard(each, NOW) for each in limits))

    assert ordered(sqlite_database) == [("profile", PROFILE, "limit-1", True), ("profile", OTHER, "limit-3", True)]


def test_replay_without_effects_orders_a_review_that_does_not_act(sqlite_database):
    heard(sqlite_database, Heard(reached(), NOW, acts=False))
    heard(sqlite_database, Heard(reached("limit-2"), NOW - HOUR, acts=False), Heard(reached("limit-3"), NOW))

    assert ordered(sqlite_database) == [("profile", PROFILE, "limit-1", False), ("profile", PROFILE, "limit-3", True)]


def test_limit_is_kept_and_nothing_ordered_while_the_policy_is_off(sqlite_database):
    heard(sqlite_database, Heard(reached(), NOW), by=rules())

    assert len(kept(sqlite_database)) == 1
    assert ordered(sqlite_database) == []


@pytest.mark.parametrize(
    ("message_class", "act"), [(MessageClass.MARKETING, Act.HOLD), (MessageClass.TRANSACTIONAL, Act.ALLOW)]
)
def test_webhook_holds_what_is_pending_of_the_profile_and_it_is_cancelled_at_its_last_look(
    database, message_class, act
):
    registered(
        database,
        replace(registration(1, send_at=NOW + HOUR), message_class=message_class),
        registration(2, send_at=NOW + HOUR, messaging_profile_id=OTHER),
        registration(3, send_at=NOW + 12 * HOUR),
    )
    body = sample("messaging-profile.spend-limit-reached", profile_id=PROFILE)
    body["data"]["occurred_at"] = NOW.isoformat()
    (event_id,) = accept(database, body)
    Applier(database, lambda: ON, lambda: NOW).apply()
    with database.begin() as connection:
        reviewing.review(connection, ON, now=NOW + SECOND, limit=10)

    decided = {number: stories(database, number)["decisions"][-1] for number in (1, 2, 3)}
    assert (decided[1]["verdict"], decided[1]["event_id"]) == (act, event_id)
    assert decided[3]["verdict"] == "allow"
    assert (decided[2]["trigger"], decided[2]["verdict"]) == ("registration", "allow")

    with database.begin() as connection:
        reviewing.look_last(connection, [message_id(1), message_id(2)], ON, now=NOW + HOUR - 3 * MINUTE)
    with database.read() as connection:
        cancelled = connection.scalars(sa.select(tables.cancellations.c.message_id)).all()
        assert (cancellations.next_due_at(connection) is not None) is bool(cancelled)
        assert reviews.oldest(connection) is None
    assert cancelled == ([message_id(1)] if act is Act.HOLD else [])


def test_what_is_registered_after_the_limit_is_held_too(sqlite_database):
    heard(sqlite_database, Heard(reached(), NOW - HOUR))
    with sqlite_database.begin() as connection:
        (made,) = register(connection, [registration(1, send_at=NOW + HOUR)], ON, door="api", now=NOW)
    assert (made.decision.verdict, made.decision.event_id) == (Act.HOLD, "limit-1")
