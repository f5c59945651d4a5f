"""A replay among what else is going on: it neither holds up the living nor takes the place of other reasons."""

from __future__ import annotations

from datetime import timedelta

import sqlalchemy as sa

from core.inbox import InboxStatus
from core.policies import stale_campaign
from core.policies.catalogue import rules
from ledger import replaying
from ledger.registering import register
from ledger.replaying import Order
from store import backlog, inbox, tables
from tests.accepting import accept, mark_all, sample
from tests.books import registered, stories
from tests.reports import ALICE, BOB, NOW, follow, registration
from workers.applying import Applier
from workers.reviewing import Reviewer

LATER = NOW + timedelta(hours=1)
#: A message is stale when it was scheduled half an hour ago.
AGEING = rules(stale_campaign=stale_campaign.Settings(max_age=timedelta(minutes=30)))


def text(words: str, sender: str = ALICE) -> dict[str, object]:
    return sample("message.received.text", text=words, **{"from": {"phone_number": sender}})


def put_back(database, event_ids: list[str], *, acts: bool) -> None:
    with database.begin() as connection:
        for event_id in event_ids:
            replaying.replay(connection, event_id, Order(acts, "api", LATER))


def test_replay_without_effects_leaves_the_review_that_is_due(database):
    with database.begin() as connection:
        register(connection, [registration()], AGEING, door="api", now=NOW)
    dead = accept(database, text("START"))
    mark_all(database, InboxStatus.PARKED, reason="a bug")
    put_back(database, dead, acts=False)

    Applier(database, lambda: AGEING, lambda: LATER).apply()
    while Reviewer(database, lambda: AGEING, lambda: LATER).review():
        pass

    story = stories(database)
    assert story["cancellation"] is not None
    assert story["cancellation"]["policy"] == "stale_campaign"


def test_text_of_today_is_applied_before_what_is_replayed(database):
    old = [event_id for number in range(5) for event_id in accept(database, text(f"word {number}"))]
    mark_all(database, InboxStatus.APPLIED)
    put_back(database, old[:3], acts=True)
    put_back(database, old[3:], acts=False)
    (today,) = accept(database, text("STOP", BOB))

    Applier(database, lambda: AGEING, lambda: LATER, batch=1).apply()

    with database.read() as connection:
        waiting = set(connection.scalars(sa.select(tables.inbox.c.event_id).where(tables.AWAITS_APPLYING)))
    assert today not in waiting
    assert waiting == set(old)


def test_messages_are_let_go_beside_a_replay_without_effects_and_not_beside_another(database):
    old = accept(database, text("STOP"))
    mark_all(database, InboxStatus.PARKED, reason="a bug")

    put_back(database, old, acts=False)
    with database.read() as connection:
        assert backlog.oldest_with_effects(connection) is None

    mark_all(database, InboxStatus.PARKED, reason="a bug")
    put_back(database, old, acts=True)
    with database.read() as connection:
        assert backlog.oldest_with_effects(connection) is not None


def test_other_content_under_a_known_id_counts_as_another_event(database):
    registered(database, registration())
    first, second = text("START"), text("STOP")
    second["data"] |= {"id": first["data"]["id"], "occurred_at": LATER.isoformat()}
    accept(database, first)
    Applier(database, follow, lambda: LATER).apply()
    accept(database, second)
    with database.read() as connection:
        (conflict,) = inbox.events(connection, statuses=[InboxStatus.CONFLICT], limit=2)

    for _ in range(2):
        put_back(database, [conflict.event_id], acts=True)
        Applier(database, follow, lambda: LATER).apply()

    assert stories(database)["cancellation"] is not None
    with database.read() as connection:
        assert connection.scalar(sa.select(sa.func.count()).select_from(tables.consents)) == 2
