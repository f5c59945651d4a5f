"""Gates set and lifted while somebody else decides or lifts, on PostgreSQL, where they really run side by side."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
import sqlalchemy as sa

from core.consent import Consent, ConsentKind
from core.deadlines import LAST_LOOK, WALL
from core.holds import HoldKind, HoldState
from core.scopes import Scope
from ledger import consenting, holding, reviewing
from ledger.holding import Gate
from store import cancellations, holds, messages, reviews
from store.consents import HeardConsent
from tests.books import registered
from tests.reports import ALICE, NOW, PROFILE, RULES, message_id, registration

#: Whoever sets the gate read the clock so long before the other looked at the message.
WAITED = timedelta(seconds=2)
LOOKED_AT = NOW + WAITED
#: It is looked at for the last time at that moment, and nobody who goes by the earlier clock expects that.
SEND_AT = LOOKED_AT + LAST_LOOK + WALL


def place(connection):
    return holding.place(connection, Gate(HoldKind.HOLD, Scope.ALL, "", "wrong price", None, "test"), now=NOW)


def review(connection):
    assert reviewing.review(connection, RULES, now=LOOKED_AT, limit=10) == 1


def review_timed(connection):
    row = messages.find(connection, message_id())
    assert row.review_at is not None
    reviewing.review_timed(connection, {row.id: row.review_at}, RULES, now=LOOKED_AT)


def look_last(connection):
    reviewing.look_last(connection, [message_id()], RULES, now=LOOKED_AT)


def hear(connection):
    word = Consent(ALICE, ConsentKind.OPT_IN, LOOKED_AT, PROFILE, "opt-in:1", "api", None)
    consenting.hear(connection, [HeardConsent(word, LOOKED_AT, LOOKED_AT)], RULES, now=LOOKED_AT)


@pytest.mark.parametrize("decide", [review, review_timed, look_last, hear])
def test_gate_set_while_a_message_is_decided_on_for_the_last_time_still_holds_it(postgresql_database, decide):
    """The deciding transaction is held open after it has looked; the gate must wait for its end."""
    registered(postgresql_database, registration(send_at=SEND_AT), now=NOW)
    with postgresql_database.begin() as connection:
        if decide is review:
            reviews.request(connection, Scope.ALL, "", event_id="somebody", known_at=NOW)
        if decide is review_timed:
            (row,) = messages.lock(connection, [message_id()]).values()
            messages.set_looks(connection, [messages.Looks(row.id, LOOKED_AT, None)])
    looked, let_go, is_set = threading.Event(), threading.Event(), threading.Event()

    def looking():
        with postgresql_database.begin() as connection:
            decide(connection)
            looked.set()
            let_go.wait(5)

    def setting():
        looked.wait(5)
        with postgresql_database.begin() as connection:
            place(connection)
        is_set.set()

    with ThreadPoolExecutor(2) as pool:
        doing = [pool.submit(looking), pool.submit(setting)]
        waits = not is_set.wait(0.3)
        let_go.set()
        for done in doing:
            done.result(20)
    with postgresql_database.read() as connection:
        assert messages.find(connection, message_id()).last_look_at == LOOKED_AT
    with postgresql_database.begin() as connection:
        reviewing.review(connection, RULES, now=LOOKED_AT, limit=10)
    with postgresql_database.read() as connection:
        row = cancellations.of(connection, message_id())
    assert row is not None
    assert row.state == "requested"
    assert waits


def test_gate_lifted_and_set_once_more_at_the_same_time_end_one_after_the_other(postgresql_database):
    """Both wait behind somebody who lets messages in: who sets first in the queue, then who lifts."""
    with postgresql_database.begin() as connection:
        hold_id = place(connection).row.hold.id

    def setting():
        with postgresql_database.begin() as connection:
            return place(connection)

    def lifting():
        with postgresql_database.begin() as connection:
            return holding.lift(connection, hold_id, by="test", reason=None, now=NOW)

    with ThreadPoolExecutor(2) as pool:
        with postgresql_database.begin() as connection:
            holds.keep(connection)
            placed = pool.submit(setting)
            until_waiting(connection, 1)
            lifted = pool.submit(lifting)
            until_waiting(connection, 2)
        assert not placed.result(20).is_new
        assert lifted.result(20).state(NOW) is HoldState.LIFTED


def until_waiting(connection, number):
    """Return once so many wait for the right to change gates."""
    waiting = sa.text(
        "SELECT count(*) FROM pg_locks JOIN pg_database ON oid = database"
        " WHERE datname = current_database() AND locktype = 'advisory' AND NOT granted"
    )
    for _ in range(500):
        if connection.scalar(waiting) >= number:
            return
        time.sleep(0.01)
    raise AssertionError(f"nobody waits, or fewer than {number}")
