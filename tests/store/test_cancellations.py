import threading
import uuid
from datetime import UTC, datetime, timedelta

import pytest

from core.cancelling import Action, Again, Outcome, Settle
from core.outcomes import CancellationState
from store import attempts, cancellations
from store.attempts import Answered
from store.cancellations import NewCancellation

NOW = datetime(2026, 2, 15, 12, 0, tzinfo=UTC)
LEASE = timedelta(seconds=30)


def message_id(number: int) -> str:
    return str(uuid.UUID(int=number))


A, B, C, D = (message_id(number) for number in range(4))


def ordered(of: str, *, hours: float = 2, priority: int = 1, at: datetime = NOW, reason: str = "r") -> NewCancellation:
    return NewCancellation(of, "opt_out", reason, priority, NOW + timedelta(hours=hours), NOW, at, at)


def order(database, *rows: NewCancellation) -> None:
    with database.begin() as connection:
        cancellations.request(connection, rows)


def claim(database, *, at=NOW, limit=10, lease=LEASE, token="t") -> list[cancellations.Claimed]:
    with database.begin() as connection:
        return cancellations.claim(connection, now=at, limit=limit, lease=lease, token=token)


def held(database, of: str) -> cancellations.Cancellation:
    with database.read() as connection:
        found = cancellations.of(connection, of)
    assert found is not None
    return found


def finish(database, of: str, token: str | None, end: Settle) -> bool:
    with database.begin() as connection:
        ours = cancellations.hold(connection, {of: token})
        cancellations.settle(connection, dict.fromkeys(ours, end), now=NOW)
    return bool(ours)


CONFIRMED = Settle(CancellationState.CONFIRMED, Outcome.CANCELLED)
TOO_LATE = Settle(CancellationState.TOO_LATE, Outcome.WALL_PASSED)


def test_claims_go_by_time_of_sending_then_priority_then_id(database):
    order(database, ordered(A, hours=3), ordered(D), ordered(C, priority=0), ordered(B, hours=1))
    order(database, ordered(message_id(9), hours=2))
    claimed = [each.message_id for each in claim(database)]
    assert claimed == [B, C, D, message_id(9), A]


def test_claim_takes_no_more_than_asked_for_and_none_twice(database):
    order(database, ordered(A), ordered(B), ordered(C))
    assert [each.message_id for each in claim(database, limit=2)] == [A, B]
    assert [each.message_id for each in claim(database, limit=2)] == [C]
    assert claim(database) == []


def test_attempt_is_written_down_with_the_claim(database):
    order(database, ordered(A))
    (claimed,) = claim(database)
    with database.read() as connection:
        (attempt,) = attempts.of(connection, [A])[A]
    assert (attempt.id, attempt.action, attempt.started_at) == (claimed.attempt_id, "DELETE", NOW)
    assert attempt.finished_at is None


def test_claim_carries_all_that_is_needed_to_judge_the_answer(database):
    order(database, ordered(A))
    (first,) = claim(database)
    assert (first.asked.action, first.asked.attempts, first.asked.refusals) == (Action.DELETE, 1, 0)
    with database.begin() as connection:
        ours = cancellations.hold(connection, {A: "t"})
        cancellations.reschedule(connection, ours, {A: Again(NOW, Action.GET, refused=True)})
    (second,) = claim(database)
    assert (second.asked.action, second.asked.attempts, second.asked.refusals) == (Action.GET, 2, 1)


def test_rescheduled_is_due_at_its_time_and_not_before(database):
    order(database, ordered(A))
    claim(database)
    later = NOW + timedelta(seconds=5)
    with database.begin() as connection:
        ours = cancellations.hold(connection, {A: "t"})
        cancellations.reschedule(connection, ours, {A: Again(later, Action.DELETE)})
    assert claim(database, at=later - timedelta(milliseconds=1)) == []
    assert [each.message_id for each in claim(database, at=later)] == [A]


