"""How far a panic has come, with what was being cancelled for another reason when it began."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta

from core.cancelling import Outcome, Settle
from core.holds import HoldKind
from core.outcomes import BreachCause, CancellationState, LedgerState
from core.scopes import Scope
from ledger import holding, panicking
from ledger.forecasting import Outlook
from ledger.holding import Gate
from ledger.reviewing import review
from store import cancellations, gated
from store.closing import Closing, close
from store.ways import Reach
from tests.books import opted_out, registered
from tests.reports import ALICE, BOB, CAROL, NOW, RULES, message_id, registration

LATER = NOW + timedelta(seconds=1)
ALL = Reach(Scope.ALL, "")
CONFIRMED, REFUSED, REQUESTED = CancellationState.CONFIRMED, CancellationState.REFUSED, CancellationState.REQUESTED


def panic(database, scope=Scope.ALL, value="", now=LATER):
    with database.begin() as connection:
        gate = Gate(HoldKind.PANIC, scope, value, "wrong list", None, "test")
        return holding.place(connection, gate, now=now).row.hold.cause


def reviewed(database, now=LATER):
    with database.begin() as connection:
        review(connection, RULES, now=now, limit=10)


def under_way(database, cause):
    with database.read() as connection:
        return gated.under_way_besides(connection, ALL, cause)


def progress(database, cause, others):
    with database.read() as connection:
        return panicking.progress(connection, cause, others)


def end(database, number, state=CONFIRMED):
    is_confirmed = state is CONFIRMED
    outcome = Outcome.CANCELLED if is_confirmed else Outcome.STILL_SCHEDULED
    ledger = LedgerState.CANCELLED if is_confirmed else LedgerState.BREACH
    with database.begin() as connection:
        cancellations.hold(connection, {message_id(number): None})
        cancellations.settle(connection, {message_id(number): Settle(state, outcome)}, now=NOW)
        cause = None if is_confirmed else BreachCause.REFUSED
        close(connection, [Closing(message_id(number), ledger, cause)], now=NOW)


def test_what_was_being_cancelled_already_counts_beside_its_own_and_is_waited_for(database):
    registered(database, *(registration(n, to=(who,)) for n, who in enumerate((ALICE, BOB, CAROL), start=1)))
    opted_out(database)
    panic(database, Scope.RECIPIENT, BOB, now=NOW)
    reviewed(database, now=NOW)
    with database.read() as connection:
        before = panicking.preview(connection, Scope.ALL, "", Outlook(database, rate=20), now=NOW)
    assert (before.pending, before.cancelling) == (3, 2)

    cause = panic(database)
    others = under_way(database, cause)
    reviewed(database)
    assert sorted(others) == [message_id(1), message_id(2)]
    assert sorted(under_way(database, cause)) == sorted(others)

    end(database, 3)
    state = progress(database, cause, others)
    assert (state.states, state.others) == (Counter({CONFIRMED: 1}), Counter({REQUESTED: 2}))
    assert (state.is_done, state.ordered, state.settled) == (False, 3, 1)

    end(database, 1)
    end(database, 2)
    state = progress(database, cause, others)
    assert (state.states, state.others) == (Counter({CONFIRMED: 1}), Counter({CONFIRMED: 2}))
    assert (state.is_done, state.is_complete) == (True, True)


def test_one_that_another_order_did_not_cancel_is_none_that_is_cancelled(database):
    registered(database, registration())
    opted_out(database)
    cause = panic(database)
    others = under_way(database, cause)
    reviewed(database)
    end(database, 1, REFUSED)

    state = progress(database, cause, others)

    assert (state.is_done, state.is_complete, state.causes) == (True, False, Counter({"refused": 1}))


def test_order_that_lapsed_and_is_given_anew_by_the_panic_counts_once(database):
    registered(database, registration())
    first = panic(database, Scope.RECIPIENT, ALICE, now=NOW)
    reviewed(database, now=NOW)
    cause = panic(database)
    others = under_way(database, cause)
    with database.begin() as connection:
        cancellations.withdraw(connection, [message_id()], now=NOW)
    reviewed(database)

    state = progress(database, cause, others)

    assert first != cause
    assert others == [message_id()]
    assert state.ordered == 1
