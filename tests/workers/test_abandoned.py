from datetime import timedelta

from structlog.testing import capture_logs

from core.intents import IntentState
from ledger import intending
from store import intents
from tests.books import told
from tests.ledger.test_intending import answered, begun
from tests.ledger.test_meeting import alarms
from tests.reports import NOW, follow, text
from workers.abandoned import AbandonedRequests

SECOND = timedelta(seconds=1)
GIVEN_UP = 2 * intending.IN_FLIGHT


def looked(database, *, at):
    """Look for abandoned requests at a moment, and return the alarms that were raised."""
    with capture_logs() as lines:
        AbandonedRequests(database, follow, lambda: at)()
    return alarms(lines)


def state_of(database, intent_id):
    with database.read() as connection:
        return intents.find(connection, intent_id).state


def test_request_whose_maker_died_is_lost_and_alarmed_about_once_when_its_recipient_has_opted_out(database):
    intent_id = begun(database)
    told(database, text("STOP"), now=NOW + SECOND)

    assert looked(database, at=NOW + GIVEN_UP) == []
    assert state_of(database, intent_id) == IntentState.OPEN
    (alarm,) = looked(database, at=NOW + GIVEN_UP + SECOND)

    assert alarm["intents"] == [intent_id]
    assert state_of(database, intent_id) == IntentState.UNKNOWN
    assert looked(database, at=NOW + GIVEN_UP + 60 * SECOND) == []


def test_request_that_was_answered_is_left_alone(sqlite_database):
    intent_id = begun(sqlite_database)
    answered(sqlite_database, intent_id)

    assert looked(sqlite_database, at=NOW + GIVEN_UP + SECOND) == []
    assert state_of(sqlite_database, intent_id) == IntentState.ANSWERED


def test_abandoned_requests_are_looked_for_once_in_a_while(sqlite_database):
    clock = [NOW]
    look = AbandonedRequests(sqlite_database, follow, lambda: clock[0])
    look()
    intent_id = begun(sqlite_database)
    clock[0] = NOW + GIVEN_UP
    look()
    clock[0] = NOW + GIVEN_UP + 9 * SECOND
    look()
    assert state_of(sqlite_database, intent_id) == IntentState.OPEN
    clock[0] = NOW + GIVEN_UP + 10 * SECOND
    look()
    assert state_of(sqlite_database, intent_id) == IntentState.UNKNOWN
