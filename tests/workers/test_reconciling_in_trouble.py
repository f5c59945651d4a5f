"""A Telnyx that throttles, refuses, hangs, lies, or talks nonsense."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
import sqlalchemy as sa

from store import cancellations, reconciliations, tables
from store.cancellations import NewCancellation
from tests.accepting import sample
from tests.processes import wait_for
from tests.reconciling_world import World, delivery, opt_out
from tests.reports import ALICE, BOB, NOW, message_id
from tests.scripted_telnyx import HTML, Reply
from workers.tallying import SourceName, Tally

THROTTLED = Reply(429, {"errors": [{"code": "10011"}]}, {"x-ratelimit-reset": "7"})
LOCKED_OUT = Reply(401, {"errors": [{"code": "10009"}]})
DOWN = Reply(503, "<html>sorry</html>")
FORBIDDEN = Reply(403, {"errors": [{"code": "10010"}]})
ALL = list(SourceName)


@pytest.fixture
def world(sqlite_database, telnyx):
    world = World(sqlite_database, telnyx.url)
    yield world
    world.close()


def last_run(world):
    with world.database.read() as connection:
        return reconciliations.last(connection)


def events_held(world) -> list[str]:
    with world.database.read() as connection:
        return sorted(connection.scalars(sa.select(tables.inbox.c.event_id)))


def test_a_throttled_page_is_asked_for_again_after_as_long_as_told(world, lists):
    lists.failed = [delivery(sample("message.received.stop")["data"])]
    lists.broken["webhook_deliveries"] = [THROTTLED, THROTTLED]

    ran = world.reconciler.run()

    assert ran.errors == ()
    assert ran.tallies[SourceName.FAILED_DELIVERIES].healed == 1
    assert 14 <= world.waits.total < 20


def test_a_used_up_limit_is_waited_for_before_it_is_broken(world, lists):
    told = {"x-ratelimit-limit": "10", "x-ratelimit-remaining": "0", "x-ratelimit-reset": "7"}
    lists.broken["webhook_deliveries"] = [Reply(200, {"data": [], "meta": {"total_pages": 1}}, told)]

    assert world.reconciler.run().errors == ()

    assert 7 <= world.waits.total < 10


@pytest.mark.parametrize(
    ("reply", "tries", "told"),
    [
        pytest.param(LOCKED_OUT, 1, "Telnyx refuses TELNYX_API_KEY (401)", id="a wrong key"),
        pytest.param(DOWN, 4, "at last with 503", id="down"),
        pytest.param(THROTTLED, 4, "at last with 429", id="throttled without end"),
        pytest.param(Reply(cut=True), 4, "at last with connection", id="no connection"),
        pytest.param(Reply(200, {"data": []}, hang=60), 4, "at last with timeout", id="no answer in time"),
    ],
)
def test_a_telnyx_that_does_not_answer_ends_the_run_and_the_next_covers_its_time(
    world, lists, telnyx, reply, tries, told
):
    lists.failed = [delivery(sample("message.received.stop")["data"])]
    lists.broken["webhook_deliveries"] = [reply] * tries
    hasty = World(world.database, telnyx.url, timeout=timedelta(seconds=0.5))

    ran = (hasty if reply.hang else world).reconciler.run()
    hasty.close()

    (error,) = ran.errors
    assert told in error
    assert "\n" not in error
    assert ran.tallies == {SourceName.FAILED_DELIVERIES: Tally()}
    # Who has given up on an answer may have done so before the question was read.
    assert wait_for(lambda: lists.asked("webhook_deliveries") == tries)
    assert lists.asked("messaging_optouts") == 0
    assert last_run(world).error == error
    assert events_held(world) == []
    world.at += timedelta(minutes=5)
    again = world.reconciler.run()
    assert again.errors == ()
    assert again.since == world.at - timedelta(hours=24)
    assert len(events_held(world)) == 1


def test_a_list_that_is_refused_holds_up_no_other_and_is_asked_for_from_the_same_time_on(world, lists):
    lists.opt_outs = [opt_out()]
    lists.broken["webhook_deliveries"] = [FORBIDDEN]

    ran = world.reconciler.run()

    assert list(ran.tallies) == ALL
    assert len(ran.errors) == 1
    assert ran.tallies[SourceName.OPT_OUTS].healed == 1
    world.at += timedelta(minutes=5)
    lists.queries.clear()
    assert world.reconciler.run().errors == ()
    since = [query["filter[finished_at][gte]"] for name, query in lists.queries if name == "webhook_deliveries"]
    assert since == [(world.at - timedelta(hours=24)).isoformat(), (NOW - timedelta(minutes=15)).isoformat()]


@pytest.mark.parametrize(
    "reply", [HTML, Reply(200, []), Reply(200, {"data": {"text": "canary"}}), Reply(204), Reply(200, "[" * 100_000)]
)
def test_an_answer_that_is_no_list_is_an_error_of_that_list(world, lists, reply):
    lists.broken["messaging_optouts"] = [reply]

    ran = world.reconciler.run()

    assert list(ran.tallies) == ALL
    assert ran.errors[0].startswith("Telnyx answers GET /messaging_optouts with 20")
    assert "canary" not in str(ran.errors)


def test_pages_that_repeat_themselves_end_the_list(world, lists):
    record = delivery(sample("message.received.stop")["data"])
    lists.broken["webhook_deliveries"] = [Reply(200, {"data": [record], "meta": {"total_pages": 10**9}})] * 2

    ran = world.reconciler.run()

    assert "again as page 2" in ran.errors[0]
    assert lists.asked("webhook_deliveries") == 3


def test_pages_without_a_count_end_with_a_short_one(world, lists):
    rows = [[opt_out(to=f"+1555765{number:04d}") for number in part] for part in (range(250), range(250, 260))]
    lists.broken["messaging_optouts"] = [Reply(200, {"data": part}) for part in rows]

    ran = world.reconciler.run()

    assert ran.tallies[SourceName.OPT_OUTS] == Tally(reported=260, healed=260)
    assert ran.errors == ()


def test_malformed_records_do_not_stop_the_rest(world, lists):
    good, unreadable = sample("message.received.stop")["data"], {"id": "no-type", "payload": {}}
    lists.failed = [None, "text", {}, delivery(None), delivery([]), delivery(unreadable), delivery(good)]
    lists.opt_outs = [
        *(None, "text", {}, {"to": ALICE}, opt_out(to="+1555***0101"), opt_out(to="ALICE")),
        {**opt_out(), "created_at": "yesterday"},
        {**opt_out(), "created_at": None},
        opt_out(to=BOB),
    ]

    ran = world.reconciler.run()

    assert ran.errors == (
        "5 of the failed deliveries that Telnyx lists cannot be read",
        "8 of the opt outs that Telnyx lists cannot be read",
    )
    assert ran.tallies[SourceName.FAILED_DELIVERIES] == Tally(reported=7, healed=2, failed=5)
    assert ran.tallies[SourceName.OPT_OUTS] == Tally(reported=9, healed=1, failed=8)
    assert events_held(world) == sorted([good["id"], "no-type"])
    with world.database.read() as connection:
        rows = connection.execute(sa.select(tables.inbox).where(tables.inbox.c.event_id == "no-type")).one()
    assert (rows.status, rows.source) == ("invalid", "telnyx_api")
    assert json.loads(rows.raw) == {"data": unreadable}


def test_nothing_is_asked_while_a_cancellation_is_due(world, lists):
    with world.database.begin() as connection:
        due = NewCancellation(message_id(), "opt_out", "STOP", 0, NOW + timedelta(hours=1), NOW, NOW, NOW)
        cancellations.request(connection, [due])
    left = [5]

    def wait(seconds: float) -> bool:
        left[0] -= 1
        if not left[0]:
            assert lists.queries == []
            with world.database.begin() as connection:
                cancellations.claim(connection, now=NOW, limit=1, lease=timedelta(hours=1), token="another")
        return world.waits(seconds)

    world.reconciler.wait = wait

    assert world.reconciler.run().errors == ()
    assert left[0] <= 0


def test_cancellations_that_nobody_carries_out_only_slow_it_down(world, lists):
    with world.database.begin() as connection:
        due = NewCancellation(message_id(), "opt_out", "STOP", 0, NOW + timedelta(hours=1), NOW, NOW, NOW)
        cancellations.request(connection, [due])

    assert world.reconciler.run().errors == ()

    assert 9.9 + len(lists.queries) - 1 <= world.waits.total < 15


def test_a_fifth_of_the_rate_is_all_it_uses(sqlite_database, lists, telnyx):
    world = World(sqlite_database, telnyx.url, rate=20)
    lists.delivered = [delivery({**sample("message.received.stop")["data"], "id": f"e{at}"}) for at in range(250 * 12)]

    assert world.reconciler.run().errors == ()

    assert len(lists.queries) == 14
    # The first leaves at once, and then not four a second.
    assert world.waits.total >= 13 / 4
    world.close()


def test_being_told_to_stop_ends_it_and_leaves_the_way_free(world, lists):
    lists.broken["webhook_deliveries"] = [THROTTLED]
    world.waits.is_told_to_stop = True

    ran = world.reconciler.run()

    assert ran.errors == ("stopped before everything was asked",)
    world.waits.is_told_to_stop = False
    assert world.reconciler.run().errors == ()


def test_a_run_that_breaks_off_leaves_the_way_free(world, lists):
    def interrupt(_: float) -> bool:
        raise KeyboardInterrupt

    lists.broken["webhook_deliveries"] = [THROTTLED]
    world.reconciler.wait = interrupt
    with pytest.raises(KeyboardInterrupt):
        world.reconciler.run()
    assert last_run(world).error == "ended by KeyboardInterrupt"
    world.reconciler.wait = world.waits

    assert world.reconciler.run().errors == ()


def test_a_run_taken_for_dead_gives_way(world, lists):
    def hang(seconds: float) -> bool:
        world.at += reconciliations.DEAD * 2
        with world.database.begin() as connection:
            reconciliations.claim(connection, now=world.at)
        return world.waits(seconds)

    lists.broken["webhook_deliveries"] = [Reply(503)]
    world.reconciler.wait = hang

    ran = world.reconciler.run()

    assert ran.errors == ("this run was taken for dead, and another has begun",)
    assert last_run(world).finished_at is None
