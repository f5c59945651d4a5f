from datetime import UTC, datetime, timedelta

import pytest

from core.cancelling import (
    Action,
    Again,
    Answer,
    Asked,
    Asking,
    Meaning,
    Outcome,
    Settle,
    Trouble,
    action,
    backoff,
    breach_cause,
    meaning,
    next_step,
)
from core.outcomes import BreachCause, CancellationState
from core.reports import Addressee, MessageReport

ID = "40385f64-5717-4562-b3fc-2c963f66afa6"
SEND_AT = datetime(2026, 2, 15, 14, 30, tzinfo=UTC)
WALL = SEND_AT - timedelta(seconds=60)
EARLY = SEND_AT - timedelta(hours=1)
AFTER = WALL + timedelta(seconds=1)
UNREACHABLE_FROM = SEND_AT + timedelta(minutes=10)
LONG_AGO = SEND_AT - timedelta(days=1)
DELETE, GET = Action.DELETE, Action.GET
ERROR_BODY = {"code": "40303", "title": "Message not found"}


def report(*statuses: str, message_id: str = ID) -> MessageReport:
    addressees = tuple(Addressee(f"+1555123000{index}", status) for index, status in enumerate(statuses))
    return MessageReport(message_id, "s", "cancel", EARLY, "outbound", None, None, addressees)


@pytest.mark.parametrize(
    ("asks", "answer", "told", "expected"),
    [
        pytest.param(DELETE, Answer(200), report("cancelled"), Meaning.CANCELLED, id="cancelled"),
        pytest.param(DELETE, Answer(200), report("cancelled", "cancelled"), Meaning.CANCELLED, id="all cancelled"),
        pytest.param(DELETE, Answer(200), report("cancelled", "queued"), Meaning.UNCLEAR, id="not all cancelled"),
        pytest.param(DELETE, Answer(200), report("scheduled"), Meaning.UNCLEAR, id="200 without cancelled"),
        pytest.param(DELETE, Answer(200), report("cancelled", message_id="x"), Meaning.UNCLEAR, id="another message"),
        pytest.param(DELETE, Answer(200), report(), Meaning.UNCLEAR, id="nobody addressed"),
        pytest.param(DELETE, Answer(200, "<html>"), None, Meaning.UNCLEAR, id="200 HTML"),
        pytest.param(DELETE, Answer(204), None, Meaning.UNCLEAR, id="204"),
        pytest.param(DELETE, Answer(202), report("cancelled"), Meaning.UNCLEAR, id="202"),
        pytest.param(DELETE, Answer(302), None, Meaning.UNCLEAR, id="redirect"),
        pytest.param(DELETE, Answer(400), None, Meaning.REFUSED, id="400"),
        pytest.param(DELETE, Answer(403), None, Meaning.REFUSED, id="403 may be Telnyx's no"),
        pytest.param(DELETE, Answer(409), None, Meaning.REFUSED, id="409"),
        pytest.param(DELETE, Answer(422), None, Meaning.REFUSED, id="422"),
        pytest.param(DELETE, Answer(401), None, Meaning.LOCKED_OUT, id="401"),
        pytest.param(DELETE, Answer(404, body=ERROR_BODY), None, Meaning.NOT_FOUND, id="404"),
        pytest.param(DELETE, Answer(404, "<html>"), None, Meaning.REFUSED, id="404 of a proxy"),
        pytest.param(DELETE, Answer(408), None, Meaning.UNAVAILABLE, id="408"),
        pytest.param(DELETE, Answer(429), None, Meaning.THROTTLED, id="429"),
        pytest.param(DELETE, Answer(500), None, Meaning.UNAVAILABLE, id="500"),
        pytest.param(DELETE, Answer(503), report("cancelled"), Meaning.UNAVAILABLE, id="503 whatever it holds"),
        *(
            pytest.param(asks, Answer(trouble=trouble), None, Meaning.UNAVAILABLE, id=f"{asks} {trouble}")
            for asks in Action
            for trouble in Trouble
        ),
        pytest.param(GET, Answer(200), report("cancelled"), Meaning.CANCELLED, id="get: cancelled"),
        pytest.param(GET, Answer(200), report("scheduled"), Meaning.SCHEDULED, id="get: scheduled"),
        pytest.param(GET, Answer(200), report("cancelled", "scheduled"), Meaning.SCHEDULED, id="get: half cancelled"),
        pytest.param(GET, Answer(200), report("cancelled", "sent"), Meaning.LEFT, id="get: half sent"),
        pytest.param(GET, Answer(200), report("queued"), Meaning.LEFT, id="get: queued"),
        pytest.param(GET, Answer(200), report("delivered"), Meaning.LEFT, id="get: delivered"),
        pytest.param(GET, Answer(200), report("teleported"), Meaning.LEFT, id="get: unknown word"),
        pytest.param(GET, Answer(200), None, Meaning.UNCLEAR, id="get: no message"),
        pytest.param(GET, Answer(200), report("cancelled", message_id="x"), Meaning.UNCLEAR, id="get: another message"),
        pytest.param(GET, Answer(404, body=ERROR_BODY), None, Meaning.NOT_FOUND, id="get: 404"),
        pytest.param(GET, Answer(404, "<html>"), None, Meaning.UNCLEAR, id="get: 404 of a proxy"),
        pytest.param(GET, Answer(401), None, Meaning.LOCKED_OUT, id="get: 401"),
        pytest.param(GET, Answer(403), None, Meaning.LOCKED_OUT, id="get: 403"),
        pytest.param(GET, Answer(400), None, Meaning.UNCLEAR, id="get: 400"),
        pytest.param(GET, Answer(302), None, Meaning.UNCLEAR, id="get: redirect"),
    ],
)
def test_answer_means(asks, answer, told, expected):
    assert meaning(asks, ID, answer, told) is expected


