"""Doubts from their text to their end: held while they stand, cancelled when nobody settled them in time."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from core.consent import Meaning, Tier
from core.errors import RequestInvalid
from ledger import doubting
from store import consents
from tests.books import looked_last, registered, stories, told
from tests.reports import ALICE, NOW, RULES, registration, text

LATER = NOW + timedelta(minutes=1)


def settled(database, meaning, *, reason="asked", now=NOW):
    with database.begin() as connection:
        return doubting.settle(connection, ALICE, "maybe", RULES, meaning=meaning, reason=reason, by="api", now=now)


def waiting(database, tier=Tier.DOUBTFUL, **more):
    with database.read() as connection:
        return [row.word.event_id for row in doubting.waiting(connection, tier, **{"limit": 10, **more})]


def test_doubt_that_nobody_settled_by_the_last_look_cancels(database):
    registered(database, registration(send_at=NOW + timedelta(hours=1)))
    told(database, text("please stop by", event_id="maybe"))
    looked_last(database, now=NOW + timedelta(minutes=57))
    shown = stories(database)
    assert shown["cancellation"]["state"] == "requested"
    assert shown["decisions"][-1]["reason"].endswith("unsettled; it still was at the last look")


def test_what_is_registered_while_a_doubt_stands_is_held(database):
    told(database, text("please stop by", event_id="maybe"))
    (answer,) = registered(database, registration())
    assert (answer.decision.verdict, answer.decision.policy) == ("hold", "opt_out")


def test_settlement_waits_for_nobody_twice(postgresql_database):
    """Two operators settle at once, each their own way: one is heard, and the other is told."""
    registered(postgresql_database, registration())
    told(postgresql_database, text("please stop by", event_id="maybe"))

    def try_to(meaning):
        try:
            return settled(postgresql_database, meaning)
        except RequestInvalid:
            return None

    with ThreadPoolExecutor(2) as pool:
        answers = list(pool.map(try_to, Meaning))
    assert [answer is None for answer in answers].count(True) == 1
    with postgresql_database.read() as connection:
        assert len(consents.history(connection, ALICE)) == 2


def test_long_list_is_looked_through_to_its_end(sqlite_database):
    """Of twelve hundred texts all but the first and the last were ended by what was said since."""
    numbers = [f"+155576{number:05}" for number in range(1_200)]
    doubts = [text("please stop by", sender=number, event_id=number) for number in numbers]
    told(sqlite_database, *doubts)
    told(sqlite_database, *(text("START", sender=number, minute=1) for number in numbers[1:-1]), now=LATER)
    assert waiting(sqlite_database) == [numbers[-1], numbers[0]]
    assert waiting(sqlite_database, limit=1) == [numbers[-1]]


def test_replayed_doubt_stays_settled(database):
    registered(database, registration())
    doubt = text("please stop by", event_id="maybe")
    told(database, doubt)
    settled(database, Meaning.NOTHING)
    told(database, doubt)
    assert stories(database)["decisions"][-1]["verdict"] == "allow"
    assert waiting(database) == []


@pytest.mark.parametrize("later", ["STOP", "please stop texting me", "START"])
def test_later_word_ends_a_doubt(sqlite_database, later):
    told(
        sqlite_database, text("please stop by", event_id="maybe"), text(later, minute=1), now=NOW + timedelta(minutes=2)
    )
    assert waiting(sqlite_database) == []
