"""What is found of how messages ended, on both databases."""

from __future__ import annotations

from datetime import timedelta

import pytest

from core.facts import Ending
from store import outcomes
from store.outcomes import Fared, OutcomeRow
from tests.reports import ALICE, BOB, NOW, OURS, message_id

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
OTHER = "+15557650901"


def row(number, ending, minute=0, *, to=ALICE, code="40006", sender=OURS):
    return OutcomeRow(
        message_id=message_id(number),
        phone_number=to,
        from_number=sender,
        messaging_profile_id=None,
        campaign_key="spring",
        ending=ending,
        code=code if ending is Ending.FAILED else None,
        title=None,
        at=NOW + minute * MINUTE,
        event_id=f"e{number:03}",
        parts=1,
        amount=None,
        currency=None,
        recorded_at=NOW,
    )


FAILED, DELIVERED, UNCONFIRMED = Ending.FAILED, Ending.DELIVERED, Ending.UNCONFIRMED


@pytest.fixture
def keep(database):
    """Keeps rows, and asks for what is found then."""

    def keep(*rows, ask):
        with database.begin() as connection:
            outcomes.upsert(connection, rows)
            return ask(connection)

    return keep


def minutes(found):
    return [(each.phone_number, (each.at - NOW) / MINUTE) for each in found]


def test_failures_to_numbers_are_those_since_each_was_delivered_to(keep):
    found = keep(
        row(1, FAILED, 1),
        row(2, DELIVERED, 2),
        row(3, FAILED, 2),
        row(4, FAILED, 4),
        row(5, UNCONFIRMED, 5),
        row(6, FAILED, 3),
        row(7, FAILED, 0, to=BOB),
        row(8, DELIVERED, 9, to="+15557650109"),
        ask=lambda on: outcomes.failures_to(on, {ALICE, BOB}, since=NOW - MINUTE),
    )
    assert minutes(found) == [(BOB, 0), (ALICE, 3), (ALICE, 4)]
    assert (found[0].ending, found[0].code, found[0].campaign_key, found[0].event_id) == (
        FAILED,
        "40006",
        "spring",
        "e007",
    )


def test_failures_to_a_number_from_before_the_time_given_are_left_out(keep):
    rows = [row(number, FAILED, number) for number in range(3)]
    assert minutes(keep(*rows, ask=lambda on: outcomes.failures_to(on, {ALICE}, since=NOW))) == [(ALICE, 1), (ALICE, 2)]


def test_numbers_to_which_something_failed_are_told_even_when_something_was_delivered_since(keep):
    rows = [row(1, FAILED, 1), row(2, DELIVERED, 2), row(3, DELIVERED, 1, to=BOB)]
    assert keep(*rows, ask=lambda on: outcomes.failed_to(on, {ALICE, BOB}, since=NOW)) == {ALICE}
    assert keep(ask=lambda on: outcomes.failed_to(on, {ALICE, BOB}, since=NOW + MINUTE)) == set()


def test_failures_of_a_sender_are_those_with_its_codes_since_it_was_last_heard(keep):
    found = keep(
        row(1, FAILED, 1, code="40315"),
        row(2, DELIVERED, 2, to=BOB),
        row(3, FAILED, 3, code="40315", to=BOB),
        row(4, FAILED, 4, code="40001"),
        row(5, FAILED, 5, code="40010"),
        row(6, FAILED, 6, code="40315", sender=OTHER),
        row(7, DELIVERED, 9, sender=OTHER),
        ask=lambda on: outcomes.failures_from(on, OURS, {"40315", "40010"}, since=NOW),
    )
    assert minutes(found) == [(BOB, 3), (ALICE, 5)]


def test_failures_of_a_sender_are_the_latest_fifty_within_the_time(keep):
    rows = [row(number, FAILED, number, code="40315") for number in range(1, 121)]
    found = keep(*rows, ask=lambda on: outcomes.failures_from(on, OURS, {"40315"}, since=NOW))
    assert [each for _, each in minutes(found)] == list(range(71, 121))
    late = keep(ask=lambda on: outcomes.failures_from(on, OURS, {"40315"}, since=NOW + 118 * MINUTE))
    assert [each for _, each in minutes(late)] == [119, 120]


def test_how_all_fared_is_told_of_the_hour_up_to_a_time(keep):
    rows = [
        row(1, FAILED, 0),
        row(2, FAILED, 1),
        row(3, DELIVERED, 30, to=BOB),
        row(4, UNCONFIRMED, 60, sender=OTHER),
        row(5, FAILED, 61),
    ]
    assert keep(*rows, ask=lambda on: outcomes.fared(on, NOW + HOUR)) == Fared(ended=3, failed=1)
    assert keep(ask=lambda on: outcomes.fared(on, NOW - MINUTE)) == Fared(ended=0, failed=0)
