"""What a replay comes to: from the dead letter to what Telnyx was asked."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from core.deadlines import last_look
from core.errors import NotFound, NotReplayable
from core.inbox import InboxStatus
from ledger import replaying
from ledger.replaying import Order
from store import inbox, tables
from store.inbox import NewEvent
from tests.accepting import accept, mark_all, sample
from tests.books import looked_last, registered, stories
from tests.cancelling_world import world_of
from tests.reports import ALICE, NOW, follow, message_id, registration
from tests.scripted_telnyx import cancelled
from workers.applying import Applier
from workers.reviewing import Reviewer

LATER = NOW + timedelta(hours=1)


@pytest.fixture
def world(database):
    """A message to Alice is scheduled; Telnyx cancels whatever it is asked to."""
    with world_of(database, lambda request, nth: cancelled(request)) as world:
        registered(database, registration(tcr_campaign_id="CSPRING"))
        yield world


def text(words: str = "STOP", **envelope: str) -> dict[str, Any]:
    """A text of Alice's."""
    body = sample("message.received.text", text=words, **{"from": {"phone_number": ALICE}})
    body["data"] |= envelope
    return body


def stop(database, **said: str) -> str:
    """A text of Alice's that is a dead letter."""
    (event_id,) = accept(database, text(**said))
    mark_all(database, InboxStatus.PARKED, reason="a bug")
    return event_id


def held_as(database, event_id: str, status: InboxStatus) -> str:
    """Rename a dead letter as the receiver names those that are not accepted under their own id."""
    derived = f"{status}:{event_id}"
    with database.begin() as connection:
        connection.execute(
            sa.update(tables.inbox)
            .where(tables.inbox.c.event_id == event_id)
            .values(event_id=derived, status=status.value, digest="0" * 64)
        )
    return derived


def replay(world, event_id: str, *, acts: bool) -> str:
    """Replay an event, do all the work there is, and return where the event then stands."""
    with world.database.begin() as connection:
        replaying.replay(connection, event_id, Order(acts, "api", LATER))
    return work(world, event_id)


def work(world, event_id: str) -> str:
    while Applier(world.database, follow, lambda: LATER).apply():
        pass
    while Reviewer(world.database, follow, lambda: LATER).review():
        pass
    world.run(world.canceller())
    with world.database.read() as connection:
        found = inbox.find(connection, event_id)
    assert found is not None
    return found.status


def words_of(database) -> list[tuple[str, str]]:
    with database.read() as connection:
        return [tuple(row) for row in connection.execute(sa.select(tables.consents.c.event_id, tables.consents.c.kind))]


def decisions_of(database) -> list[tuple[str, str]]:
    return [(each["verdict"], each["mode"]) for each in stories(database)["decisions"]]


def test_replay_without_effects_records_consent_and_a_shadow_decision_and_asks_nothing_of_telnyx(world):
    event_id = stop(world.database)

    assert replay(world, event_id, acts=False) == "applied"

    assert words_of(world.database) == [(event_id, "opt_out")]
    assert decisions_of(world.database) == [("allow", "enforce"), ("cancel", "shadow")]
    assert stories(world.database)["decisions"][-1]["event_id"] == event_id
    assert stories(world.database)["cancellation"] is None
    assert world.telnyx.requests == []


def test_what_such_a_replay_recorded_counts_at_the_last_look(world):
    replay(world, stop(world.database), acts=False)

    looked_last(world.database, now=last_look(NOW + timedelta(hours=3)))

    told = stories(world.database)
    assert [each["trigger"] for each in told["decisions"]] == ["registration", "consent", "last_look"]
    assert decisions_of(world.database)[1:] == [("cancel", "shadow"), ("cancel", "enforce")]
    assert told["cancellation"]["state"] == "requested"


def test_replay_with_effects_cancels_at_telnyx(world):
    assert replay(world, stop(world.database), acts=True) == "applied"

    assert decisions_of(world.database)[-1] == ("cancel", "enforce")
    assert stories(world.database)["message"]["ledger"] == "cancelled"
    assert world.telnyx.methods() == ["DELETE"]


def test_replay_twice_has_one_effect(world):
    event_id = stop(world.database)
    replay(world, event_id, acts=True)
    replay(world, event_id, acts=True)

    assert words_of(world.database) == [(event_id, "opt_out")]
    assert world.telnyx.methods() == ["DELETE"]


def test_effects_can_be_asked_for_after_a_replay_without_them(world):
    event_id = stop(world.database)
    replay(world, event_id, acts=False)
    replay(world, event_id, acts=True)

    assert words_of(world.database) == [(event_id, "opt_out")]
    assert stories(world.database)["message"]["ledger"] == "cancelled"
    assert world.telnyx.methods() == ["DELETE"]


