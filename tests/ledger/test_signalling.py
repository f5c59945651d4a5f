"""Signals are kept once, reach the messages that they concern, and count whenever those are registered."""

from dataclasses import replace
from datetime import timedelta

import pytest

from core.facts import Signal, SignalKind
from core.policies.catalogue import rules
from ledger import signalling
from ledger.gathering import signals as gathering
from ledger.gathering.subjects import Subject, labels_of
from store import messages, signals
from tests.books import opted_out, registered, stories
from tests.reports import ALICE, BOB, CAROL, NOW, PROFILE, message_id, registration

DAY, SECOND = timedelta(days=1), timedelta(seconds=1)


def goal(of="order-1", *, value="purchase", number=ALICE, at=NOW):
    return Signal(of, SignalKind.GOAL, value, at, number)


def revision(of="move-1", *, value="visit-7", number=None, number_of=4, at=NOW):
    return Signal(of, SignalKind.REVISION, value, at, number, number_of)


def heard(database, *told, now=NOW):
    with database.begin() as connection:
        return signalling.hear(connection, told, rules(), now=now)


def labelled(number, *tags, **more):
    return replace(registration(number, **more), tags=tags)


def verdicts(database, number=1):
    return [(each["verdict"], each["policy"], each["trigger"]) for each in stories(database, number)["decisions"]]


def test_goal_orders_the_cancellation_of_what_is_pending(database):
    registered(database, labelled(1, "until:purchase"), labelled(2), labelled(3, "until:purchase", to=(BOB,)))
    taken = heard(database, goal())
    assert (taken.new, taken.cancelling) == ({"order-1"}, 1)
    assert verdicts(database)[-1] == ("cancel", "goal_reached", "signal")
    cancellation = stories(database)["cancellation"]
    assert (cancellation["state"], cancellation["policy"]) == ("requested", "goal_reached")
    assert stories(database, 2)["cancellation"] is None
    assert stories(database, 3)["cancellation"] is None


def test_goal_of_one_of_a_group_cancels_the_message_to_all(database):
    registered(database, labelled(1, "until:purchase", to=(ALICE, BOB)))
    assert heard(database, goal(number=BOB)).cancelling == 1


def test_message_that_is_cancelled_for_something_else_is_not_counted(database):
    registered(database, labelled(1, "until:purchase"))
    opted_out(database)
    assert heard(database, goal()).cancelling == 0


def test_signal_that_is_known_decides_on_nothing_again(database):
    registered(database, labelled(1, "until:purchase"))
    heard(database, goal())
    before = verdicts(database)
    again = heard(database, goal(value="visit"), now=NOW + DAY)
    assert (again.new, again.cancelling) == (frozenset(), 0)
    assert [row.signal for row in again.rows] == [goal()]
    assert verdicts(database) == before


def test_same_id_twice_among_many_is_taken_once_the_first_counting(database):
    taken = heard(database, goal(), goal(value="visit"))
    assert [row.signal.value for row in taken.rows] == ["purchase", "purchase"]
    assert taken.new == {"order-1"}


def test_goal_counts_whether_it_comes_before_the_message_or_after(database):
    heard(database, goal())
    (made,) = registered(database, labelled(1, "until:purchase"))
    assert (made.decision.verdict, made.decision.event_id) == ("cancel", "order-1")


def test_many_are_taken_in_parts_and_those_of_nobody_together():
    told = [goal(str(number)) for number in range(150)] + [revision(f"r-{number}") for number in range(150)]
    assert [len(part) for part in signalling.parts([*told[150:], *told[:150]])] == [100, 50, 150]
    assert [len(part) for part in signalling.parts(told[:100])] == [100]
    assert list(signalling.parts([])) == []


def subject(database, number=1):
    with database.read() as connection:
        row = messages.find(connection, message_id(number))
        to = tuple(each.phone_number for each in messages.recipients_of(connection, [row.id])[row.id])
    return Subject(row, to, (), NOW, row.send_at, labels_of(row))


def found(database, *subjects, back=DAY):
    with database.read() as connection:
        return {at: [each.id for each in told] for at, told in gathering.find(connection, subjects, back).items()}


def kept(database, *told):
    with database.begin() as connection:
        return signals.add(connection, told, received_at=NOW)


@pytest.fixture
def two(database):
    """A message to Alice and Bob with all labels, and one to Carol with none."""
    registered(database, labelled(1, "until:purchase", "about:visit-7", to=(ALICE, BOB)), labelled(2, to=(CAROL,)))
    return subject(database, 1), subject(database, 2)


def test_each_message_is_told_what_concerns_it_in_the_order_of_times(database, two):
    kept(
        database,
        goal("goal", at=NOW - SECOND),
        goal("other goal", value="visit"),
        goal("goal of Bob", number=BOB, at=NOW - 2 * SECOND),
        goal("goal of Carol", number=CAROL),
        revision("change", at=NOW - 3 * SECOND),
        revision("other change", value="visit-8"),
        revision("change for Bob", number=BOB, at=NOW - 4 * SECOND),
        revision("change for Carol", number=CAROL),
        Signal("limit", SignalKind.SPEND_LIMIT, PROFILE, NOW - 5 * SECOND),
        Signal("other limit", SignalKind.SPEND_LIMIT, "another profile", NOW),
        Signal("forgiven", SignalKind.FORGIVEN, "", NOW - 6 * SECOND, ALICE),
    )
    assert found(database, *two) == {
        message_id(1): ["forgiven", "limit", "change for Bob", "change", "goal of Bob", "goal"],
        message_id(2): ["limit"],
    }


def test_signals_are_found_so_far_back_from_when_the_message_was_scheduled(database, two):
    message, _ = two
    kept(database, goal("just", at=NOW - DAY), goal("no more", at=NOW - DAY - SECOND))
    kept(database, revision("change", at=NOW - DAY), revision("old change", at=NOW - DAY - SECOND))
    later = replace(message, now=NOW + 5 * DAY)
    for asked in (message, later):
        assert found(database, asked) == {message_id(1): ["change", "just"]}


def test_message_of_more_recipients_than_one_query_takes_is_told_of_all(database):
    numbers = tuple(f"+1555{number:07d}" for number in range(600))
    kept(database, *(goal(number, number=number) for number in numbers))
    registered(database, labelled(1, "until:purchase", to=numbers))
    assert len(found(database, subject(database))[message_id()]) == 600
