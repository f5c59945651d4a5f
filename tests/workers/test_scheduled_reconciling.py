from __future__ import annotations

from datetime import timedelta

import pytest

from core.errors import StoreUnavailable
from store import reconciliations
from tests.processes import Running, schedule, wait_for
from tests.reconciling_world import World, opt_out
from tests.reports import ALICE, NOW, message_id
from tests.scripted_telnyx import Reply
from workers.scheduled_reconciling import Schedule
from workers.stopping import StopFlag

EVERY = timedelta(minutes=5)


@pytest.fixture
def world(database, telnyx):
    world = World(database, telnyx.url)
    yield world
    world.close()


def test_it_reconciles_at_once_and_then_every_so_often(world):
    schedule_ = Schedule(world.reconciler, EVERY, StopFlag())

    assert schedule_.look()
    assert not schedule_.look()
    world.at += EVERY - timedelta(seconds=1)
    assert not schedule_.look()
    world.at += timedelta(seconds=1)
    assert schedule_.look()


def test_several_processes_share_one_schedule(world, telnyx, lists):
    other = World(world.database, telnyx.url)
    ours, theirs = (Schedule(each.reconciler, EVERY, StopFlag()) for each in (world, other))

    assert [ours.look(), theirs.look()] == [True, False]
    world.at = other.at = NOW + EVERY
    assert [theirs.look(), ours.look()] == [True, False]

    other.close()


def test_a_run_that_failed_is_made_again_the_next_time(world, lists):
    lists.broken["webhook_deliveries"] = [Reply(401, {})]
    schedule_ = Schedule(world.reconciler, EVERY, StopFlag())
    schedule_.look()
    with world.database.read() as connection:
        assert "401" in reconciliations.last(connection).error

    world.at += EVERY
    schedule_.look()

    with world.database.read() as connection:
        assert reconciliations.last(connection).error is None


def test_a_database_that_is_away_is_waited_for():
    class Away:
        def run_if_due(self, every):
            raise StoreUnavailable

    assert not Schedule(Away(), EVERY, StopFlag()).look()


def test_an_error_of_ours_does_not_end_the_schedule():
    class Broken:
        def run_if_due(self, every):
            raise RuntimeError("a bug")

    assert not Schedule(Broken(), EVERY, StopFlag()).look()


def sweeper(tmp_path, url, telnyx, **more):
    chosen = {"DATABASE_URL": url, "TELNYX_API_KEY": "KEY_test", "TELNYX_BASE_URL": telnyx.url, **more}
    return Running("sweeper", log=tmp_path / "log", chosen=chosen)


def test_the_sweeper_recovers_a_missed_opt_out_while_it_sweeps(sqlite_url, sqlite_database, telnyx, lists, tmp_path):
    schedule(sqlite_database, message_id(), to=ALICE)
    lists.opt_outs = [opt_out()]
    # A Telnyx that takes its time holds up no sweep.
    lists.broken["webhook_deliveries"] = [Reply(200, {"data": []}, hang=1)]
    with sweeper(tmp_path, sqlite_url, telnyx) as process:
        assert wait_for(lambda: process.says("opt_out_recovered"))
        assert wait_for(lambda: "DELETE" in telnyx.methods())
        process.stop()
        assert process.process.returncode == 0


def test_a_sweeper_told_never_to_asks_nothing(sqlite_url, telnyx, tmp_path):
    with sweeper(tmp_path, sqlite_url, telnyx, RESCIND_RECONCILE_MINUTES="0") as process:
        assert wait_for(lambda: process.says("sweeper_started"))
        assert not wait_for(lambda: telnyx.requests, 1.5)
        process.stop()
