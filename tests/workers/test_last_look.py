"""Every message is decided on once more before its deadline, whatever happened before."""

from datetime import timedelta

import pytest

from core.consent import Consent, ConsentKind
from core.deadlines import WALL, deadline, last_look
from core.deciding import Act, Mode, Rule, Rules, Verdict
from core.outcomes import LedgerState
from ledger import settling
from store import cancellations, consents, decisions, messages
from store.consents import HeardConsent
from store.messages import Looks
from tests.books import registered
from tests.reports import ALICE, BOB, NOW, follow, message_id, registration
from workers.reviewing import Reviewer

SEND_AT = NOW + timedelta(hours=3)
SECOND = timedelta(seconds=1)


class World:
    def __init__(self, database):
        self.database = database
        self.at = NOW
        self.reviewer = Reviewer(database, follow, lambda: self.at)

    def review(self, *, at):
        self.at = at
        while self.reviewer.review():
            pass

    def triggers(self, number=1):
        with self.database.read() as connection:
            return [each.trigger for each in decisions.of(connection, message_id(number))]

    def message(self, number=1):
        with self.database.read() as connection:
            return messages.find(connection, message_id(number))

    def cancellation(self, number=1):
        with self.database.read() as connection:
            return cancellations.of(connection, message_id(number))

    def release(self):
        with self.database.begin() as connection:
            return settling.release_due(connection, until=self.at, now=self.at, limit=10)


@pytest.fixture
def world(database):
    registered(database, registration(1, send_at=SEND_AT), registration(2, to=(BOB,), send_at=SEND_AT + timedelta(1)))
    return World(database)


def heard_without_deciding(database, kind=ConsentKind.OPT_OUT):
    """A word that nothing decided on, as if whoever should have had died in between."""
    word = Consent(ALICE, kind, NOW, None, "e1", "webhook", "STOP")
    with database.begin() as connection:
        consents.lock_recipients(connection, {ALICE})
        consents.add(connection, [HeardConsent(word, occurred_at=NOW, received_at=NOW)])


def test_message_is_looked_at_once_when_its_last_look_comes_and_not_before(world):
    world.review(at=last_look(SEND_AT) - SECOND)
    assert world.triggers() == ["registration"]

    world.review(at=last_look(SEND_AT))
    world.review(at=last_look(SEND_AT) + SECOND)

    assert world.triggers() == ["registration", "last_look"]
    assert world.message().last_look_at == last_look(SEND_AT)
    assert world.triggers(2) == ["registration"]


def test_decision_of_the_last_look_is_what_releases_a_message(world):
    world.review(at=last_look(SEND_AT))
    world.at = SEND_AT

    assert world.release() == 1

    with world.database.read() as connection:
        standing = decisions.latest(connection, message_id(1))
    assert (standing.trigger, standing.verdict) == ("last_look", "allow")
    assert {each["policy"] for each in standing.verdicts} == {rule.name for rule in follow()}


def test_opt_out_that_nothing_decided_on_is_found_in_time(world):
    heard_without_deciding(world.database)

    world.review(at=last_look(SEND_AT))

    order = world.cancellation()
    assert (order.policy, order.state) == ("opt_out", "requested")
    assert order.known_at < deadline(SEND_AT)


def test_message_that_nobody_looked_at_in_time_is_looked_at_late_and_not_released(world):
    heard_without_deciding(world.database)
    world.review(at=SEND_AT + timedelta(minutes=5))

    assert world.release() == 0
    assert world.message().ledger == LedgerState.PENDING
    # Somebody should have looked while it could still be cancelled: the breach, if it is one, is ours.
    assert world.cancellation().known_at == last_look(SEND_AT)


def test_message_registered_within_its_last_look_needs_no_other(world):
    registered(world.database, registration(3, send_at=NOW + WALL + SECOND))

    world.review(at=NOW + SECOND)

    assert world.triggers(3) == ["registration"]
    assert world.message(3).last_look_at == NOW


def test_policy_that_goes_on_naming_a_time_that_has_passed_is_asked_once_then(world):
    soon = SEND_AT - timedelta(hours=1)
    stubborn = Rule("theirs", Mode.ENFORCE, lambda facts: Verdict(Act.ALLOW, "theirs", "fine so far", until=soon))
    world.reviewer = Reviewer(world.database, lambda: Rules((stubborn,)), lambda: world.at)
    with world.database.begin() as connection:
        messages.set_looks(connection, [Looks(message_id(1), soon, None)])
    world.at = soon + SECOND

    assert [world.reviewer.review() for _ in range(3)] == [True, False, False]
    assert world.triggers() == ["registration", "time"]
    assert world.message().review_at is None


def test_message_put_off_after_its_last_look_gets_another(world):
    world.review(at=last_look(SEND_AT))
    later = SEND_AT + timedelta(hours=2)
    registered(world.database, registration(1, send_at=later, occurred_at=NOW + SECOND), now=world.at)
    assert world.message().last_look_at is None

    world.review(at=last_look(later))

    assert world.triggers() == ["registration", "last_look", "registration", "last_look"]