def test_lease_left_by_a_dead_worker_runs_out(database):
    order(database, ordered(A))
    claim(database, token="dead")
    assert claim(database, at=NOW + LEASE - timedelta(milliseconds=1)) == []
    (taken,) = claim(database, at=NOW + LEASE, token="alive")
    assert taken.asked.attempts == 2
    with database.read() as connection:
        assert len(attempts.of(connection, [A])[A]) == 2


def test_worker_that_lost_its_lease_changes_nothing(database):
    order(database, ordered(A))
    claim(database, token="slow")
    claim(database, at=NOW + LEASE, token="other")
    assert not finish(database, A, "slow", CONFIRMED)
    assert held(database, A).state == CancellationState.REQUESTED
    assert finish(database, A, "other", TOO_LATE)
    assert not finish(database, A, "slow", CONFIRMED)
    assert held(database, A).state == CancellationState.TOO_LATE


def test_settled_is_never_claimed_again(database):
    order(database, ordered(A))
    claim(database)
    finish(database, A, "t", CONFIRMED)
    assert claim(database, at=NOW + timedelta(days=1)) == []
    row = held(database, A)
    assert (row.state, row.outcome, row.settled_at, row.lease_token) == ("confirmed", "cancelled", NOW, None)
    with database.read() as connection:
        assert cancellations.next_due_at(connection) is None


def test_ordering_again_leaves_what_is_under_way_or_confirmed(database):
    order(database, ordered(A, reason="first"), ordered(B, reason="first"))
    claim(database)
    finish(database, B, "t", CONFIRMED)
    order(database, ordered(A, reason="second"), ordered(B, reason="second"))
    assert (held(database, A).reason, held(database, A).lease_token) == ("first", "t")
    assert (held(database, B).reason, held(database, B).state) == ("first", "confirmed")


@pytest.mark.parametrize("end", ["withdrawn", "settled"])
def test_ordering_again_begins_anew_after_an_end(database, end):
    order(database, ordered(A, reason="first"))
    if end == "withdrawn":
        with database.begin() as connection:
            cancellations.withdraw(connection, [A], now=NOW)
    else:
        claim(database)
        finish(database, A, "t", TOO_LATE)
    later = NOW + timedelta(minutes=1)
    order(database, ordered(A, reason="second", at=later))
    row = held(database, A)
    assert (row.state, row.reason, row.requested_at, row.next_attempt_at) == ("requested", "second", later, later)
    assert (row.attempts, row.refusals, row.outcome, row.settled_at, row.lease_token) == (0, 0, None, None, None)
    assert not finish(database, A, "t", CONFIRMED)


def lapsed(database, of: str) -> None:
    """An order whose reason has gone, and of which a worker is asking at the moment what came of it."""
    order(database, ordered(of, reason="first"))
    claim(database, token="first")
    with database.begin() as connection:
        ours = cancellations.hold(connection, {of: "first"})
        cancellations.reschedule(connection, ours, {of: Again(NOW, Action.GET, refused=True)})
        assert cancellations.withdraw(connection, [of], now=NOW) == []
    (looking,) = claim(database, token="looking")
    assert looking.asked.lapsed


def test_ordering_what_had_lapsed_begins_anew_and_at_once(database):
    lapsed(database, A)
    later = NOW + timedelta(seconds=1)
    order(database, ordered(A, reason="second", priority=0, at=later))
    row = held(database, A)
    assert (row.reason, row.priority, row.known_at, row.requested_at) == ("second", 0, later, later)
    assert (row.lapsed, row.refusals, row.needs, row.next_attempt_at) == (False, 0, "DELETE", later)
    (claimed,) = claim(database, at=later, token="anew")
    assert (claimed.asked.action, claimed.asked.lapsed) == (Action.DELETE, False)


def test_what_was_asked_before_an_order_lapsed_still_counts_when_it_is_ordered_anew(database):
    lapsed(database, A)
    order(database, ordered(A, reason="second"))
    with database.begin() as connection:
        assert cancellations.withdraw(connection, [A], now=NOW) == []
    assert (held(database, A).state, held(database, A).lapsed, held(database, A).attempts) == ("requested", True, 2)


