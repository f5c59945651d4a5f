from datetime import timedelta

import pytest
from structlog.testing import capture_logs

from core.cancelling import Outcome, Settle
from core.deadlines import last_look
from core.outcomes import BreachCause, CancellationState, LedgerState
from core.reports import Addressee, MessageReport
from ledger import settling
from ledger.registering import register
from ledger.settling import Settlement
from store import attempts, cancellations, messages
from store.attempts import Answered
from store.cancellations import NewCancellation
from store.closing import Closing
from tests.books import looked_last
from tests.reports import ALICE, BOB, NOW, RULES, message_id, registration

SEND_AT = NOW + timedelta(hours=3)
CONFIRMED = Settle(CancellationState.CONFIRMED, Outcome.CANCELLED)
WALL_PASSED = Settle(CancellationState.TOO_LATE, Outcome.WALL_PASSED)
ONE, TWO = message_id(1), message_id(2)


@pytest.fixture
def registered(database):
    """Two scheduled messages, both pending."""
    with database.begin() as connection:
        register(connection, [registration(1), registration(2, to=(BOB,))], RULES, door="api", now=NOW)
    return database


@pytest.fixture
def looked_at(registered):
    """The same, at their last look."""
    looked_last(registered, ONE, TWO, now=last_look(SEND_AT))
    return registered


def order(database, of=ONE, *, at=NOW, token="t", claimed=True):
    with database.begin() as connection:
        cancellations.request(connection, [NewCancellation(of, "opt_out", "STOP", 0, SEND_AT, NOW, at, at)])
        if claimed:
            return cancellations.claim(connection, now=at, limit=1, lease=timedelta(seconds=30), token=token)[0]
    return None


def said(of, *statuses, source="cancel") -> MessageReport:
    numbers = (ALICE, BOB)
    addressees = tuple(Addressee(number, word) for number, word in zip(numbers, statuses, strict=False))
    return MessageReport(of, f"{source}:{of}", source, NOW, "outbound", None, None, addressees)


def settle(database, end, *, of=ONE, token="t", report=None, now=NOW) -> list[Closing]:
    with database.begin() as connection:
        return settling.settle(connection, [Settlement(of, token, end, report)], now=now)


def left(database, *ids, now=NOW) -> list[Closing]:
    with database.begin() as connection:
        return settling.left(connection, ids, now=now)


def message(database, of=ONE):
    with database.read() as connection:
        return messages.find(connection, of)


def cancellation(database, of=ONE):
    with database.read() as connection:
        return cancellations.of(connection, of)


def status(database, of=ONE):
    with database.read() as connection:
        return [row.status for row in messages.recipients_of(connection, [of])[of]]


def test_confirmed_message_is_cancelled_for_its_recipients(registered):
    order(registered)
    assert settle(registered, CONFIRMED, report=said(ONE, "cancelled")) == [Closing(ONE, LedgerState.CANCELLED)]
    row = message(registered)
    assert (row.ledger, row.breach_cause, row.closed_at) == ("cancelled", None, NOW)
    assert status(registered) == ["cancelled"]
    assert cancellation(registered).state == "confirmed"
    assert message(registered, TWO).ledger == "pending"


def test_settlement_under_a_lost_lease_changes_nothing(registered):
    order(registered)
    assert settle(registered, CONFIRMED, token="stale", report=said(ONE, "cancelled")) == []
    assert message(registered).ledger == "pending"
    assert status(registered) == ["scheduled"]
    assert cancellation(registered).state == "requested"


def test_unconfirmed_message_is_a_breach_with_what_was_asked_as_its_cause(registered):
    claimed = order(registered)
    with registered.begin() as connection:
        attempts.finish(connection, [Answered(claimed.attempt_id, NOW, 503, "", "unavailable")])
    closings = settle(registered, WALL_PASSED, now=SEND_AT)
    assert closings == [Closing(ONE, LedgerState.BREACH, BreachCause.TELNYX_UNAVAILABLE)]
    row = message(registered)
    assert (row.ledger, row.breach_cause, row.closed_at) == ("breach", "telnyx_unavailable", SEND_AT)