def asked(asks: Action, *, attempts: int = 1, refusals: int = 0, registered_at: datetime = LONG_AGO) -> Asked:
    return Asked(asks, SEND_AT, registered_at, attempts, refusals)


def step(asks, said, now, *, chance=1.0, retry_after=None, **standing):
    return next_step(asked(asks, **standing), said, now=now, chance=chance, retry_after=retry_after)


@pytest.mark.parametrize("asks", Action)
@pytest.mark.parametrize("now", [EARLY, AFTER, UNREACHABLE_FROM])
def test_confirmed_whenever_telnyx_says_cancelled(asks, now):
    assert step(asks, Meaning.CANCELLED, now) == Settle(CancellationState.CONFIRMED, Outcome.CANCELLED)


@pytest.mark.parametrize("now", [EARLY, WALL, AFTER])
@pytest.mark.parametrize(
    ("said", "refused"),
    [(Meaning.REFUSED, True), (Meaning.NOT_FOUND, True), (Meaning.UNCLEAR, False)],
)
def test_doubtful_answer_to_delete_is_looked_up_at_once(said, refused, now):
    assert step(DELETE, said, now) == Again(now, GET, refused=refused)


@pytest.mark.parametrize(("attempts", "longest"), [(1, 0.5), (2, 1), (3, 2), (4, 4), (5, 8), (6, 8), (5000, 8)])
def test_failed_delete_is_retried_after_a_growing_random_wait(attempts, longest):
    longest_wait = step(DELETE, Meaning.UNAVAILABLE, EARLY, attempts=attempts)
    assert longest_wait == Again(EARLY + timedelta(seconds=longest), DELETE)
    assert step(DELETE, Meaning.UNAVAILABLE, EARLY, attempts=attempts, chance=0.0) == Again(EARLY, DELETE)


def test_retry_that_would_miss_the_wall_is_made_just_before_it():
    now = WALL - timedelta(seconds=3)
    assert step(DELETE, Meaning.UNAVAILABLE, now, attempts=9) == Again(WALL - timedelta(seconds=1), DELETE)


def test_no_retry_is_squeezed_in_when_the_wall_is_too_near():
    now = WALL - timedelta(milliseconds=200)
    again = step(DELETE, Meaning.UNAVAILABLE, now, attempts=9, chance=0.0)
    assert again.at == WALL
    assert action(again.needs, attempts=9, send_at=SEND_AT, now=again.at) is GET


@pytest.mark.parametrize("said", [Meaning.UNAVAILABLE, Meaning.THROTTLED, Meaning.LOCKED_OUT])
@pytest.mark.parametrize("now", [WALL, AFTER])
def test_failed_delete_at_the_wall_is_followed_by_a_look(said, now):
    again = step(DELETE, said, now)
    assert (again.at, again.needs) == (now, GET)