def test_whoever_asked_about_what_had_lapsed_cannot_settle_what_was_ordered_since(database):
    lapsed(database, A)
    order(database, ordered(A, reason="second"))
    assert not finish(database, A, "looking", Settle(CancellationState.WITHDRAWN, Outcome.REASON_LAPSED))
    assert held(database, A).state == CancellationState.REQUESTED


def test_ordering_again_leaves_what_was_confirmed_after_it_had_lapsed(database):
    lapsed(database, A)
    finish(database, A, "looking", CONFIRMED)
    order(database, ordered(A, reason="second"))
    assert (held(database, A).reason, held(database, A).state) == ("first", "confirmed")


def test_withdrawing_takes_back_only_what_was_never_asked_for(database):
    order(database, ordered(A), ordered(B), ordered(C))
    claim(database, limit=1)
    finish(database, A, "t", CONFIRMED)
    claim(database, limit=1)
    with database.begin() as connection:
        assert cancellations.withdraw(connection, [A, B, C, D], now=NOW) == [C]
    assert [held(database, of).state for of in (A, B, C)] == ["confirmed", "requested", "withdrawn"]
    assert claim(database) == []


def test_due_and_next_due(database):
    with database.read() as connection:
        assert cancellations.due_count(connection, now=NOW, limit=10) == 0
        assert cancellations.next_due_at(connection) is None
    order(database, ordered(A), ordered(B), ordered(C))
    with database.read() as connection:
        assert cancellations.due_count(connection, now=NOW, limit=2) == 2
        assert cancellations.due_count(connection, now=NOW, limit=10) == 3
        assert cancellations.next_due_at(connection) == NOW
    claim(database)
    with database.read() as connection:
        assert cancellations.due_count(connection, now=NOW, limit=10) == 0
        assert cancellations.next_due_at(connection) == NOW + LEASE


def test_hastening_makes_waiting_ones_due_but_not_those_being_asked_for(database):
    order(database, ordered(A), ordered(B))
    claim(database)
    with database.begin() as connection:
        ours = cancellations.hold(connection, {A: "t"})
        cancellations.reschedule(connection, ours, {A: Again(NOW + timedelta(seconds=8), Action.DELETE)})
        cancellations.hasten(connection, now=NOW)
    assert [each.message_id for each in claim(database)] == [A]


def test_answer_is_kept_with_its_attempt_and_cut(database):
    order(database, ordered(A))
    (claimed,) = claim(database)
    with database.begin() as connection:
        attempts.finish(connection, [Answered(claimed.attempt_id, NOW, 422, "no\0" + "x" * 5000, "refused")])
    with database.read() as connection:
        (attempt,) = attempts.of(connection, [A])[A]
    assert (attempt.http_status, attempt.outcome, attempt.finished_at) == (422, "refused", NOW)
    assert attempt.answer.startswith("no\N{REPLACEMENT CHARACTER}x")
    assert len(attempt.answer) == 2048


def test_two_claiming_at_once_never_share_a_row(database):
    order(database, *(ordered(message_id(number)) for number in range(200)))
    taken: list[list[str]] = []
    together = threading.Barrier(4)

    def work(token: str) -> None:
        together.wait()
        mine: list[str] = []
        while batch := claim(database, limit=10, token=token):
            mine += [each.message_id for each in batch]
        taken.append(mine)

    threads = [threading.Thread(target=work, args=(f"t{number}",)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    everything = [of for mine in taken for of in mine]
    assert len(everything) == len(set(everything)) == 200


@pytest.mark.parametrize("due", [5, 2500])
def test_the_first_due_are_found_whether_few_or_many_are(sqlite_database, due):
    order(sqlite_database, *(ordered(message_id(number), hours=3 - number / 1000) for number in range(due)))
    waiting = [ordered(message_id(number), hours=1, at=NOW + timedelta(hours=1)) for number in range(due, due + 500)]
    order(sqlite_database, *waiting)
    claimed = [each.message_id for each in claim(sqlite_database, limit=3)]
    assert claimed == [message_id(due - 1), message_id(due - 2), message_id(due - 3)]
