"""What each answer of Telnyx's comes to, asked over real sockets and recorded in a real database."""

from datetime import timedelta

import pytest
from structlog.testing import capture_logs

from core.deadlines import deadline
from tests.cancelling_world import KEY, HastyAtFirst, world_of
from tests.reports import message_id
from tests.scripted_telnyx import HTML, NOT_CANCELLABLE, NOT_FOUND, Reply, cancelled, found

CONFIRMED = ("confirmed", "cancelled", "cancelled", None)
ALREADY_SENT = ("too_late", "already_sent", "breach")
BROKEN = Reply(503, {"errors": []})


@pytest.fixture
def world(sqlite_database):
    with world_of(sqlite_database, lambda request, nth: cancelled(request)) as world:
        yield world


def deletes_get(world, *replies, then=cancelled) -> None:
    """Answer the first DELETEs with these, later ones and every GET with ``then``."""
    rest = list(replies)

    def script(request, nth):
        return rest.pop(0) if request.method == "DELETE" and rest else then(request)

    world.telnyx.script = script


def run(world, of, **settings) -> tuple:
    world.run(world.canceller(**settings))
    return world.settled(of)


def test_row_68_200_with_cancelled_confirms(world):
    of = world.order()
    with capture_logs() as logs:
        assert run(world, of) == CONFIRMED
    assert world.status(of) == "cancelled"
    assert world.telnyx.methods() == ["DELETE"]
    assert world.attempts(of) == [("DELETE", 200, "cancelled")]
    assert [(entry["event"], entry["to"]) for entry in logs] == [("message_cancelled", ["+1555•••0101"])]
    assert KEY not in repr(logs)


@pytest.mark.parametrize(
    "doubtful",
    [
        pytest.param(HTML, id="HTML"),
        pytest.param(Reply(200, {}), id="empty object"),
        pytest.param(Reply(200, ""), id="empty"),
        pytest.param(Reply(204), id="204"),
        pytest.param(Reply(302, {}, {"location": "/elsewhere"}), id="redirect"),
        pytest.param(Reply(200, {"data": {}}), id="wrapped nothing"),
    ],
)
def test_row_69_doubtful_yes_is_settled_by_asking(world, doubtful):
    deletes_get(world, doubtful)
    of = world.order()
    assert run(world, of) == CONFIRMED
    assert world.telnyx.methods() == ["DELETE", "GET"]
    assert {request.path for request in world.telnyx.requests} == {f"/v2/messages/{of}"}


def test_row_69_200_about_another_message_confirms_nothing(world):
    other = message_id(99)

    def script(request, nth):
        if request.method == "DELETE":
            return Reply(200, {"id": other, "to": [{"phone_number": "+15557650101", "status": "cancelled"}]})
        return found(request, "delivered")

    world.telnyx.script = script
    assert run(world, world.order())[:3] == ALREADY_SENT


@pytest.mark.parametrize("broken", [BROKEN, Reply(500, "oops"), Reply(cut=True), Reply(408)])
def test_row_70_outage_is_outlived(world, broken):
    deletes_get(world, *[broken] * 4)
    of = world.order()
    began = world.now
    assert run(world, of) == CONFIRMED
    assert world.telnyx.methods() == ["DELETE"] * 5
    assert world.now - began < timedelta(seconds=0.5 + 1 + 2 + 4)


def test_row_70_retries_stop_at_the_wall_and_a_look_settles(world):
    deletes_get(world, *[BROKEN] * 10_000, then=lambda request: found(request, "scheduled"))
    of = world.order(in_=timedelta(minutes=3))
    wall = deadline(world.now + timedelta(minutes=3))
    assert run(world, of) == ("too_late", "wall_passed", "breach", "telnyx_unavailable")
    *deletes, look = world.telnyx.methods()
    assert set(deletes) == {"DELETE"}
    assert len(deletes) > 10
    assert look == "GET"
    assert world.now >= wall


def test_row_71_lost_success_is_found_out(world):
    def script(request, nth):
        if request.method == "GET":
            return found(request, "cancelled")
        return Reply(200, {}, hang=60) if nth == 1 else NOT_CANCELLABLE

    world.telnyx.script = script
    of = world.order()
    assert run(world, of, client=HastyAtFirst) == CONFIRMED
    assert world.telnyx.methods() == ["DELETE", "DELETE", "GET"]


def test_row_72_timeout_that_changed_nothing_is_retried(world):
    deletes_get(world, Reply(200, {}, hang=60))
    assert run(world, world.order(), client=HastyAtFirst) == CONFIRMED
    assert world.telnyx.methods() == ["DELETE", "DELETE"]


