from datetime import timedelta

import pytest
import sqlalchemy as sa

from core import deadlines
from core.deciding import Act, Mode, Rule, Rules, Verdict
from ledger import story
from ledger.registering import register
from store.tables import consents, inbox, messages
from tests.accepting import accept, sample
from tests.reports import ALICE, NOW, RULES, message_id, registration
from workers.applying import BATCH, TRIES, Applier


class Clock:
    def __init__(self):
        self.now = NOW

    def __call__(self):
        return self.now


def applier(database, *, rules=RULES, now=lambda: NOW):
    return Applier(database, lambda: rules, now)


def inbox_row(database, event_id):
    with database.read() as connection:
        return connection.execute(sa.select(inbox).where(inbox.c.event_id == event_id)).one()


def count(database, table):
    with database.read() as connection:
        return connection.scalar(sa.select(sa.func.count()).select_from(table))


def inbound(words, sender=ALICE):
    return sample("message.received.text", text=words, **{"from": {"phone_number": sender}})


def broken_rule(fails_for):
    """A policy with a bug that one message brings out."""

    def judge(facts):
        if facts.message_id == fails_for:
            raise ZeroDivisionError("a bug")
        return Verdict(Act.ALLOW, "broken", "fine")

    return Rules((*RULES, Rule("broken", Mode.ENFORCE, judge)))


def test_empty_inbox_is_nothing_to_do(database):
    assert applier(database).apply() == 0


def test_events_are_applied_once(database):
    ids = accept(database, sample("message.sent"), sample("message.finalized.delivered"))
    assert applier(database).apply() == 2
    assert applier(database).apply() == 0
    assert [inbox_row(database, event_id).status for event_id in ids] == ["applied", "applied"]


def test_unknown_event_type_is_kept_visible_and_changes_nothing(database):
    body = sample("messaging-profile.spend-limit-reached")
    body["data"]["event_type"] = "messaging.something-new"
    (event_id,) = accept(database, body)
    applier(database).apply()
    row = inbox_row(database, event_id)
    assert row.status == "ignored"
    assert "messaging.something-new" in row.reason
    assert count(database, messages) == 0


def test_unreadable_payload_becomes_a_dead_letter_with_its_bytes(database):
    (event_id,) = accept(database, sample("message.sent", to=[{"phone_number": {"odd": True}, "status": ["sent"]}]))
    applier(database).apply()
    row = inbox_row(database, event_id)
    assert row.status == "invalid"
    assert row.reason
    assert row.raw
    assert count(database, messages) == 0


def test_inbound_texts_are_applied_before_older_status_events(database):
    accept(database, *(sample("message.sent") for _ in range(BATCH)))
    (stop,) = accept(database, inbound("STOP"))
    assert applier(database).apply() == BATCH
    assert inbox_row(database, stop).status == "applied"
    assert count(database, consents) == 1


def test_event_that_fails_does_not_hold_up_its_batch_and_is_parked_after_its_tries(database):
    with database.begin() as connection:
        register(connection, [registration(1), registration(2, to=("+15557650102",))], RULES, door="api", now=NOW)
    poison, fine = accept(database, inbound("STOP"), inbound("STOP", "+15557650102"))
    clock = Clock()
    buggy = applier(database, rules=broken_rule(message_id(1)), now=clock)

    buggy.apply()
    assert inbox_row(database, fine).status == "applied"
    assert inbox_row(database, poison).status == "pending"
    for _ in range(TRIES):
        clock.now += timedelta(hours=1)
        buggy.apply()
    row = inbox_row(database, poison)
    assert row.status == "parked"
    assert row.reason.startswith("ZeroDivisionError in test_applying.py, line ")
    assert row.raw
    with database.read() as connection:
        one, two = (
            story.story(connection, message_id(each), cancel_by=deadlines.cancel_by, now=NOW) for each in (1, 2)
        )
    assert one["cancellation"] is None
    assert two["cancellation"]["state"] == "requested"


def test_event_that_failed_waits_before_it_is_tried_again(database):
    with database.begin() as connection:
        register(connection, [registration()], RULES, door="api", now=NOW)
    accept(database, inbound("STOP"))
    buggy = applier(database, rules=broken_rule(message_id()))
    buggy.apply()
    assert buggy.apply() == 0


@pytest.mark.parametrize("way", ["webhook", "failover", "telnyx_api"])
def test_what_is_told_of_an_opt_out_says_the_way_it_came(sqlite_database, way):
    with sqlite_database.begin() as connection:
        register(connection, [registration()], RULES, door="api", now=NOW)
    accept(sqlite_database, inbound("STOP"), source=way)

    assert applier(sqlite_database).apply() == 1

    with sqlite_database.read() as connection:
        assert connection.scalar(sa.select(consents.c.source)) == way
        told = story.story(connection, message_id(), cancel_by=deadlines.cancel_by, now=NOW)
    assert f"opt_out by {way}: STOP" in str(told)
