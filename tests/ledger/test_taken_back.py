"""Messages that Telnyx shows as cancelled when they had been closed as something else."""

from datetime import timedelta

import pytest

from core.cancelling import Outcome, Settle
from core.deadlines import last_look
from core.outcomes import CancellationState, LedgerState
from core.reports import Addressee, MessageReport
from ledger import settling
from ledger.settling import Settlement
from store import cancellations, messages
from tests.books import looked_last, registered, told
from tests.reports import ALICE, NOW, message_id, registration, status, text

SEND_AT = NOW + timedelta(hours=3)
LATER = SEND_AT + timedelta(minutes=20)
ONE = message_id()


def shown_as(word):
    """What Telnyx shows when it is asked about the message."""
    addressees = (Addressee(ALICE, word),)
    return MessageReport(ONE, f"reconcile:{word}", "reconcile", LATER, "outbound", None, None, addressees)


def ends(database):
    with database.read() as connection:
        message, cancellation = messages.find(connection, ONE), cancellations.of(connection, ONE)
    return message.ledger, message.breach_cause, cancellation.state if cancellation else None


@pytest.fixture
def given_up(database):
    """A message that was to be cancelled, and of which Telnyx told nothing."""
    registered(database, registration(1))
    told(database, text("STOP"))
    with database.begin() as connection:
        cancellations.claim(connection, now=NOW, limit=1, lease=timedelta(seconds=30), token="t")
        end = Settle(CancellationState.TOO_LATE, Outcome.UNREACHABLE)
        settling.settle(connection, [Settlement(ONE, "t", end)], now=LATER)
    assert ends(database)[0] == LedgerState.BREACH
    return database


@pytest.fixture
def let_go(database):
    registered(database, registration(1))
    looked_last(database, ONE, now=last_look(SEND_AT))
    with database.begin() as connection:
        settling.release_due(connection, until=SEND_AT, now=SEND_AT, limit=10)
    assert ends(database)[0] == LedgerState.RELEASED
    return database


def test_message_given_up_that_was_cancelled_after_all_is_cancelled(given_up):
    told(given_up, shown_as("cancelled"), now=LATER)

    assert ends(given_up) == (LedgerState.CANCELLED, None, CancellationState.CONFIRMED)


def test_message_given_up_that_was_sent_stays_a_breach(given_up):
    told(given_up, status(word="delivered", minute=180), now=LATER)
    told(given_up, shown_as("cancelled"), now=LATER)

    ledger, cause, state = ends(given_up)
    assert (ledger, state) == (LedgerState.BREACH, CancellationState.TOO_LATE)
    assert cause is not None


def test_message_let_go_that_somebody_else_had_cancelled_is_cancelled(let_go):
    told(let_go, shown_as("cancelled"), now=LATER)

    assert ends(let_go) == (LedgerState.CANCELLED, None, None)


def test_message_let_go_that_was_sent_stays_released(let_go):
    told(let_go, status(word="delivered", minute=180), now=LATER)
    told(let_go, shown_as("cancelled"), now=LATER)

    assert ends(let_go) == (LedgerState.RELEASED, None, None)