def test_what_a_look_found_is_recorded_with_the_breach(registered):
    order(registered)
    end = Settle(CancellationState.TOO_LATE, Outcome.ALREADY_SENT)
    settle(registered, end, report=said(ONE, "delivered", source="retrieve"), now=SEND_AT)
    assert status(registered) == ["delivered"]
    assert message(registered).ledger == "breach"


def test_message_that_left_and_nobody_cancelled_is_released(registered):
    assert left(registered, ONE) == [Closing(ONE, LedgerState.RELEASED)]
    assert message(registered).ledger == "released"
    assert message(registered, TWO).ledger == "pending"


def test_message_that_left_while_being_cancelled_is_a_breach(registered):
    order(registered)
    assert left(registered, ONE, now=SEND_AT) == [Closing(ONE, LedgerState.BREACH, BreachCause.WORKER_LATE)]
    settled = cancellation(registered)
    assert (settled.state, settled.outcome, settled.lease_token) == ("too_late", "already_sent", None)


def test_cancel_answer_after_the_message_was_reported_sent_changes_nothing(registered):
    order(registered)
    left(registered, ONE, now=SEND_AT)
    assert settle(registered, CONFIRMED, report=said(ONE, "cancelled"), now=SEND_AT) == []
    assert message(registered).ledger == "breach"
    assert cancellation(registered).state == "too_late"


def test_message_that_left_before_its_time_says_so(registered):
    order(registered)
    assert left(registered, ONE, now=NOW)[0].breach_cause is BreachCause.LEFT_EARLY


def test_message_sent_after_its_cancellation_was_confirmed_is_a_breach_that_someone_sees(registered):
    order(registered)
    settle(registered, CONFIRMED, report=said(ONE, "cancelled"))
    with capture_logs() as logs:
        closings = left(registered, ONE, now=SEND_AT)
    assert closings == [Closing(ONE, LedgerState.BREACH, BreachCause.SENT_AFTER_CANCEL)]
    assert [(entry["log_level"], entry["event"], entry["message_id"]) for entry in logs] == [
        ("error", "sent_after_cancel", ONE)
    ]


def test_leaving_twice_changes_nothing_the_second_time(registered):
    order(registered)
    left(registered, ONE, TWO)
    before = message(registered), message(registered, TWO)
    assert left(registered, ONE, TWO, now=SEND_AT) == []
    assert (message(registered), message(registered, TWO)) == before


def test_unregistered_message_that_left_stays_out_of_the_ledger(registered):
    foreign = message_id(9)
    with registered.begin() as connection:
        messages.add_missing(connection, [foreign])
    assert left(registered, foreign, message_id(10)) == []
    assert message(registered, foreign).ledger is None


def test_due_messages_are_released_unless_somebody_is_cancelling_them(looked_at):
    order(looked_at)
    with looked_at.begin() as connection:
        assert (
            settling.release_due(
                connection, until=SEND_AT - timedelta(seconds=1), now=SEND_AT - timedelta(seconds=1), limit=10
            )
            == 0
        )
        assert settling.release_due(connection, until=SEND_AT, now=SEND_AT, limit=10) == 1
        assert settling.release_due(connection, until=SEND_AT, now=SEND_AT, limit=10) == 0
    assert message(looked_at).ledger == "pending"
    row = message(looked_at, TWO)
    assert (row.ledger, row.closed_at) == ("released", SEND_AT)


def test_withdrawn_cancellation_does_not_hold_up_the_release(looked_at):
    order(looked_at, claimed=False)
    with looked_at.begin() as connection:
        cancellations.withdraw(connection, [ONE], now=NOW)
        assert settling.release_due(connection, until=SEND_AT, now=SEND_AT, limit=10) == 2
    assert message(looked_at).ledger == "released"
    assert cancellation(looked_at).state == "withdrawn"


def test_releasing_takes_no_more_than_the_limit(looked_at):
    with looked_at.begin() as connection:
        assert settling.release_due(connection, until=SEND_AT, now=SEND_AT, limit=1) == 1


def test_message_is_not_released_before_its_last_look(registered):
    with registered.begin() as connection:
        assert settling.release_due(connection, until=SEND_AT, now=SEND_AT, limit=10) == 0
    assert message(registered).ledger == "pending"
