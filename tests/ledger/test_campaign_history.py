"""What a campaign was at each time: a row for every change, and none for what changes nothing."""

from datetime import UTC, timedelta
from pathlib import Path

import sqlalchemy as sa
from alembic import command
from alembic.config import Config

import store
from core.campaigns import CampaignStatus, CarrierState
from ledger import campaigning
from ledger.campaigning import CampaignChange
from store import tables
from store.engine import Database
from tests.books import registered, told
from tests.reports import NOW, carriers_say, registration

HOUR = timedelta(hours=1)


def changed(database, *, at=NOW, key="spring", **wanted):
    with database.begin() as connection:
        campaigning.change(connection, key, CampaignChange(**wanted), cause=f"campaign:{at:%H}", now=at)


def history(database, key="spring"):
    rows = tables.campaign_history
    with database.read() as connection:
        found = connection.execute(sa.select(rows).where(rows.c.key == key).order_by(rows.c.seq)).mappings()
        return [{name: value for name, value in row.items() if value is not None} for row in found]


def brief(database, *names, key="spring"):
    return [tuple(row.get(name) for name in names) for row in history(database, key)]


def test_every_change_is_put_down_with_all_that_the_campaign_is_from_then_on(database):
    changed(database, status=CampaignStatus.PAUSED, ends_at=NOW + 9 * HOUR)
    changed(database, at=NOW + HOUR, time_zone="America/New_York", tcr_campaign_id="CSPRING")
    changed(database, at=NOW + 2 * HOUR, status=CampaignStatus.ACTIVE, clear=frozenset({"ends_at"}))
    first, second, third = [{k: v for k, v in row.items() if k != "seq"} for row in history(database)]
    assert first == {
        "key": "spring",
        "changed_at": NOW,
        "status": "paused",
        "status_event_id": "campaign:12",
        "ends_at": NOW + 9 * HOUR,
    }
    assert second == {
        **first,
        "changed_at": NOW + HOUR,
        "time_zone": "America/New_York",
        "tcr_campaign_id": "CSPRING",
    }
    del second["ends_at"]
    assert third == {
        **second,
        "changed_at": NOW + 2 * HOUR,
        "status": "active",
        "status_event_id": "campaign:14",
    }


def test_what_changes_nothing_and_what_makes_a_campaign_leave_no_row(database):
    registered(database, registration(1, campaign_key="spring"))
    changed(database, status=CampaignStatus.ACTIVE)
    assert history(database) == []
    changed(database, time_zone="America/New_York")
    changed(database, at=NOW + HOUR, time_zone="America/New_York")
    assert brief(database, "changed_at", "time_zone") == [(NOW, "America/New_York")]


def test_word_of_the_carriers_is_put_down_once_when_it_was_taken(database):
    suspended = carriers_say(CarrierState.SUSPENDED, campaign_id="CSPRING", minute=1, event_id="e1")
    again = carriers_say(CarrierState.ACTIVE, campaign_id="CSPRING", minute=2, event_id="e2")
    told(database, suspended, now=NOW + HOUR)
    told(database, suspended, now=NOW + 2 * HOUR)
    told(database, again, now=NOW + 3 * HOUR)
    told(database, suspended, now=NOW + 4 * HOUR)
    assert brief(database, "changed_at", "carrier_state", "carrier_event_id", key="CSPRING") == [
        (NOW + HOUR, "suspended", "e1"),
        (NOW + 3 * HOUR, "active", "e2"),
    ]


def test_zone_of_a_campaign_leaves_who_paused_it_as_it_was(database):
    changed(database, status=CampaignStatus.PAUSED)
    changed(database, at=NOW + HOUR, time_zone="America/New_York")
    assert brief(database, "status_event_id") == [("campaign:12",), ("campaign:12",)]
    changed(database, at=NOW + 2 * HOUR, clear=frozenset({"time_zone"}))
    assert brief(database, "time_zone")[-1] == (None,)


def test_what_campaigns_were_before_there_was_a_history_is_its_beginning(tmp_path):
    database = Database(f"sqlite:///{tmp_path}/older.db")
    config = Config()
    config.set_main_option("script_location", str(Path(store.__file__).parent / "migrations"))
    config.set_main_option("path_separator", "os")
    with database.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0003")
        connection.execute(sa.text("INSERT INTO campaigns (key, status) VALUES ('spring', 'paused')"))
        command.upgrade(config, "head")
    (row,) = history(database)
    database.dispose()
    assert (row["status"], row["changed_at"].tzinfo) == ("paused", UTC)
    assert row["changed_at"] > NOW - timedelta(days=3650)
