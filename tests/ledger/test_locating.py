"""Telling where a recipient is decides again on what waits for them, where that matters."""

from dataclasses import replace
from datetime import timedelta

from core.deadlines import last_look
from core.deciding import Mode
from core.facts import MessageClass
from core.policies import quiet_hours
from core.policies.catalogue import rules
from ledger import locating
from ledger.gathering import people as gathering
from ledger.gathering.subjects import Subject, labels_of
from ledger.registering import register
from ledger.reviewing import look_last
from store import cancellations, messages, people
from tests.books import stories
from tests.reports import ALICE, BOB, CAROL, NOW, message_id, registration

HOUR = timedelta(hours=1)
#: At 15:00 UTC it is eleven in New York, and five in the morning in Honolulu.
SEND_AT = NOW + 3 * HOUR
OFF, ON, SHADOW = (rules(quiet_hours=quiet_hours.Settings(mode=mode)) for mode in (Mode.OFF, Mode.ENFORCE, Mode.SHADOW))


def placed(database, number=ALICE, *, by=ON, cause="recipient:1", now=NOW, **wanted):
    with database.begin() as connection:
        return locating.tell(connection, number, wanted, by, cause=cause, now=now)


def registered(database, *registrations, by=ON):
    with database.begin() as connection:
        return register(connection, registrations, by, door="api", now=NOW)


def verdicts(database, number=1):
    return [
        (each["trigger"], each["verdict"], each["policy"], each["event_id"])
        for each in stories(database, number)["decisions"]
    ]


def test_what_is_told_is_kept_and_shown(database):
    registered(database, registration(1))
    shown = placed(database, time_zone="America/New_York", region="NY").shown()
    assert shown == {"phone_number": ALICE, "time_zone": "America/New_York", "region": "NY", "pending": 1}
    assert placed(database, region=None).shown()["time_zone"] == "America/New_York"
    assert placed(database, BOB).shown() == {"phone_number": BOB, "time_zone": None, "region": None, "pending": 0}


def test_message_to_somebody_of_no_known_zone_is_held_until_it_is_told(database):
    registered(database, registration(1), registration(2, to=(BOB,)))
    assert verdicts(database)[-1][:3] == ("registration", "hold", "quiet_hours")
    placed(database, time_zone="America/New_York", region="NY")
    assert verdicts(database)[-1] == ("recipient", "allow", None, "recipient:1")
    placed(database, cause="recipient:2", time_zone="Pacific/Honolulu")
    assert verdicts(database)[-1] == ("recipient", "hold", "quiet_hours", "recipient:2")
    assert [trigger for trigger, *_ in verdicts(database, 2)] == ["registration"]


def test_what_is_held_at_its_last_look_is_cancelled_and_let_go_when_the_zone_is_corrected(database):
    registered(database, registration(1))
    placed(database, time_zone="Pacific/Honolulu")
    at = last_look(SEND_AT)
    with database.begin() as connection:
        look_last(connection, [message_id(1)], ON, now=at)
    assert stories(database)["cancellation"]["state"] == "requested"
    placed(database, time_zone="America/New_York", region="NY", now=at)
    with database.read() as connection:
        assert cancellations.of(connection, message_id(1)).state == "withdrawn"


def test_nothing_is_decided_on_when_nobody_asks_or_nothing_changes(database):
    registered(database, registration(1), by=OFF)
    placed(database, by=OFF, time_zone="America/New_York")
    placed(database, by=ON, time_zone="America/New_York")
    placed(database, by=ON)
    assert [trigger for trigger, *_ in verdicts(database)] == ["registration"]


def test_policy_in_shadow_mode_is_asked_again_as_well(database):
    registered(database, registration(1), by=SHADOW)
    placed(database, by=SHADOW, time_zone="America/New_York", region="NY")
    assert verdicts(database)[-1][:2] == ("recipient", "allow")


def test_only_messages_of_the_classes_that_it_is_asked_about_are_decided_on(database):
    code = replace(registration(1), message_class=MessageClass.OTP)
    registered(database, code, registration(2))
    placed(database, time_zone="America/New_York")
    assert [trigger for trigger, *_ in verdicts(database, 1)] == ["registration"]
    assert [trigger for trigger, *_ in verdicts(database, 2)] == ["registration", "recipient"]


def test_people_are_gathered_in_the_order_of_the_recipients(database):
    to = (CAROL, ALICE, BOB)
    registered(database, registration(1, to=to), registration(2, to=(BOB,)))
    placed(database, time_zone="America/New_York")
    placed(database, CAROL, region="FL")
    with database.read() as connection:
        rows = [messages.find(connection, message_id(number)) for number in (1, 2)]
        subjects = [
            Subject(row, numbers, (), NOW, SEND_AT, labels_of(row))
            for row, numbers in zip(rows, (to, (BOB,)), strict=True)
        ]
        found = gathering.find(connection, subjects, timedelta())
        told = people.of(connection, to)
    assert found == {message_id(1): (told[CAROL], told[ALICE]), message_id(2): ()}
