"""A newer message has the older ones about the same cancelled, whichever way it comes."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from core.deciding import Act, Mode
from core.fingerprints import fingerprint
from core.outcomes import LedgerState
from core.policies import duplicate, frequency_cap, superseded
from core.policies.catalogue import rules
from ledger import intending, overtaking, passing
from ledger.gathering import facts
from ledger.intending import Wish
from ledger.registering import register
from ledger.reviewing import look_last
from store import messages
from tests.books import next_review, registered, reviewed, stories
from tests.reports import ALICE, BOB, NOW, OURS, PROFILE, RULES, message_id, registration, scheduled, status

MINUTE = timedelta(minutes=1)
OFF = rules(superseded=superseded.Settings(mode=Mode.OFF))


def about(number, revision, **more):
    return replace(registration(number, **more), tags=("about:visit", f"revision:{revision}"))


def registered_by(database, chosen, *registrations, now=NOW):
    with database.begin() as connection:
        return register(connection, registrations, chosen, door="api", now=now)


def ordered(database, number):
    cancellation = stories(database, number)["cancellation"]
    return cancellation and (cancellation["policy"], cancellation["state"])


def decided(database, number):
    return [(each["verdict"], each["policy"], each["trigger"]) for each in stories(database, number)["decisions"]]


def test_newer_revision_has_the_older_one_cancelled_at_once(database):
    registered(database, about(1, 1), about(2, 1, to=(BOB,)), replace(registration(3), tags=("about:other",)))
    answers = registered(database, about(4, 2), now=NOW + MINUTE)
    assert [(each.message.id, each.decision.verdict) for each in answers] == [(message_id(4), Act.ALLOW)]
    assert ordered(database, 1) == ("superseded", "requested")
    told = stories(database, 1)["decisions"][-1]
    assert (told["trigger"], told["event_id"]) == ("registration", f"registration:{message_id(4)}")
    assert told["reason"] == (
        f"message {message_id(4)} to {ALICE} tells of visit anew as revision 2; it was scheduled at "
        "2026-05-01 12:00:00 UTC"
    )
    assert [ordered(database, number) for number in (2, 3, 4)] == [None, None, None]
    assert len(decided(database, 2)) == len(decided(database, 3)) == 1


def test_older_revision_that_comes_late_is_cancelled_itself(database):
    registered(database, about(1, 2))
    (answer,) = registered(database, about(2, 1))
    assert (answer.decision.verdict, answer.decision.policy) == (Act.CANCEL, "superseded")
    assert ordered(database, 1) is None


def test_of_one_batch_the_latest_revision_stays(database):
    answers = registered(database, about(1, 3), about(2, 1), about(3, 2))
    assert [each.decision.verdict for each in answers] == [Act.ALLOW, Act.CANCEL, Act.CANCEL]
    assert len(decided(database, 2)) == 1


def test_nothing_else_is_decided_on_when_the_rule_is_off(sqlite_database):
    registered_by(sqlite_database, OFF, about(1, 1))
    registered_by(sqlite_database, OFF, about(2, 2))
    assert ordered(sqlite_database, 1) is None
    assert len(decided(sqlite_database, 1)) == 1
    assert overtaking.spoken_of([(scheduled(), ("about:visit",))], OFF) == {}


def test_tags_that_telnyx_told_count_where_the_sender_said_nothing(sqlite_database):
    registered(sqlite_database, about(1, 1))
    details = {"text": "Spring sale", "tags": ["about:visit", "revision:2"]}
    registered(sqlite_database, registration(2, details=details))
    assert ordered(sqlite_database, 1) == ("superseded", "requested")


def test_message_that_was_let_go_is_taken_back(sqlite_database):
    registered(sqlite_database, about(1, 1))
    with sqlite_database.begin() as connection:
        look_last(connection, [message_id(1)], RULES, now=NOW)
    assert ordered(sqlite_database, 1) is None
    registered(sqlite_database, about(2, 2))
    assert ordered(sqlite_database, 1) == ("superseded", "requested")


def pending_review(database):
    with database.begin() as connection:
        order = next_review(connection)
        return order and (order.scope, order.value, order.event_id)


def test_message_that_is_found_by_a_look_leaves_the_older_one_to_a_review(database):
    registered(database, about(1, 1))
    report = scheduled(2, details={"text": "Spring sale", "tags": ["about:visit", "revision:2"]})
    with database.begin() as connection:
        assert passing.seen(connection, report, RULES, door="passthrough", now=NOW)
    assert ordered(database, 1) is None
    assert pending_review(database) == ("recipient", ALICE, f"registration:{message_id(2)}")
    reviewed(database)
    assert ordered(database, 1) == ("superseded", "requested")


WISH = Wish(
    path="messages",
    recipients=(ALICE,),
    from_number=OURS,
    messaging_profile_id=PROFILE,
    tags=("about:visit", "revision:2"),
    fingerprint=fingerprint("Spring sale"),
)


def judged(database, wish, chosen=RULES):
    with database.begin() as connection:
        return intending.judge(connection, wish, chosen, now=NOW)[0]


def test_message_that_goes_out_at_once_leaves_the_older_one_to_a_review(database):
    registered(database, about(1, 1))
    decision = judged(database, WISH)
    assert decision.verdict is Act.ALLOW
    with database.begin() as connection:
        request = intending.begin(connection, WISH, door="passthrough", decision=decision, now=NOW)
        report = replace(scheduled(2), send_at=None, addressees=status(2, "queued").addressees)
        intending.answered(connection, request, report, RULES, http_status=200, now=NOW)
    assert pending_review(database) == ("recipient", ALICE, f"registration:{message_id(2)}")
    reviewed(database)
    assert ordered(database, 1) == ("superseded", "requested")
    assert stories(database, 2)["message"]["tags"] == ["about:visit", "revision:2"]


def test_request_for_what_is_outdated_is_refused(database):
    registered(database, about(1, 3))
    decision = judged(database, WISH)
    assert (decision.verdict, decision.policy) == (Act.CANCEL, "superseded")
    assert judged(database, replace(WISH, recipients=(BOB,))).verdict is Act.ALLOW


@pytest.mark.parametrize(
    ("chosen", "policy"),
    [
        (rules(duplicate=duplicate.Settings(mode=Mode.ENFORCE)), "duplicate"),
        (rules(frequency_cap=frequency_cap.Settings(mode=Mode.ENFORCE, most=1)), "frequency_cap"),
    ],
)
def test_request_is_judged_beside_what_is_there(database, chosen, policy):
    registered(database, registration(1, send_at=NOW + 10 * MINUTE))
    later = judged(database, replace(WISH, tags=None, send_at=NOW + 20 * MINUTE), chosen)
    assert (later.verdict, later.policy) == (Act.HOLD, policy)
    # One that goes out at once goes before what is pending.
    assert judged(database, replace(WISH, tags=None), chosen).verdict is Act.ALLOW
    with database.begin() as connection:
        look_last(connection, [message_id(1)], RULES, now=NOW)
    assert judged(database, replace(WISH, tags=None), chosen).verdict is Act.CANCEL


def test_who_has_to_yield_is_cancelled_at_the_last_look_and_goes_when_the_other_was_cancelled(database):
    chosen = rules(duplicate=duplicate.Settings(mode=Mode.ENFORCE))
    send_at = NOW + 20 * MINUTE
    registered_by(database, chosen, registration(1), *(registration(each, send_at=send_at) for each in (2, 3)))
    assert [decided(database, number)[-1][:2] for number in (1, 2, 3)] == [
        ("hold", "duplicate"),
        ("allow", None),
        ("hold", "duplicate"),
    ]
    assert [ordered(database, number) for number in (1, 2, 3)] == [None, None, None]
    with database.begin() as connection:
        look_last(connection, [message_id(2), message_id(3)], chosen, now=send_at - 3 * MINUTE)
    assert [ordered(database, number) for number in (2, 3)] == [None, ("duplicate", "requested")]
    with database.read() as connection:
        row = messages.find(connection, message_id(1))
        (known,) = facts.gather(connection, [row], chosen.needs, now=send_at).values()
    assert [(other.message_id, other.progress) for other in known.traffic] == [(message_id(2), "sent")]
    assert row.ledger == LedgerState.PENDING
