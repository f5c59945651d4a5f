"""Events that the primary does not find signed by Telnyx: it may lack a key, so they are tried again for long."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest

from schemas import handover
from tests import telnyx_signing as telnyx
from tests.fake_primary import accepted
from tests.handover_world import World, world_in
from tests.waiting import spooled
from webhook_app.handover_rounds import MAX_TRIES, REFUSED_WAITS, Round


@pytest.fixture
def world(tmp_path) -> Iterator[World]:
    with world_in(tmp_path) as world:
        yield world


def refusing_all(batch):
    return 200, handover.answer([handover.Ruling(each["id"], handover.Verdict.REFUSED, "not signed") for each in batch])


def test_refused_events_wait_together_until_the_primary_knows_the_key(world):
    rows = spooled(world.spool, *(telnyx.event() for _ in range(150)))
    world.primary.rule = refusing_all
    assert [world.rounds.one() for _ in range(3)] == [
        Round(postponed=100, refused="not signed"),
        Round(postponed=50, refused="not signed"),
        Round(),
    ]
    assert world.later(rounds=30, by=timedelta(minutes=1)).parked == 0
    assert world.states() == dict.fromkeys(rows, "waiting")

    world.primary.rule = accepted
    assert world.later(2, by=timedelta(hours=1)) == Round(taken=150)
    assert [len(each) for each in world.primary.ids[-2:]] == [100, 50]


def test_refused_events_hold_up_nobody_and_are_parked_in_the_end(world):
    refused = spooled(world.spool, *(telnyx.event() for _ in range(150)))
    world.primary.rule = refusing_all
    world.later(2)
    world.now += timedelta(hours=2)
    (late,) = spooled(world.spool, telnyx.event(), received_at=world.now)

    world.rounds.one()
    assert world.primary.ids[-1][0] == late

    parked = 0
    while parked < 151:
        parked += world.later(by=timedelta(minutes=10)).parked
    assert world.states() == dict.fromkeys([*refused, late], "parked")
    assert all(len([ids for ids in world.primary.ids if row_id in ids]) == MAX_TRIES for row_id in refused)
    assert sum(REFUSED_WAITS, timedelta()) > timedelta(hours=1)
    assert world.row(late).reason == "not signed"