def test_row_73_message_not_visible_yet_is_asked_for_again(world):
    def script(request, nth):
        return cancelled(request) if nth > 4 else NOT_FOUND

    world.telnyx.script = script
    of = world.order(registered_ago=timedelta())
    assert run(world, of) == CONFIRMED
    assert world.telnyx.methods() == ["DELETE", "GET", "DELETE", "GET", "DELETE"]


def test_row_73_unknown_message_fails_loudly(world):
    world.telnyx.script = lambda request, nth: NOT_FOUND
    of = world.order()
    with capture_logs() as logs:
        assert run(world, of) == ("failed", "unknown_message", "breach", "unknown_message")
    assert logs[-1]["log_level"] == "error"
    assert logs[-1]["cause"] == "unknown_message"
    assert world.telnyx.methods() == ["DELETE", "GET"]


@pytest.mark.parametrize("refusal", [400, 403, 409, 422])
@pytest.mark.parametrize(
    ("status", "expected"),
    [
        ("cancelled", CONFIRMED),
        ("sent", (*ALREADY_SENT, "left_early")),
        ("queued", (*ALREADY_SENT, "left_early")),
        ("never_heard_of", (*ALREADY_SENT, "left_early")),
    ],
)
def test_row_74_refusal_is_settled_by_asking(world, refusal, status, expected):
    deletes_get(world, Reply(refusal, {"errors": []}), then=lambda request: found(request, status))
    assert run(world, world.order()) == expected
    assert world.telnyx.methods() == ["DELETE", "GET"]


def test_row_74_refused_to_the_wall_while_scheduled_is_refused(world):
    deletes_get(world, *[NOT_CANCELLABLE] * 10_000, then=lambda request: found(request, "scheduled"))
    of = world.order(in_=timedelta(minutes=2))
    assert run(world, of) == ("refused", "still_scheduled", "breach", "refused")
    assert world.telnyx.methods().count("DELETE") > 5
    assert world.now < deadline(world.now + timedelta(minutes=3))


@pytest.mark.parametrize("status", [401, 403])
def test_row_75_locked_out_settles_nothing_and_recovers(world, status):
    until = world.now + timedelta(minutes=5)

    def script(request, nth):
        return cancelled(request) if world.now >= until else Reply(status if request.method == "GET" else 401, {})

    world.telnyx.script = script
    ids = [world.order(number) for number in range(1, 4)]
    canceller = world.canceller()
    with capture_logs() as logs:
        world.run(canceller, until=until - timedelta(seconds=30))
    assert {world.settled(of)[:3] for of in ids} == {("requested", None, "pending")}
    assert {entry["event"] for entry in logs} == {"telnyx_lets_nobody_in"}
    assert len(world.telnyx.requests) <= 3 * 11
    world.run(canceller)
    assert {world.settled(of) for of in ids} == {CONFIRMED}


@pytest.mark.parametrize(("seconds", "in_time"), [(61, True), (60, False), (59, False), (0, False), (-300, False)])
def test_row_78_every_message_is_tried_and_the_truth_recorded(world, seconds, in_time):
    def script(request, nth):
        if request.method == "DELETE":
            return cancelled(request) if in_time else NOT_CANCELLABLE
        return found(request, "scheduled" if seconds > 0 else "sent")

    world.telnyx.script = script
    of = world.order(in_=timedelta(seconds=seconds))
    state, _, ledger, cause = run(world, of)
    assert world.telnyx.methods()[0] == "DELETE"
    if in_time:
        assert (state, ledger) == ("confirmed", "cancelled")
    else:
        # Who says STOP when the message's time has come was not texted against their word.
        assert (ledger, cause) == (("breach", "inside_wall") if seconds > 0 else ("released", None))
        assert world.telnyx.methods() == ["DELETE", "GET"]


@pytest.mark.parametrize("fast", [timedelta(minutes=5), timedelta(minutes=-5)])
def test_row_79_wrong_clock_skips_nothing(world, fast):
    of = world.order(in_=timedelta(minutes=3) - fast)
    assert run(world, of) == CONFIRMED
    assert world.telnyx.methods() == ["DELETE"]


def test_half_cancelled_group_is_not_cancelled(world):
    deletes_get(world, NOT_CANCELLABLE, then=lambda request: found(request, "cancelled", "sent"))
    assert run(world, world.order())[:3] == ALREADY_SENT


def test_telnyx_silent_for_good_ends_when_our_clock_cannot_be_to_blame(world):
    world.telnyx.script = lambda request, nth: BROKEN
    of = world.order(in_=timedelta(minutes=2))
    send_at = world.now + timedelta(minutes=2)
    assert run(world, of) == ("too_late", "unreachable", "breach", "telnyx_unavailable")
    assert world.now >= send_at + timedelta(minutes=10)
