"""Several processes that share a database and a Redis cancel as if they were one: in order, and at one pace."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta

import pytest

from ledger.registering import register
from store import attempts, cancellations, sums
from store.cancellations import NewCancellation
from tests.processes import Running, wait_for
from tests.reports import RULES, message_id, registration
from tests.scripted_telnyx import ScriptedTelnyx, cancelled

RATE = 20
#: Two of a kind for each time of sending: one whose recipient has refused, and one whose campaign has ended.
TIMES = 40
#: Each process has a tenth of a second's requests on the way at once, and they arrive as the network has it.
OUT_OF_PLACE = 10
SECOND = timedelta(seconds=1)


@pytest.fixture
def telnyx():
    server = ScriptedTelnyx(lambda request, nth: cancelled(request))
    yield server
    server.stop()


def order(database) -> list[str]:
    """Order cancellations in no order; return the ids in the one in which they are to go."""
    now = datetime.now(UTC)
    numbers = list(range(2 * TIMES))
    random.Random(3).shuffle(numbers)
    made, rows = [], []
    for place, number in enumerate(numbers):
        send_at, priority = now + timedelta(hours=1, minutes=place // 2), place % 2
        made.append(registration(number, send_at=send_at))
        rows.append(NewCancellation(message_id(number), "p", "r", priority, send_at, now, now, now))
    with database.begin() as connection:
        register(connection, made, RULES, door="api", now=now)
        cancellations.request(connection, rows)
    return [row.message_id for row in rows]


def test_earliest_deadline_goes_first_and_opt_outs_before_others_across_processes(
    database, database_url, redis_url, telnyx, tmp_path
):
    ordered = order(database)
    chosen = {
        "DATABASE_URL": database_url,
        "REDIS_URL": redis_url,
        "TELNYX_API_KEY": "KEY_test",
        "TELNYX_BASE_URL": telnyx.url,
        "RESCIND_CANCEL_RATE": str(RATE),
        "RESCIND_RECONCILE_MINUTES": "0",
    }
    # Nobody answers the bell, so each of them drains by itself.
    with (
        Running("sweeper", log=tmp_path / "one", chosen=chosen) as one,
        Running("sweeper", log=tmp_path / "other", chosen=chosen) as other,
    ):
        assert wait_for(lambda: len(telnyx.requests) >= len(ordered), 60)
        assert wait_for(lambda: sums_of(database)["cancelled", None] == len(ordered))
        assert sum(process.says("message_cancelled") for process in (one, other)) == 2

    asked = telnyx.asked("DELETE")
    assert sorted(asked) == sorted(ordered)
    assert max(abs(asked.index(of) - place) for place, of in enumerate(ordered)) <= OUT_OF_PLACE
    # On a machine with much else to do they bunch a little; each at a pace of its own would be twice as many.
    with database.read() as connection:
        made = attempts.of(connection, ordered)
    times = [made[of][0].started_at for of in ordered]
    assert max(sum(at <= other < at + SECOND for other in times) for at in times) <= RATE * 1.5


def sums_of(database) -> sums.Stands:
    with database.read() as connection:
        return sums.stands(connection)
