"""Handing over, round by round: only an explicit verdict marks an event, and none holds up the others."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest

from core.errors import StoreUnavailable
from core.failpoints import Failpoint, Fault, Plan
from schemas import handover
from schemas.secret import Secret
from store import failpoints
from tests import telnyx_signing as telnyx
from tests.fake_primary import accepted
from tests.handing import SECRET
from tests.handover_world import World, world_in
from tests.processes import wait_for
from tests.waiting import NOW, spool_in, spooled
from webhook_app.handover_client import Primary
from webhook_app.handover_rounds import MAX_TRIES, Round, Rounds, backoff


@pytest.fixture
def world(tmp_path) -> Iterator[World]:
    with world_in(tmp_path) as world:
        yield world


def answering(status: int, body: bytes = b"{}"):
    return lambda _: (status, body)


def refusing(row_id: int, status: int):
    """A primary that chokes on one row."""
    return lambda batch: (status, b"{}") if row_id in {each["id"] for each in batch} else accepted(batch)


def no_answer(_):
    """A primary that hangs."""


def saying(verdicts: dict[int, str]):
    return lambda batch: (
        200,
        handover.answer(
            [
                handover.Ruling(each["id"], handover.Verdict(verdicts[each["id"]]), "because")
                for each in batch
                if each["id"] in verdicts
            ]
        ),
    )


def test_what_is_due_is_handed_over_and_marked(world):
    body = telnyx.raw(telnyx.event())
    (row_id,) = spooled(world.spool, body)

    assert world.rounds.one() == Round(taken=1)

    (event,) = world.primary.batches[0]
    assert (event["id"], world.primary.bodies) == (row_id, [body])
    assert event["received_at"] == NOW.isoformat()
    assert world.states() == {row_id: "handed"}
    assert world.rounds.one().is_idle
    assert len(world.primary.batches) == 1


def test_inbound_texts_go_first_and_then_the_oldest(world):
    statuses = [telnyx.event("message.finalized.delivered") for _ in range(150)]
    late = spooled(world.spool, *statuses[:100], received_at=NOW)
    early = spooled(world.spool, *statuses[100:], received_at=NOW - timedelta(hours=1))
    texts = spooled(world.spool, telnyx.event(), telnyx.event())

    world.later(2)

    assert world.primary.ids == [[*texts, *early, *late[:48]], late[48:]]


def test_batches_stay_below_the_cap_of_bytes(world):
    spooled(world.spool, *(telnyx.event(text="x" * 250_000) for _ in range(30)))

    done = world.later(3)

    assert done == Round(taken=30)
    assert world.primary.largest <= handover.MAX_BODY
    assert len(world.primary.batches) == 3


@pytest.mark.parametrize(
    ("rule", "told"),
    [
        pytest.param(answering(503), "503", id="cannot store now"),
        pytest.param(answering(502), "502", id="bad gateway"),
        pytest.param(answering(501), "upgrade", id="of an earlier release"),
        pytest.param(answering(401), "RESCIND_HANDOVER_SECRET", id="another secret"),
        pytest.param(answering(404), "RESCIND_HANDOVER_URL", id="no such path"),
        pytest.param(answering(302), "302", id="a redirect"),
        pytest.param(answering(204, b""), "204", id="an empty success"),
        pytest.param(answering(200, b"<html>ok</html>"), "not as a primary does", id="a page"),
        pytest.param(answering(200, b'{"status":"accepted"}'), "not as a primary does", id="a blanket success"),
        pytest.param(answering(200, b" " * 2**21), "has no end", id="an answer without end"),
        pytest.param(no_answer, "in time", id="no answer"),
    ],
)
def test_without_an_answer_of_the_primary_everything_waits(world, rule, told):
    rows = spooled(world.spool, telnyx.event(), telnyx.event())
    world.primary.rule = world.primary.question = rule
    world.client.gets_no_answer = lambda _: rule is no_answer

    done = [world.rounds.one(), world.rounds.one()]

    assert all(told in each.away for each in done)
    assert done[0] == Round(away=done[0].away)
    assert world.states() == dict.fromkeys(rows, "waiting")
    # While it is away it is asked, and not sent the same again.
    assert wait_for(lambda: (len(world.primary.batches), world.primary.questions) == (1, 1))
    world.primary.rule = world.primary.question = accepted
    world.client.gets_no_answer = lambda _: False
    assert world.rounds.one() == Round(taken=2)


def test_primary_that_is_not_there_leaves_everything_waiting(world, tmp_path):
    rows = spooled(world.spool, telnyx.event())
    with Primary("http://127.0.0.1:9/internal/handover", Secret(SECRET), clock=lambda: NOW) as nobody:
        done = Rounds(spool=world.spool, primary=nobody, clock=lambda: NOW).one()

    assert "cannot be reached" in done.away
    assert world.states() == dict.fromkeys(rows, "waiting")


@pytest.mark.parametrize("body", [b'{"data":[]}', b'{"data":[{"id":999,"verdict":"accepted"}]}'])
def test_success_without_a_verdict_counts_for_nothing(world, body):
    rows = spooled(world.spool, telnyx.event(), telnyx.event())
    world.primary.rule = answering(200, body)

    assert "without a verdict" in world.rounds.one().away

    done = world.later(2 * MAX_TRIES)
    assert (done.taken, done.parked) == (0, 0)
    assert world.states() == dict.fromkeys(rows, "waiting")
    world.primary.rule = accepted
    assert world.later(2) == Round(taken=2)


def test_only_rows_with_a_verdict_are_marked(world):
    first, second, third, fourth, fifth = spooled(world.spool, *(telnyx.event() for _ in range(5)))
    world.primary.rule = saying({first: "duplicate", second: "quarantined", third: "held", fourth: "refused"})

    assert world.rounds.one() == Round(taken=3, postponed=2, refused="because")

    assert world.states() == dict.fromkeys([first, second, third], "handed") | dict.fromkeys([fourth, fifth], "waiting")
    assert world.row(fourth).reason == "because"
    assert "says nothing" in world.row(fifth).reason
    assert world.rounds.one().is_idle
    world.primary.rule = accepted
    assert world.later(by=timedelta(seconds=30)) == Round(taken=1)
    assert world.primary.ids[-1] == [fifth]


@pytest.mark.parametrize("status", [400, 413, 422, 500])
def test_event_that_the_primary_chokes_on_is_parked_and_the_rest_goes_on(world, status):
    rows = spooled(world.spool, *(telnyx.event() for _ in range(10)))
    poison = rows[4]
    world.primary.rule = refusing(poison, status)

    assert world.rounds.one() == Round(taken=9, postponed=1)
    assert world.states() == dict.fromkeys(rows, "handed") | {poison: "waiting"}
    # From then on it goes alone, and holds up nobody who comes later.
    others = spooled(world.spool, telnyx.event(), telnyx.event())
    done = world.later(MAX_TRIES)
    assert done == Round(taken=2, postponed=MAX_TRIES - 2, parked=1)
    assert world.states() == dict.fromkeys([*rows, *others], "handed") | {poison: "parked"}
    assert str(status) in world.row(poison).reason
    assert world.later().is_idle


@pytest.mark.parametrize("rule", [answering(503), no_answer], ids=["503", "no answer"])
def test_event_that_the_primary_cannot_store_waits_and_the_rest_goes_on(world, rule):
    rows = spooled(world.spool, *(telnyx.event() for _ in range(5)))
    poison = rows[2]
    world.primary.rule = lambda batch: (rule if poison in {each["id"] for each in batch} else accepted)(batch)
    world.client.gets_no_answer = lambda batch: rule is no_answer and poison in {each.id for each in batch}

    assert world.rounds.one().away
    assert world.rounds.one() == Round(taken=4, postponed=1)

    assert world.later(2 * MAX_TRIES).parked == 0
    assert world.states() == dict.fromkeys(rows, "handed") | {poison: "waiting"}


def test_primary_that_goes_away_between_events_is_no_fault_of_theirs(world):
    rows = spooled(world.spool, *(telnyx.event() for _ in range(6)))
    asked = []

    def dying(batch):
        asked.append(batch)
        if len(asked) > 3:
            world.primary.question = answering(503)
            return 503, b"{}"
        return (422, b"{}") if len(batch) > 1 else accepted(batch)

    world.primary.rule = dying

    done = world.rounds.one()

    assert (done.taken, done.postponed, done.parked) == (2, 0, 0)
    assert "503" in done.away
    assert world.states() == dict.fromkeys(rows[:2], "handed") | dict.fromkeys(rows[2:], "waiting")
    assert len(asked) == 4


@pytest.mark.parametrize("failpoint", [Failpoint.H1, Failpoint.H2])
def test_crash_around_the_mark_loses_nothing(world, failpoint):
    rows = spooled(world.spool, telnyx.event(), telnyx.event())
    failpoints.arm(Plan(failpoint, Fault.RAISE))
    try:
        with pytest.raises(failpoints.Planned):
            world.rounds.one()
    finally:
        failpoints.arm(None)

    again = world.rounds.one()

    assert again == (Round(taken=2) if failpoint is Failpoint.H1 else Round())
    assert world.states() == dict.fromkeys(rows, "handed")


def test_verdict_on_a_row_of_a_spool_that_was_replaced_marks_no_row_of_the_new_one(world, tmp_path):
    (row_id,) = spooled(world.spool, telnyx.event())
    meanwhile = []

    def replacing(batch):
        for path in tmp_path.glob("spool.db*"):
            path.rename(tmp_path / f"old-{path.name}")
        with spool_in(tmp_path) as replacement:
            meanwhile.extend(spooled(replacement, telnyx.event()))
        return accepted(batch)

    world.primary.rule = replacing
    with pytest.raises(StoreUnavailable, match="was replaced"):
        world.rounds.one()

    assert meanwhile == [row_id]
    assert world.states() == {row_id: "waiting"}
    world.primary.rule = accepted
    assert world.rounds.one() == Round(taken=1)


def test_two_that_hand_over_at_once_do_no_harm(world):
    rows = spooled(world.spool, *(telnyx.event() for _ in range(5)))
    with Primary(world.primary.url, Secret(SECRET), clock=lambda: NOW) as client:
        other = Rounds(spool=world.spool, primary=client, clock=lambda: NOW)

        def meanwhile(batch):
            world.primary.rule = accepted
            assert other.one() == Round(taken=5)
            return saying(dict.fromkeys(rows, "duplicate"))(batch)

        world.primary.rule = meanwhile
        assert world.rounds.one() == Round(taken=5)

    assert world.states() == dict.fromkeys(rows, "handed")
    assert world.primary.ids == [rows, rows]


def test_waits_grow_up_to_a_bound_and_are_spread():
    assert max(backoff(1) for _ in range(200)) <= timedelta(seconds=0.5)
    assert timedelta(seconds=8) < max(backoff(5000) for _ in range(200)) <= timedelta(seconds=15)
    assert min(backoff(5000) for _ in range(200)) < timedelta(seconds=30)
