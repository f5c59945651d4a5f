"""Messages that went out on schedule without having come in through any door."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta

import pytest
from structlog.testing import capture_logs

import simulator
from schemas import envelope, reading
from store import messages, sums
from tests.accepting import sample
from tests.books import registered, stories, told
from tests.processes import free_port
from tests.reports import ALICE, NOW, message_id, registration, status

HOURS = timedelta(hours=3)


def orphaned_at(database, number=1):
    with database.read() as connection:
        return messages.find(connection, message_id(number)).orphaned_at


def count(database):
    with database.read() as connection:
        return sums.orphans(connection)


def alarms(logs):
    return [entry for entry in logs if entry["event"] == "orphan_message"]


def test_message_sent_on_schedule_through_no_door_is_counted_and_raises_one_alarm(database):
    with capture_logs() as logs:
        told(database, status(1, waited=HOURS), status(2, waited=timedelta(seconds=1)))
        told(database, status(1, waited=HOURS), status(1, "delivered", minute=1, waited=HOURS))

    assert count(database) == 1
    assert (orphaned_at(database, 1), orphaned_at(database, 2)) == (NOW, None)
    (alarm,) = alarms(logs)
    assert (alarm["log_level"], alarm["message_id"], alarm["to"]) == ("error", message_id(1), ["+1555•••0101"])
    assert "/v1/messages" in alarm["remedy"]
    with database.read() as connection:
        assert [row.id for row in messages.listing(connection, limit=9, only_orphans=True)] == [message_id(1)]


def test_registered_message_that_is_sent_on_schedule_raises_no_alarm(database):
    registered(database, registration())
    with capture_logs() as logs:
        told(database, status(waited=HOURS))

    assert (orphaned_at(database), count(database), alarms(logs)) == (None, 0, [])


def test_registration_that_comes_late_takes_the_mark_away_for_good(database):
    told(database, status(waited=HOURS))
    registered(database, registration())
    told(database, status(1, "delivered", minute=1, waited=HOURS))

    assert (orphaned_at(database), count(database)) == (None, 0)
    assert stories(database)["message"]["ledger"] == "released"


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_earliest_time_stands_whichever_event_comes_first(database, order):
    events = [status(1, "sent", minute=0, waited=HOURS), status(1, "delivered", minute=2, waited=HOURS)]
    for index in order:
        told(database, events[index])

    assert orphaned_at(database) == NOW


def test_message_that_was_cancelled_or_came_in_is_no_orphan(database):
    inbound = replace(status(2, waited=HOURS), direction="inbound", source="message.received")
    told(database, status(1, "cancelled", waited=HOURS), inbound)

    assert count(database) == 0


def test_simulator_s_webhooks_tell_a_scheduled_message_from_one_sent_at_once(database):
    with simulator.running(webhook_url=f"http://127.0.0.1:{free_port()}/", webhook_backoff=0.01) as telnyx:
        scheduled = telnyx.schedule(to=ALICE, send_at=telnyx.simulator.clock.now() + timedelta(minutes=6))
        cancelled = telnyx.schedule(to=ALICE, send_at=telnyx.simulator.clock.now() + timedelta(minutes=6))
        telnyx.simulator.cancel(cancelled["id"])
        telnyx.advance(timedelta(minutes=6))
        at_once = telnyx.send(to=ALICE)
        assert telnyx.settle()
        events = [json.dumps({"data": each["webhook"]}) for each in telnyx.simulator.delivery_records()]
    assert {json.loads(each)["data"]["payload"]["id"] for each in events} == {scheduled["id"], at_once["id"]}

    told(database, *(reading.report(envelope.read(each.encode()), received_at=NOW) for each in events))

    with database.read() as connection:
        assert [row.id for row in messages.listing(connection, limit=9, only_orphans=True)] == [scheduled["id"]]


def test_sample_of_telnyx_is_an_orphan_by_its_times(database):
    read = envelope.read(json.dumps(sample("message.sent")).encode())
    told(database, reading.report(read, received_at=NOW))

    assert count(database) == 1
