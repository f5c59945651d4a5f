"""The sums of the ledger, narrowed and by group, what stands beside them, and how late each breach was."""

from __future__ import annotations

from dataclasses import astuple
from datetime import date, timedelta

import pytest

from core.cancelling import Outcome, Settle
from core.holds import Hold, HoldKind
from core.outcomes import BreachCause, CancellationState, LedgerState
from core.scopes import Scope
from ledger import balance, breaches, intending
from store import cancellations, closing, holds
from store.cancellations import NewCancellation
from store.closing import Closing
from store.sums import ALL, Narrowed
from tests.books import registered
from tests.reports import ALICE, BOB, CAROL, NOW, OURS, PROFILE, RULES, message_id, registration

TOMORROW = NOW + timedelta(days=1)


@pytest.fixture
def book(database):
    """Nine messages of three campaigns, or none, over two days, at every place in the ledger."""
    campaigns = ("a", "a", "b", None, "b", "a", "c", "c", "a")
    made = [
        registration(number, campaign_key=campaign, send_at=NOW + timedelta(hours=3 + 24 * (number % 2)))
        for number, campaign in enumerate(campaigns, start=1)
    ]
    registered(database, *made)
    ends = [LedgerState.CANCELLED, LedgerState.RELEASED, LedgerState.BREACH, LedgerState.CANCELLED]
    causes = [None, None, BreachCause.WORKER_LATE, None]
    with database.begin() as connection:
        closed = [
            Closing(message_id(number), end, cause)
            for number, (end, cause) in enumerate(zip(ends, causes, strict=True), start=1)
        ]
        closing.close(connection, closed, now=NOW)
    return database


def sums(database, narrowed: Narrowed = ALL):
    with database.read() as connection:
        return astuple(balance.balance(connection, narrowed))


def test_four_add_up_to_what_was_registered(book):
    told = sums(book)
    assert told == (9, 5, 2, 1, 1, {"worker_late": 1})
    assert told[0] == sum(told[1:5])


@pytest.mark.parametrize(
    ("narrowed", "told"),
    [
        pytest.param(Narrowed(campaign="a"), (4, 2, 1, 1, 0, {}), id="one campaign"),
        pytest.param(Narrowed(campaign="nobody's"), (0, 0, 0, 0, 0, {}), id="an unknown one"),
        pytest.param(Narrowed(since=TOMORROW.date()), (5, 3, 1, 0, 1, {"worker_late": 1}), id="since a day"),
        pytest.param(Narrowed(until=NOW.date()), (4, 2, 1, 1, 0, {}), id="until a day, which is part of it"),
        pytest.param(Narrowed(until=date.max), (9, 5, 2, 1, 1, {"worker_late": 1}), id="until the last day there is"),
        pytest.param(Narrowed("b", NOW.date(), NOW.date()), (0, 0, 0, 0, 0, {}), id="both"),
    ],
)
def test_sums_can_be_narrowed(book, narrowed, told):
    assert sums(book, narrowed) == told


def test_groups_add_up_to_the_whole(book):
    with book.read() as connection:
        campaigns = dict(balance.by_campaign(connection, ALL, limit=10))
        days = dict(balance.by_day(connection, ALL, limit=10))
    assert {key: each.registered for key, each in campaigns.items()} == {None: 1, "a": 4, "b": 2, "c": 2}
    assert list(campaigns) == [None, "a", "b", "c"]
    assert {day: each.registered for day, each in days.items()} == {date(2026, 5, 2): 5, date(2026, 5, 1): 4}
    assert list(days) == [date(2026, 5, 2), date(2026, 5, 1)]
    assert campaigns["b"].breach_causes == {"worker_late": 1}


@pytest.mark.parametrize("limit", [1, 2, 3])
def test_pages_of_groups_leave_nothing_out(book, limit):
    seen: list[str | None] = []
    with book.read() as connection:
        after: str | None = None
        while page := balance.by_campaign(connection, ALL, limit=limit, after=after):
            assert len(page) <= limit
            seen += [key for key, _ in page]
            after = page[-1][0] or ""
        days = [balance.by_day(connection, ALL, limit=1, after=day) for day in (None, date(2026, 5, 2))]
    assert seen == [None, "a", "b", "c"]
    assert [page[0][0] for page in days] == [date(2026, 5, 2), date(2026, 5, 1)]