def test_telnyx_says_how_long_to_wait_and_everybody_does():
    again = step(DELETE, Meaning.THROTTLED, EARLY, retry_after=timedelta(seconds=30))
    assert again == Again(EARLY + timedelta(seconds=30), DELETE, pause=timedelta(seconds=30))


def test_throttled_without_a_hint_still_pauses_everybody():
    again = step(DELETE, Meaning.THROTTLED, EARLY, chance=0.0)
    assert again.pause == timedelta(seconds=0.5)


def test_hint_beyond_the_wall_leaves_a_last_try():
    now = WALL - timedelta(seconds=20)
    again = step(DELETE, Meaning.THROTTLED, now, retry_after=timedelta(seconds=60))
    assert again.at == WALL - timedelta(seconds=1)


@pytest.mark.parametrize("asks", Action)
def test_locked_out_pauses_everybody_and_settles_nothing(asks):
    again = step(asks, Meaning.LOCKED_OUT, EARLY)
    assert again == Again(EARLY + timedelta(seconds=30), asks, pause=timedelta(seconds=30))


def test_still_scheduled_before_the_wall_is_asked_to_be_cancelled_again():
    again = step(GET, Meaning.SCHEDULED, WALL - timedelta(minutes=5), attempts=9)
    assert again == Again(WALL - timedelta(minutes=5) + timedelta(seconds=8), DELETE)


def test_refused_long_before_the_wall_is_asked_again_seldom():
    five_days = SEND_AT - timedelta(days=5)
    assert step(GET, Meaning.SCHEDULED, five_days, attempts=40) == Again(five_days + timedelta(minutes=10), DELETE)


@pytest.mark.parametrize(
    ("said", "now", "standing", "expected"),
    [
        pytest.param(
            Meaning.SCHEDULED, WALL, {"refusals": 1}, (CancellationState.REFUSED, Outcome.STILL_SCHEDULED), id="refused"
        ),
        pytest.param(
            Meaning.SCHEDULED, WALL, {}, (CancellationState.TOO_LATE, Outcome.WALL_PASSED), id="never refused"
        ),
        pytest.param(Meaning.LEFT, EARLY, {}, (CancellationState.TOO_LATE, Outcome.ALREADY_SENT), id="left early"),
        pytest.param(Meaning.LEFT, AFTER, {}, (CancellationState.TOO_LATE, Outcome.ALREADY_SENT), id="left"),
        pytest.param(
            Meaning.NOT_FOUND, EARLY, {}, (CancellationState.FAILED, Outcome.UNKNOWN_MESSAGE), id="unknown message"
        ),
        *(
            pytest.param(
                said, UNREACHABLE_FROM, {}, (CancellationState.TOO_LATE, Outcome.UNREACHABLE), id=f"{said} to the end"
            )
            for said in (Meaning.UNAVAILABLE, Meaning.THROTTLED, Meaning.LOCKED_OUT, Meaning.UNCLEAR)
        ),
    ],
)
def test_look_settles(said, now, standing, expected):
    assert step(GET, said, now, **standing) == Settle(*expected)


@pytest.mark.parametrize("said", [Meaning.UNAVAILABLE, Meaning.THROTTLED, Meaning.LOCKED_OUT, Meaning.UNCLEAR])
@pytest.mark.parametrize("now", [EARLY, AFTER, UNREACHABLE_FROM - timedelta(seconds=1)])
def test_silent_look_is_repeated_until_our_clock_cannot_be_to_blame(said, now):
    again = step(GET, said, now)
    assert isinstance(again, Again)
    assert again.needs is GET
    assert again.at > now


def test_message_not_found_at_first_is_asked_for_again():
    now = EARLY
    registered_at = now - timedelta(minutes=2) + timedelta(seconds=1)
    assert step(GET, Meaning.NOT_FOUND, now, registered_at=registered_at).needs is DELETE
    settled = step(GET, Meaning.NOT_FOUND, now, registered_at=registered_at - timedelta(seconds=1))
    assert settled == Settle(CancellationState.FAILED, Outcome.UNKNOWN_MESSAGE)


