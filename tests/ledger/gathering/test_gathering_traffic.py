"""The other messages to a recipient: which there are, how far each has come, and what they say."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from core.cancelling import Outcome, Settle
from core.facts import MessageClass, Progress
from core.fingerprints import fingerprint
from core.outcomes import CancellationState
from ledger import intending, settling
from ledger.gathering import traffic
from ledger.gathering.subjects import Subject, labels_of
from ledger.registering import Registration
from ledger.settling import Settlement
from store import cancellations, messages
from tests.books import looked_last, opted_out, registered, told
from tests.reports import ALICE, BOB, NOW, OURS, RULES, message_id, registration, scheduled, status

HOUR, MINUTE, SECOND = timedelta(hours=1), timedelta(minutes=1), timedelta(seconds=1)
BACK = timedelta(days=1)
SEND_AT = NOW + 3 * HOUR


def seen(database, number=1, *, to=(ALICE,), now=NOW, back=BACK, send_at=None):
    """What is gathered for one message, by the number of each other message."""
    with database.read() as connection:
        row = messages.find(connection, message_id(number))
        subject = Subject(row, to, (), now, send_at or row.send_at, labels_of(row))
        found = traffic.find(connection, [subject], back)[row.id]
    return {int(other.message_id[-4:]): other for other in found}


def progress(database, **more):
    return {number: other.progress for number, other in seen(database, **more).items()}


def test_pending_message_is_seen_with_all_that_is_said_of_it(database):
    other = Registration(
        scheduled(2, send_at=SEND_AT + HOUR), "spring", MessageClass.TRANSACTIONAL, ("about:visit", "revision:2")
    )
    registered(database, registration(1), other)
    (found,) = seen(database).values()
    assert (found.message_id, found.phone_number, found.progress) == (message_id(2), ALICE, Progress.PENDING)
    assert (found.at, found.scheduled_at) == (SEND_AT + HOUR, NOW)
    assert (found.message_class, found.campaign_key) == (MessageClass.TRANSACTIONAL, "spring")
    assert found.fingerprint == fingerprint("spring  SALE")
    assert (found.labels.about, found.labels.revision) == ("visit", 2)
    assert found.from_number == OURS


def test_message_to_somebody_else_and_the_message_itself_are_not_seen(database):
    registered(database, registration(1), registration(2, to=(BOB,)))
    assert seen(database) == {}


@pytest.mark.parametrize(
    ("after", "is_seen"), [(BACK, True), (BACK + SECOND, False), (-BACK, True), (-BACK - SECOND, False)]
)
def test_message_is_seen_so_far_around_the_time_of_sending(sqlite_database, after, is_seen):
    registered(sqlite_database, registration(1), registration(2, send_at=SEND_AT + after))
    assert bool(seen(sqlite_database)) is is_seen


def test_order_is_that_of_sending(sqlite_database):
    registered(
        sqlite_database,
        registration(1),
        registration(2, send_at=SEND_AT + HOUR),
        registration(3, send_at=SEND_AT - HOUR),
        registration(4),
    )
    assert list(seen(sqlite_database)) == [3, 4, 2]


def test_what_is_being_cancelled_or_was_is_not_seen(database):
    registered(database, registration(1), registration(2, to=(ALICE, BOB)), registration(3))
    opted_out(database, BOB)
    assert progress(database) == {3: Progress.PENDING}
    told(database, status(3, "cancelled"))
    assert progress(database) == {}


def test_what_was_cancelled_by_us_is_not_seen(sqlite_database):
    registered(sqlite_database, registration(1), registration(2, to=(ALICE, BOB)))
    opted_out(sqlite_database, BOB)
    with sqlite_database.begin() as connection:
        (claim,) = cancellations.claim(connection, now=NOW, limit=1, lease=MINUTE, token="t")
        end = Settle(CancellationState.CONFIRMED, Outcome.CANCELLED)
        settling.settle(connection, [Settlement(claim.message_id, claim.token, end)], now=NOW)
    assert progress(sqlite_database) == {}


def test_message_whose_cancellation_lapsed_is_pending_again(sqlite_database):
    registered(sqlite_database, registration(1), registration(2))
    row = messages_row(sqlite_database, 2)
    with sqlite_database.begin() as connection:
        cancellations.request(connection, [order(row)])
        cancellations.claim(connection, now=NOW, limit=1, lease=MINUTE, token="t")
    assert progress(sqlite_database) == {}
    with sqlite_database.begin() as connection:
        cancellations.withdraw(connection, [row.id], now=NOW)
    assert progress(sqlite_database) == {2: Progress.PENDING}


def messages_row(database, number):
    with database.read() as connection:
        return messages.find(connection, message_id(number))


def order(row):
    return cancellations.NewCancellation(row.id, "hold", "held", 1, row.send_at, NOW, NOW, NOW)


def test_what_was_let_go_counts_as_sent(database):
    registered(database, registration(1), registration(2))
    looked_last(database, message_id(2), now=NOW)
    assert progress(database) == {2: Progress.SENT}


@pytest.mark.parametrize(("before", "is_sent"), [(MINUTE, True), (MINUTE + SECOND, False)])
def test_what_nobody_can_cancel_any_more_counts_as_sent(sqlite_database, before, is_sent):
    registered(sqlite_database, registration(1), registration(2, send_at=SEND_AT - HOUR))
    expected = Progress.SENT if is_sent else Progress.PENDING
    assert progress(sqlite_database, now=SEND_AT - HOUR - before) == {2: expected}


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("sent", Progress.SENT),
        ("delivered", Progress.SENT),
        ("delivery_unconfirmed", Progress.SENT),
        ("sending_failed", Progress.FAILED),
        ("delivery_failed", Progress.FAILED),
        ("expired", Progress.FAILED),
    ],
)
def test_message_that_has_left_is_seen_as_it_ended_at_the_time_it_was_scheduled_for(sqlite_database, word, expected):
    registered(sqlite_database, registration(1), registration(2, send_at=NOW + 10 * MINUTE))
    told(sqlite_database, status(2, word, minute=11))
    (found,) = seen(sqlite_database, now=NOW + 12 * MINUTE).values()
    assert (found.progress, found.at) == (expected, NOW + 10 * MINUTE)


def test_message_that_came_through_no_door_is_seen_when_it_was_sent(database):
    registered(database, registration(1))
    told(database, status(2, "sent", minute=5, sent_at=(NOW + 4 * MINUTE).isoformat()))
    told(database, status(3, "delivered", minute=9))
    told(database, status(4, "delivered", minute=9, received_at=(NOW + MINUTE).isoformat()))
    found = seen(database, now=NOW + 10 * MINUTE)
    assert {number: other.at - NOW for number, other in found.items()} == {2: 4 * MINUTE, 3: 9 * MINUTE, 4: MINUTE}
    assert {other.progress for other in found.values()} == {Progress.SENT}
    assert {other.message_class for other in found.values()} == {MessageClass.MARKETING}
    assert found[4].scheduled_at == NOW + MINUTE
    assert found[2].fingerprint == fingerprint("Spring sale")


def test_message_of_long_ago_without_a_time_of_sending_is_not_seen(database):
    registered(database, registration(1))
    told(database, status(2, "delivered", minute=-22 * 60))
    assert seen(database) == {}
    assert seen(database, back=2 * BACK).keys() == {2}


def test_tags_that_only_telnyx_told_are_read(sqlite_database):
    registered(sqlite_database, registration(1))
    told(sqlite_database, status(2, "sent", minute=1, tags=["about:visit"]))
    (found,) = seen(sqlite_database, now=NOW + HOUR).values()
    assert found.labels.about == "visit"


def test_text_that_somebody_sent_is_no_message_to_them(sqlite_database):
    registered(sqlite_database, registration(1))
    told(sqlite_database, replace(status(2, "sent"), direction="inbound"))
    assert seen(sqlite_database) == {}


def test_group_is_told_of_each_of_its_recipients(sqlite_database):
    registered(sqlite_database, registration(1, to=(ALICE, BOB)), registration(2, to=(ALICE, BOB)))
    with sqlite_database.read() as connection:
        row = messages.find(connection, message_id(1))
        subject = Subject(row, (ALICE, BOB), (), NOW, row.send_at, labels_of(row))
        found = traffic.find(connection, [subject], BACK)[row.id]
    assert [other.phone_number for other in found] == [ALICE, BOB]


def test_message_that_goes_out_at_once_keeps_what_its_sender_said(database):
    registered(database, registration(1))
    wish = intending.Wish(
        path="messages",
        recipients=(ALICE,),
        from_number=OURS,
        messaging_profile_id=None,
        campaign_key="spring",
        message_class=MessageClass.OTP,
        tags=("about:visit",),
    )
    with database.begin() as connection:
        decision = intending.judge(connection, wish, RULES, now=NOW)[0]
        request = intending.begin(connection, wish, door="passthrough", decision=decision, now=NOW)
        report = replace(scheduled(2, send_at=None), send_at=None, addressees=status(2, "queued").addressees)
        intending.answered(connection, request, report, RULES, http_status=200, now=NOW)
    (found,) = seen(database).values()
    assert (found.progress, found.message_class, found.campaign_key) == (Progress.SENT, MessageClass.OTP, "spring")
    assert (found.labels.about, found.at) == ("visit", NOW)
