"""``rescind ledger`` as an operator runs it."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from core.outcomes import BreachCause, LedgerState
from store import cancellations, closing
from store.cancellations import NewCancellation
from store.closing import Closing
from tests.books import registered
from tests.ledger.test_intending import WISH
from tests.ledger.test_meeting import lost
from tests.reports import ALICE, NOW, message_id, registration


@pytest.fixture
def held(sqlite_url, sqlite_database):
    """Three messages: one pending, one cancelled, one that should have been."""
    made = [
        registration(number, campaign_key=key, send_at=NOW + timedelta(days=number))
        for number, key in enumerate(("a", "b", "b"))
    ]
    registered(sqlite_database, *made)
    with sqlite_database.begin() as connection:
        missed = Closing(message_id(2), LedgerState.BREACH, BreachCause.TELNYX_UNAVAILABLE)
        at = NOW + timedelta(days=2, minutes=12)
        closing.close(connection, [Closing(message_id(1), LedgerState.CANCELLED), missed], now=at)
    return {"DATABASE_URL": sqlite_url}


def data(ran):
    assert ran.status == 0, ran.err
    return json.loads(ran.out)["data"]


def test_sums_come_with_what_stands_beside_them(run, held):
    told = data(run("ledger", "--json", **held))
    assert (told["registered"], told["pending"], told["cancelled"], told["breach"]) == (3, 1, 1, 1)
    assert (told["in_doubt"], told["held"], told["forecast"]["waiting"]) == (0, 0, 0)
    shown = run("ledger", **held).out
    assert "telnyx_unavailable" in shown
    assert "No cancellation waits." in shown


@pytest.mark.parametrize(
    ("arguments", "groups"),
    [
        (("--by", "campaign"), {"a": 1, "b": 2}),
        (("--by", "day"), {"2026-05-03": 1, "2026-05-02": 1, "2026-05-01": 1}),
        (("--by", "campaign", "--since", "2026-05-02", "--until", "2026-05-02"), {"b": 1}),
        (("--by", "day", "--campaign", "b"), {"2026-05-03": 1, "2026-05-02": 1}),
    ],
)
def test_sums_are_listed_by_group(run, held, arguments, groups):
    listed = data(run("ledger", "--json", *arguments, **held))
    assert {each[arguments[1]]: each["registered"] for each in listed} == groups
    assert next(iter(groups)) in run("ledger", *arguments, **held).out


def test_narrowed_sums_stand_alone(run, held):
    told = data(run("ledger", "--campaign", "b", "--json", **held))
    assert (told["registered"], told["cancelled"]) == (2, 1)
    assert "forecast" not in told


def test_doubts_stand_beside_the_sums_of_their_campaign_and_are_listed(run, held, sqlite_database):
    at = datetime.now(UTC)
    intent_id = lost(sqlite_database, replace(WISH, send_at=at + timedelta(hours=3)), now=at)

    assert data(run("ledger", "--campaign", "spring", "--json", **held))["in_doubt"] == 1
    assert data(run("ledger", "--campaign", "b", "--json", **held))["in_doubt"] == 0
    assert "in doubt" in run("ledger", "--campaign", "spring", **held).out
    (listed,) = data(run("ledger", "--in-doubt", "--campaign", "spring", "--json", **held))
    assert (listed["id"], listed["state"], listed["recipients"]) == (intent_id, "unknown", [ALICE])
    shown = run("ledger", "--in-doubt", **held).out
    assert intent_id in shown
    assert "1 requests are in doubt" in shown
    assert run("ledger", "--in-doubt", "--campaign", "b", **held).out == "nothing is in doubt\n"


def test_breaches_are_listed_with_cause_and_minutes_late(run, held):
    (told,) = data(run("ledger", "--breaches", "--json", **held))
    assert (told["id"], told["cause"], told["late_minutes"]) == (message_id(2), "telnyx_unavailable", 13)
    assert message_id(2) in run("ledger", "--breaches", **held).out
    assert data(run("ledger", "--breaches", "--campaign", "a", "--json", **held)) == []


def test_cancellations_that_will_be_late_are_told_with_the_remedy(run, sqlite_database, held):
    soon = datetime.now(UTC) + timedelta(minutes=5, seconds=30)
    rows = [NewCancellation(message_id(n), "stale", "ended", 1, soon, NOW, NOW, NOW) for n in range(100, 400)]
    with sqlite_database.begin() as connection:
        cancellations.request(connection, rows)
    forecast = data(run("ledger", "--json", RESCIND_CANCEL_RATE="1", **held))["forecast"]
    assert (forecast["waiting"], forecast["makes_it"], forecast["rate"]) == (300, False, 0.8)
    assert 0 < forecast["late"] < 120
    shown = run("ledger", RESCIND_CANCEL_RATE="1", **held).out
    assert "WILL BE LATE" in shown
    assert "RESCIND_CANCEL_RATE" in shown
    assert "all will be in time" in run("ledger", RESCIND_CANCEL_RATE="1000", **held).out


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--since", "yesterday"), "'yesterday' is no day such as 2026-05-01"),
        (("--since", "2026-05-02", "--until", "2026-05-01"), "--since 2026-05-02 is after --until 2026-05-01"),
        (("--by", "day", "--breaches"), "give one of them"),
        (("--in-doubt", "--breaches"), "give one of them"),
        (("--by", "hour"), "'hour' is not one of"),
    ],
)
def test_what_cannot_be_meant_is_refused_in_a_line(run, held, arguments, told):
    ran = run("ledger", *arguments, **held)
    assert (ran.status, ran.out) == (2, "")
    assert told in ran.err