@pytest.mark.parametrize(
    ("needs", "attempts", "now", "expected"),
    [
        pytest.param(DELETE, 0, EARLY, DELETE, id="first"),
        pytest.param(DELETE, 0, SEND_AT - timedelta(seconds=61), DELETE, id="first, 61 s before"),
        pytest.param(DELETE, 0, SEND_AT - timedelta(seconds=59), DELETE, id="first, 59 s before"),
        pytest.param(DELETE, 0, SEND_AT + timedelta(minutes=9), DELETE, id="first, past: our clock may be wrong"),
        pytest.param(DELETE, 0, UNREACHABLE_FROM, GET, id="first, long past"),
        pytest.param(DELETE, 1, WALL - timedelta(seconds=1), DELETE, id="retry before the wall"),
        pytest.param(DELETE, 1, WALL, GET, id="retry at the wall"),
        pytest.param(GET, 1, EARLY, GET, id="look"),
    ],
)
def test_what_is_asked(needs, attempts, now, expected):
    assert action(needs, attempts=attempts, send_at=SEND_AT, now=now) is expected


def test_backoff_never_exceeds_its_cap():
    assert backoff(10_000, 1.0) == timedelta(seconds=8)


TOO_LATE = Settle(CancellationState.TOO_LATE, Outcome.ALREADY_SENT)


def asking(said: Meaning | None, started_at: datetime = EARLY, asks: Action = DELETE) -> Asking:
    return Asking(asks, started_at, said)


@pytest.mark.parametrize(
    ("end", "changes", "asked_before", "expected"),
    [
        pytest.param(TOO_LATE, {"registered_at": WALL}, [], BreachCause.REGISTERED_TOO_LATE, id="registered late"),
        pytest.param(TOO_LATE, {"known_at": WALL}, [], BreachCause.INSIDE_WALL, id="decided late"),
        pytest.param(
            Settle(CancellationState.FAILED, Outcome.UNKNOWN_MESSAGE),
            {"settled_at": EARLY},
            [asking(Meaning.NOT_FOUND)],
            BreachCause.UNKNOWN_MESSAGE,
            id="unknown message",
        ),
        pytest.param(
            TOO_LATE, {"settled_at": EARLY}, [asking(Meaning.REFUSED)], BreachCause.LEFT_EARLY, id="left early"
        ),
        pytest.param(TOO_LATE, {}, [asking(Meaning.REFUSED)], BreachCause.REFUSED, id="refused in time"),
        pytest.param(TOO_LATE, {}, [asking(Meaning.REFUSED, WALL)], BreachCause.WORKER_LATE, id="refused too late"),
        pytest.param(TOO_LATE, {}, [], BreachCause.WORKER_LATE, id="never asked"),
        pytest.param(TOO_LATE, {}, [asking(None)], BreachCause.WORKER_LATE, id="died asking"),
        pytest.param(TOO_LATE, {}, [asking(Meaning.LEFT, asks=GET)], BreachCause.WORKER_LATE, id="only looked"),
        *(
            pytest.param(TOO_LATE, {}, [asking(said)], BreachCause.TELNYX_UNAVAILABLE, id=said)
            for said in (Meaning.UNAVAILABLE, Meaning.THROTTLED, Meaning.LOCKED_OUT, Meaning.UNCLEAR)
        ),
    ],
)
def test_breach_has_a_cause(end, changes, asked_before, expected):
    times = {"known_at": EARLY, "registered_at": LONG_AGO, "settled_at": AFTER} | changes
    assert breach_cause(end, send_at=SEND_AT, asked=asked_before, **times) is expected


@pytest.mark.parametrize(
    ("others", "expected"),
    [
        ([Meaning.UNAVAILABLE, Meaning.THROTTLED, Meaning.LOCKED_OUT], BreachCause.TELNYX_UNAVAILABLE),
        ([Meaning.UNAVAILABLE, Meaning.CANCELLED], BreachCause.WORKER_LATE),
        ([Meaning.REFUSED], BreachCause.WORKER_LATE),
    ],
)
def test_what_waited_because_telnyx_answered_nobody_is_no_fault_of_ours(others, expected):
    times = {"known_at": EARLY, "registered_at": LONG_AGO, "settled_at": AFTER}
    assert breach_cause(TOO_LATE, send_at=SEND_AT, asked=[], others=others, **times) is expected