def test_opt_in_that_is_replayed_without_effects_withdraws_nothing(world):
    start = stop(world.database, words="START", occurred_at="2026-04-01T12:00:00Z")
    accept(world.database, text("STOP", occurred_at="2026-04-01T11:00:00Z"))
    Applier(world.database, follow, lambda: NOW).apply()

    with world.database.begin() as connection:
        replaying.replay(connection, start, Order(acts=False, by="api", at=LATER))
    Applier(world.database, follow, lambda: LATER).apply()

    assert decisions_of(world.database)[-1] == ("allow", "shadow")
    assert stories(world.database)["cancellation"]["state"] == "requested"


@pytest.mark.parametrize("status", [InboxStatus.STALE, InboxStatus.CONFLICT])
def test_dead_letter_under_a_derived_id_is_applied_once(world, status):
    event_id = stop(world.database)
    derived = held_as(world.database, event_id, status)

    assert replay(world, derived, acts=True) == "applied"
    assert replay(world, derived, acts=True) == "applied"

    counts_as = derived if status is InboxStatus.CONFLICT else event_id
    assert words_of(world.database) == [(counts_as, "opt_out")]
    assert world.telnyx.methods() == ["DELETE"]


def test_event_that_comes_after_its_replay_without_effects_acts_and_says_nothing_twice(world):
    body = text()
    (event_id,) = accept(world.database, body)
    derived = held_as(world.database, event_id, InboxStatus.STALE)
    replay(world, derived, acts=False)

    accept(world.database, body)

    assert work(world, event_id) == "applied"
    assert words_of(world.database) == [(event_id, "opt_out")]
    assert stories(world.database)["message"]["ledger"] == "cancelled"


def test_event_that_still_cannot_be_read_is_a_dead_letter_again_with_the_reason(world):
    body = sample("message.sent", to=[{"phone_number": {"odd": True}}])
    (event_id,) = accept(world.database, body)
    mark_all(world.database, InboxStatus.INVALID, reason="as it was then")

    assert replay(world, event_id, acts=True) == "invalid"

    with world.database.read() as connection:
        found = inbox.find(connection, event_id)
    assert found.reason
    assert found.reason != "as it was then"
    assert found.has_raw


def test_event_that_can_be_read_since_is_applied_once_under_the_id_in_its_bytes(world):
    """What a mended schema comes to: the same bytes, unreadable when they came."""
    body = text()
    event = NewEvent(
        event_id="invalid:" + "0" * 64,
        event_type="unreadable",
        received_at=NOW,
        source="webhook",
        status=InboxStatus.INVALID,
        reason="data: is odd",
        raw=json.dumps(body).encode(),
        signature="",
        signature_timestamp="",
        digest="0" * 64,
    )
    with world.database.begin() as connection:
        inbox.accept(connection, [event])

    assert replay(world, event.event_id, acts=True) == "applied"
    accept(world.database, body)

    assert work(world, body["data"]["id"]) == "applied"
    assert words_of(world.database) == [(body["data"]["id"], "opt_out")]
    assert world.telnyx.methods() == ["DELETE"]


def test_campaign_event_that_is_replayed_without_effects_is_reviewed_in_shadow_then_acts_when_asked(world):
    body = sample("10dlc.campaign.update.suspended")
    body["data"]["payload"] |= {"campaignId": "CSPRING"}
    (event_id,) = accept(world.database, body)
    mark_all(world.database, InboxStatus.PARKED, reason="a bug")

    replay(world, event_id, acts=False)
    assert decisions_of(world.database) == [("allow", "enforce"), ("cancel", "shadow")]
    assert stories(world.database)["cancellation"] is None
    assert world.telnyx.requests == []

    replay(world, event_id, acts=True)
    assert decisions_of(world.database)[2:] == [("cancel", "enforce")]
    assert world.telnyx.asked("DELETE") == [message_id()]


def test_event_that_cannot_be_replayed_is_refused_and_stays_as_it_is(world):
    pruned, (pending,) = stop(world.database), accept(world.database, sample("message.sent"))
    with world.database.begin() as connection:
        connection.execute(sa.update(tables.inbox).where(tables.inbox.c.event_id == pruned).values(raw=None))

    for event_id, error, reason in [
        ("nothing", NotFound, "no event 'nothing' is known"),
        (pruned, NotReplayable, "its bytes were pruned"),
        (pending, NotReplayable, "waits to be applied already"),
    ]:
        with pytest.raises(error, match=reason), world.database.begin() as connection:
            replaying.replay(connection, event_id, Order(acts=True, by="api", at=LATER))
    with world.database.read() as connection:
        assert inbox.find(connection, pruned).status is InboxStatus.PARKED
        assert inbox.find(connection, pending).replayed_at is None
