"""Two transactions at the same moment, on PostgreSQL, where they really run side by side."""

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from core.campaigns import CarrierState
from ledger.absorbing import absorb
from ledger.campaigning import CampaignChange, change
from ledger.registering import register
from ledger.reviewing import review
from store import cancellations
from tests.books import stories
from tests.reports import NOW, RULES, carriers_say, heard, message_id, registration, status, text
from tests.side_by_side import at_once, overlapping


def requested(database):
    with database.read() as connection:
        row = cancellations.of(connection, message_id())
        return row is not None and row.state == "requested"


@pytest.mark.parametrize("late", ["registration", "opt-out"])
def test_opt_out_and_registration_at_once_never_pass_each_other_unseen(postgresql_database, late):
    def enroll(connection):
        register(connection, [registration()], RULES, door="api", now=NOW)

    def refuse(connection):
        absorb(connection, heard(text("STOP")), RULES, now=NOW)

    first, second = (enroll, refuse) if late == "opt-out" else (refuse, enroll)
    overlapping(postgresql_database, first, second)
    assert requested(postgresql_database)


def test_registration_and_the_end_of_its_campaign_at_once_never_pass_each_other_unseen(postgresql_database):
    looked = threading.Event()

    def enroll():
        with postgresql_database.begin() as connection:
            register(connection, [registration(campaign_key="sale")], RULES, door="api", now=NOW)
            looked.set()
            threading.Event().wait(0.3)

    def end():
        looked.wait(5)
        with postgresql_database.begin() as connection:
            change(connection, "sale", CampaignChange(status="ended"), cause="api:1", now=NOW)
        with postgresql_database.begin() as connection:
            review(connection, RULES, now=NOW, limit=10)

    at_once(enroll, end)
    assert requested(postgresql_database)


def test_registration_and_an_event_under_another_name_at_once_never_pass_each_other_unseen(postgresql_database):
    uuid = "751c6a5c-0000-4000-8000-000000000001"
    with postgresql_database.begin() as connection:
        tied = carriers_say(None, campaign_id=uuid, telnyx_campaign_id=uuid)
        absorb(connection, heard(tied), RULES, now=NOW)
    looked = threading.Event()

    def enroll():
        with postgresql_database.begin() as connection:
            register(connection, [registration(tcr_campaign_id="CSPRING")], RULES, door="api", now=NOW)
            looked.set()
            threading.Event().wait(0.3)

    def suspend():
        looked.wait(5)
        said = replace(carriers_say(CarrierState.SUSPENDED, campaign_id=uuid), tcr_campaign_id=None)
        with postgresql_database.begin() as connection:
            absorb(connection, heard(said), RULES, now=NOW)
        for _ in range(2):
            with postgresql_database.begin() as connection:
                review(connection, RULES, now=NOW, limit=10)

    at_once(enroll, suspend)
    assert requested(postgresql_database)


def test_two_workers_with_different_events_of_one_message_agree_on_the_highest(postgresql_database):
    for number in range(1, 21):
        gate = threading.Barrier(2)

        def absorb_one(word, number=number, gate=gate):
            gate.wait(5)
            with postgresql_database.begin() as connection:
                absorb(connection, heard(status(number, word)), RULES, now=NOW)

        with ThreadPoolExecutor(2) as pool:
            for done in [pool.submit(absorb_one, word) for word in ("sent", "delivered")]:
                done.result(20)
        shown = stories(postgresql_database, number)
        assert shown["message"]["recipients"][0]["status"] == "delivered"
        assert len([entry for entry in shown["timeline"] if entry["kind"] == "status"]) == 2
