"""What a recipient answers stops what is left of a sequence, whenever it is heard."""

from dataclasses import replace
from datetime import timedelta

import pytest

from core.deciding import Mode
from core.policies import reply_stops
from core.policies.catalogue import rules
from ledger.absorbing import Heard, absorb
from store import inbound
from tests.books import registered, stories, told
from tests.reports import ALICE, BOB, NOW, OURS, PROFILE, heard, registration, status, text

HOUR, DAY, SECOND = timedelta(hours=1), timedelta(days=1), timedelta(seconds=1)
OFF = rules(reply_stops=reply_stops.Settings(mode=Mode.OFF))


def step(number, *, to=(ALICE,), after=HOUR, sequence="welcome"):
    tags = (f"sequence:{sequence}", f"step:{number}")
    return replace(registration(number, to=to, send_at=NOW + after), tags=tags)


def begun(database, to=(ALICE,)):
    """A sequence of three, of which the first was sent an hour ago."""
    registered(database, step(1, to=to, after=-HOUR), now=NOW - 2 * HOUR)
    told(database, status(1, "delivered", to=to, minute=-59))
    registered(database, step(2, to=to, after=DAY), step(3, to=to, after=2 * DAY))


def last(database, number):
    decision = stories(database, number)["decisions"][-1]
    return decision["verdict"], decision["policy"], decision["trigger"]


def test_answer_cancels_all_steps_that_are_left(database):
    begun(database)
    told(database, text("Tell me more", minute=-5, event_id="reply-1"))
    for number in (2, 3):
        assert last(database, number) == ("cancel", "reply_stops", "reply")
        assert stories(database, number)["decisions"][-1]["event_id"] == "reply-1"
        assert stories(database, number)["cancellation"]["state"] == "requested"
    assert stories(database, 1)["cancellation"] is None


def test_answer_cancels_no_other_sequence_and_nobody_elses(database):
    begun(database)
    registered(database, step(4, sequence="sale"), step(5, to=(BOB,)), registration(6))
    told(database, text("Tell me more", minute=-5))
    for number in (4, 5, 6):
        assert stories(database, number)["decisions"][-1]["verdict"] == "allow"
        assert stories(database, number)["cancellation"] is None


def test_answer_of_one_of_a_group_stops_the_sequence_of_the_group(database):
    begun(database, (ALICE, BOB))
    told(database, text("Tell me more", sender=BOB, minute=-5))
    assert last(database, 2) == ("cancel", "reply_stops", "reply")


@pytest.mark.parametrize("words", ["Liked “Spring sale”", "I'm driving right now", "Out of office", "help"])
def test_what_is_no_answer_leaves_the_sequence_alone(database, words):
    begun(database)
    told(database, text(words, minute=-5))
    assert last(database, 2) == ("allow", None, "reply")
    assert stories(database, 2)["cancellation"] is None


def test_answer_before_the_sequence_began_leaves_it_alone(database):
    begun(database)
    told(database, text("Is this still your number?", minute=-61))
    assert stories(database, 2)["cancellation"] is None


def test_opt_out_is_one_and_no_answer(database):
    begun(database)
    told(database, text("STOP", minute=-5), text("Tell me more", minute=-4))
    assert last(database, 2) == ("cancel", "opt_out", "consent")
    assert len([each for each in stories(database, 2)["decisions"] if each["trigger"] in {"consent", "reply"}]) == 1


def test_step_that_is_registered_after_the_answer_is_cancelled_too(database):
    begun(database)
    told(database, text("Tell me more", minute=-5))
    (made,) = registered(database, step(4, after=3 * DAY))
    assert (made.decision.verdict, made.decision.policy) == ("cancel", "reply_stops")


def test_answer_that_is_replayed_without_effects_is_only_recorded(database):
    begun(database)
    with database.begin() as connection:
        absorb(connection, [Heard(text("Tell me more", minute=-5), NOW, acts=False)], rules(), now=NOW)
    decision = stories(database, 2)["decisions"][-1]
    assert (decision["verdict"], decision["mode"]) == ("cancel", "shadow")
    assert stories(database, 2)["cancellation"] is None


def test_answer_that_acts_goes_before_one_without_effects(database):
    begun(database)
    shadow = Heard(text("Really", minute=-6, event_id="a"), NOW - HOUR, acts=False)
    acting = Heard(text("Tell me more", minute=-5, event_id="b"), NOW)
    with database.begin() as connection:
        absorb(connection, [shadow, acting], rules(), now=NOW)
    assert stories(database, 2)["cancellation"]["state"] == "requested"


def test_nobody_is_decided_on_when_no_rule_asks_for_answers(database):
    begun(database)
    before = len(stories(database, 2)["decisions"])
    with database.begin() as connection:
        absorb(connection, heard(text("Tell me more", minute=-5)), OFF, now=NOW)
    assert len(stories(database, 2)["decisions"]) == before


def test_texts_of_a_number_are_found_with_all_that_is_told_in_order(database):
    said = [
        text("second", minute=2, event_id="b"),
        text("first", minute=1, event_id="a"),
        text("too early", minute=-1, event_id="c"),
        text("of Bob", sender=BOB, minute=3, event_id="d"),
    ]
    told(database, *said, status(1))
    with database.read() as connection:
        found = inbound.of(connection, {ALICE}, since=NOW)
    assert list(found) == [ALICE]
    assert [(each.text, each.event_id) for each in found[ALICE]] == [("first", "a"), ("second", "b")]
    first = found[ALICE][0]
    assert (first.phone_number, first.at) == (ALICE, NOW + timedelta(minutes=1))
    assert (first.sent_to, first.messaging_profile_id, first.autoresponse_type) == (OURS, PROFILE, None)


def test_only_the_newest_texts_of_a_number_are_read(database):
    for start in range(0, inbound.MOST, 50):
        told(database, *(text("on and on", minute=start + each) for each in range(50)))
    told(database, text("the last", minute=9_999), text("of Bob", sender=BOB))
    with database.read() as connection:
        found = inbound.of(connection, {ALICE, BOB}, since=NOW)
    assert len(found[ALICE]) == inbound.MOST
    assert found[ALICE][-1].text == "the last"
    assert len([each for each in found[ALICE] if each.at >= NOW + timedelta(minutes=50)]) == inbound.MOST - 49
    assert len(found[BOB]) == 1
