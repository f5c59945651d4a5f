"""What the sweeper makes of events that are put back into the backlog."""

from __future__ import annotations

from datetime import timedelta

import fakeredis
import pytest

from core import deadlines
from core.deadlines import last_look
from core.inbox import InboxStatus
from ledger import replaying, story
from ledger.replaying import Order
from store.bell import Bell
from tests.accepting import accept, mark_all, sample
from tests.books import looked_last, registered
from tests.reports import ALICE, NOW, follow, message_id, registration
from workers.applying import Applier
from workers.stopping import StopFlag
from workers.sweeper import Sweep, Sweeper

DUE = NOW + timedelta(days=2)


class NoDrain:
    def run(self, *, budget, should_stop):
        raise AssertionError("the workers were rung for, and had no time yet")


@pytest.fixture
def parked(database) -> str:
    """Alice said STOP, which could not be applied; a message to her is due two days later, and had its last look."""
    registered(database, registration(send_at=DUE))
    looked_last(database, now=last_look(DUE))
    body = sample("message.received.text", text="STOP", **{"from": {"phone_number": ALICE}})
    (event_id,) = accept(database, body)
    mark_all(database, InboxStatus.PARKED, reason="a bug")
    return event_id


def swept(database, at) -> Sweep:
    bell = Bell(None, client=fakeredis.FakeRedis())
    return Sweeper(database, bell, NoDrain, rules=follow, now=lambda: at, stop=StopFlag()).sweep_once()


def ledger(database) -> tuple[str, str | None]:
    with database.read() as connection:
        message = story.message(connection, message_id(), cancel_by=deadlines.cancel_by)
    return message["ledger"], message["breach_cause"]


@pytest.mark.parametrize(
    ("acts", "end"), [pytest.param(False, "released", id="in shadow"), pytest.param(True, "pending", id="acting")]
)
def test_message_is_not_let_go_before_a_replay_is_applied_that_bears_on_it(database, parked, acts, end):
    with database.begin() as connection:
        replaying.replay(connection, parked, Order(acts, "api", DUE - timedelta(milliseconds=500)))

    assert swept(database, DUE).released == 0
    assert ledger(database) == ("pending", None)

    Applier(database, follow, lambda: DUE).apply()
    assert swept(database, DUE).released == int(not acts)
    assert ledger(database) == (end, None)


def test_replay_that_was_just_asked_for_has_not_waited_since_its_event_came(database, parked):
    at = NOW + timedelta(days=1)
    with database.begin() as connection:
        replaying.replay(connection, parked, Order(acts=True, by="api", at=at))

    assert swept(database, at + timedelta(seconds=0.5)) == Sweep()
    assert swept(database, at + timedelta(seconds=1.5)) == Sweep(late=("events",), rang=True)
