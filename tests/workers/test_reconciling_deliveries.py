"""Telnyx's records of deliveries against the inbox."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from schemas.reading import EVENT_TYPES
from store import inbox, tables
from tests.accepting import accept, sample
from tests.reconciling_world import World, delivery
from tests.reports import NOW
from workers.tallying import SourceName, Tally

FAILED, DELIVERED = SourceName.FAILED_DELIVERIES, SourceName.DELIVERED
PAYLOADS = Path(__file__).parent.parent / "payloads"
WEBHOOKS = sorted(path.name for path in PAYLOADS.glob("*.json") if not path.name.startswith("api."))


@pytest.fixture
def world(sqlite_database, telnyx):
    world = World(sqlite_database, telnyx.url)
    yield world
    world.close()


def held(world):
    with world.database.read() as connection:
        return list(connection.execute(sa.select(tables.inbox).order_by(tables.inbox.c.seq)))


def test_what_is_held_is_counted_and_left_alone(world, lists):
    body = sample("message.received.stop")
    accept(world.database, body)
    before = held(world)
    lists.failed, lists.delivered = [delivery(body["data"])], [delivery(body["data"])]

    ran = world.reconciler.run()

    assert (ran.tallies[FAILED], ran.tallies[DELIVERED]) == (Tally(reported=1, held=1), Tally(reported=1, held=1))
    assert held(world) == before
    assert world.rung == 0


def test_the_webhook_of_a_recovered_event_is_a_duplicate(world, lists):
    body = sample("message.received.stop")
    lists.failed = [delivery(body["data"])]
    world.reconciler.run()

    accept(world.database, body)

    (row,) = held(world)
    assert (row.event_id, row.deliveries, row.source, row.signature) == (body["data"]["id"], 2, "telnyx_api", "")
    assert json.loads(row.raw) == {"data": body["data"]}


@pytest.mark.parametrize("name", WEBHOOKS)
def test_every_sample_is_the_same_event_by_webhook_and_from_telnyx_records(world, lists, name):
    body = json.loads((PAYLOADS / name).read_text())
    lists.failed = [delivery(body.get("data", body))]
    world.reconciler.run()
    world.apply()
    recovered = held(world)

    accept(world.database, body)

    assert [row.event_id for row in held(world)] == [row.event_id for row in recovered]


def test_completeness_is_what_was_held_of_all_that_was_told(world, lists):
    bodies = [sample("message.received.stop") for _ in range(10)]
    accept(world.database, *bodies[:7])
    lists.delivered = [delivery(body["data"]) for body in bodies[:8]]
    lists.failed = [delivery(body["data"]) for body in bodies[8:]]

    ran = world.reconciler.run()

    assert (ran.events_reported, ran.events_held, ran.completeness) == (10, 7, 70)
    assert world.reconciler.run().completeness == 100


def test_nothing_told_is_no_share(world):
    assert world.reconciler.run().completeness is None


def test_only_what_concerns_us_is_asked_for_from_the_end_of_the_last_run(world, lists):
    world.reconciler.run()
    lists.queries.clear()
    world.at += timedelta(hours=7)

    world.reconciler.run()

    queries = [query for name, query in lists.queries if name == "webhook_deliveries"]
    assert [query["filter[status][eq]"] for query in queries] == ["failed", "delivered"]
    assert {query["filter[event_type]"] for query in queries} == {",".join(EVENT_TYPES)}
    assert {query["filter[finished_at][gte]"] for query in queries} == {(NOW - timedelta(minutes=15)).isoformat()}
    assert {query["filter[finished_at][lte]"] for query in queries} == {world.at.isoformat()}


def test_a_chosen_beginning_does_not_move_the_schedule_on(world, lists):
    world.reconciler.run(since=NOW - timedelta(minutes=1))
    lists.queries.clear()

    ran = world.reconciler.run()

    assert ran.since == NOW - timedelta(hours=24)


def test_an_event_that_is_listed_twice_is_stored_once(world, lists):
    body = sample("message.received.stop")
    lists.failed = [delivery(body["data"]), delivery(body["data"])]

    ran = world.reconciler.run()

    assert ran.tallies[FAILED].reported == 2
    assert ran.tallies[FAILED].healed == 1
    with world.database.read() as connection:
        assert [row.deliveries for row in inbox.events(connection, limit=9)] == [1]