def hold(scope: Scope, value: str, kind: HoldKind = HoldKind.HOLD, number: int = 1) -> Hold:
    return Hold(f"hold-{number}", kind, scope, value, "wait", NOW, "test", NOW + timedelta(hours=9))


@pytest.mark.parametrize(
    ("placed", "count"),
    [
        pytest.param([], 0, id="nothing"),
        pytest.param([hold(Scope.ALL, "")], 3, id="everything"),
        pytest.param([hold(Scope.CAMPAIGN, "a")], 1, id="a campaign"),
        pytest.param([hold(Scope.SENDER, OURS)], 3, id="a sender"),
        pytest.param([hold(Scope.PROFILE, PROFILE)], 3, id="a profile"),
        pytest.param([hold(Scope.RECIPIENT, BOB)], 1, id="a recipient"),
        pytest.param([hold(Scope.RECIPIENT, BOB), hold(Scope.CAMPAIGN, "b", number=2)], 1, id="counted once"),
        pytest.param([hold(Scope.ALL, "", HoldKind.PANIC)], 0, id="a panic cancels"),
    ],
)
def test_what_is_held_is_counted_beside_the_sums(database, placed, count):
    to = {1: ("a", ALICE), 2: ("b", BOB), 3: (None, CAROL)}
    registered(database, *(registration(n, campaign_key=key, to=(who,)) for n, (key, who) in to.items()))
    with database.begin() as connection:
        for each in placed:
            holds.add(connection, each)
    with database.read() as connection:
        told = balance.beside(connection, now=NOW)
    assert told.held == count
    assert (told.in_doubt, told.orphans, told.cancelling) == (0, 0, 0)


def test_doubts_stand_beside_the_sums(database):
    wish = intending.Wish(
        path="/v2/messages",
        recipients=(ALICE,),
        from_number=OURS,
        messaging_profile_id=PROFILE,
        send_at=NOW + timedelta(hours=1),
    )
    with database.begin() as connection:
        decision = intending.judge(connection, wish, RULES, now=NOW)[0]
        intending.begin(connection, wish, door="door", decision=decision, now=NOW)
    with database.read() as connection:
        assert balance.beside(connection, now=NOW).in_doubt == 0
        later = NOW + intending.IN_FLIGHT + timedelta(seconds=1)
        assert balance.beside(connection, now=later).in_doubt == 1
        assert balance.balance(connection).registered == 0


@pytest.mark.parametrize(
    ("cause", "known", "closed", "late"),
    [
        pytest.param(BreachCause.INSIDE_WALL, 59.5, 60, 0.5, id="the reason came so late"),
        pytest.param(BreachCause.TELNYX_UNAVAILABLE, 1, 90, 31, id="Telnyx was back so late"),
        pytest.param(BreachCause.LEFT_EARLY, 1, 30, None, id="it was in time"),
    ],
)
def test_breaches_tell_the_cause_and_how_late(database, cause, known, closed, late):
    send_at = NOW + timedelta(hours=1)
    registered(database, registration(1, campaign_key="a", send_at=send_at), registration(2))
    known_at = NOW + timedelta(minutes=known)
    with database.begin() as connection:
        order = NewCancellation(message_id(1), "opt_out", "they said STOP", 0, send_at, NOW, NOW, known_at)
        cancellations.request(connection, [order])
        cancellations.settle(
            connection, {message_id(1): Settle(CancellationState.TOO_LATE, Outcome.ALREADY_SENT)}, now=NOW
        )
        at = NOW + timedelta(minutes=closed)
        closing.close(connection, [Closing(message_id(1), LedgerState.BREACH, cause)], now=at)
    with database.read() as connection:
        (told,) = breaches.listed(connection, limit=10)
        assert breaches.listed(connection, Narrowed(campaign="b"), limit=10) == []
    assert (told["id"], told["campaign"], told["cause"]) == (message_id(1), "a", cause)
    assert (told["policy"], told["reason"]) == ("opt_out", "they said STOP")
    # The wall is a minute before the hour.
    assert told["late_minutes"] == late
