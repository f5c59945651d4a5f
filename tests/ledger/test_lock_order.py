"""Whoever waits for a campaign holds no recipient yet: locks are taken in one order, a lost message's too."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor

import pytest
import sqlalchemy as sa

from core.campaigns import CarrierState
from ledger import campaigning, passing
from ledger.absorbing import absorb
from ledger.campaigning import CampaignChange
from store import consents
from store.tables import messages, recipients
from tests.ledger.test_meeting import LATER, lost, sent
from tests.reports import ALICE, BOB, NOW, RULES, carriers_say, heard, scheduled

WAITING = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"


def absorbed(*reports):
    def act(connection):
        absorb(connection, heard(*reports, received_at=LATER), RULES, now=LATER)

    return act


def seen(report):
    def act(connection):
        passing.seen(connection, report, RULES, door="passthrough", now=LATER)

    return act


def wait_for_lock(database):
    """Return when somebody waits for a lock."""
    until = time.monotonic() + 20
    while time.monotonic() < until:
        with database.read() as connection:
            if connection.exec_driver_sql(WAITING).scalar_one():
                return
        time.sleep(0.01)
    raise AssertionError("nobody waits for the campaign")


@pytest.mark.parametrize(
    ("act", "campaign"),
    [
        pytest.param(absorbed(sent()), "spring", id="an event"),
        pytest.param(absorbed(sent(tcr_campaign_id="CSPRING")), "CSPRING", id="an event, by its registration"),
        pytest.param(absorbed(sent(), carriers_say(CarrierState.EXPIRED, campaign_id="other")), "spring", id="a batch"),
        pytest.param(seen(sent()), "spring", id="a look"),
        pytest.param(
            seen(scheduled(2, to=(BOB,), tcr_campaign_id="CSPRING")), "CSPRING", id="a look at what nobody registered"
        ),
    ],
)
def test_message_that_is_met_waits_for_its_campaign_before_it_holds_its_recipient(postgresql_database, act, campaign):
    lost(postgresql_database)
    with postgresql_database.begin() as connection:
        campaigning.change(connection, campaign, CampaignChange(), cause="api:1", now=NOW)
        consents.lock_recipients(connection, {ALICE, BOB})

    def meet():
        with postgresql_database.begin() as connection:
            act(connection)

    with ThreadPoolExecutor(1) as pool:
        with postgresql_database.begin() as connection:
            campaigning.change(connection, campaign, CampaignChange(), cause="api:2", now=NOW)
            meeting = pool.submit(meet)
            wait_for_lock(postgresql_database)
            # What it held would be refused here at once.
            connection.execute(sa.select(recipients).with_for_update(nowait=True))
        meeting.result(20)
    with postgresql_database.read() as connection:
        assert {row.door for row in connection.execute(sa.select(messages))} == {"passthrough"}
