"""Recovery against the simulator over a socket: what was missed while every endpoint was down."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa

import simulator
from core.outcomes import LedgerState
from schemas.secret import Secret
from store import messages, reconciliations, tables
from tests.cancelling_world import FAST, KEY
from tests.processes import free_port, schedule
from tests.reconciling_world import World
from tests.reports import ALICE, BOB, follow
from workers.applying import Applier
from workers.cancelling import Canceller
from workers.draining import Drain
from workers.pacing import Pacer
from workers.reconciling import AnotherRuns
from workers.reviewing import Reviewer
from workers.tallying import SourceName, Tally
from workers.telnyx import TelnyxClient

OURS = "+15557650900"
BODY_ID = "1fa55452-5cc6-4ce7-9cb0-8612fa4ddc15"


def now() -> datetime:
    return datetime.now(UTC)


@pytest.fixture
def telnyx():
    """Both of its URLs lead nowhere."""
    urls = [f"http://127.0.0.1:{free_port()}/webhooks" for _ in range(2)]
    with simulator.running(
        webhook_url=urls[0], webhook_failover_url=urls[1], webhook_backoff=0.01, delivery_delay=0
    ) as running:
        yield running


@pytest.fixture
def world(database, telnyx):
    world = World(database, telnyx.base_url, now=now)
    yield world
    world.close()


def scheduled(world, telnyx, to=ALICE) -> str:
    send_at = now() + timedelta(hours=1)
    message = telnyx.schedule(to=to, send_at=send_at, sender=OURS)["id"]
    schedule(world.database, message, to=to, send_at=send_at)
    return message


def drained(world, telnyx) -> None:
    client = TelnyxClient(Secret(KEY), telnyx.base_url)
    canceller = Canceller(world.database, client, Pacer(FAST, None), now=now)
    applier, reviewer = Applier(world.database, follow, now), Reviewer(world.database, follow, now)
    Drain(applier, reviewer, canceller, lambda: None, now).run()
    canceller.close()


def ledger_of(world, message) -> str | None:
    with world.database.read() as connection:
        return messages.find(connection, message).ledger


def sources_of(world, table) -> list[tuple[str, str]]:
    with world.database.read() as connection:
        return [tuple(row) for row in connection.execute(sa.select(table.c.event_id, table.c.source))]


def test_a_stop_that_both_endpoints_missed_cancels_what_was_scheduled(world, telnyx):
    message, other = scheduled(world, telnyx), scheduled(world, telnyx, to=BOB)
    event = telnyx.inbound(sender=ALICE, to=OURS, text="STOP")
    assert telnyx.settle()
    assert telnyx.deliveries()[0]["state"] == "failed"
    assert len(telnyx.deliveries()[0]["attempts"]) == 6

    ran = world.reconciler.run()
    drained(world, telnyx)

    assert ran.errors == ()
    assert ran.tallies[SourceName.FAILED_DELIVERIES] == Tally(reported=1, healed=1)
    assert ran.tallies[SourceName.OPT_OUTS] == Tally(reported=1, healed=1)
    assert ran.completeness == 0
    assert world.rung > 0
    assert (ledger_of(world, message), ledger_of(world, other)) == (LedgerState.CANCELLED, LedgerState.PENDING)
    assert (telnyx.status(message), telnyx.status(other)) == ("cancelled", "scheduled")
    assert sources_of(world, tables.inbox) == [(event["id"], "telnyx_api")]


def test_the_list_of_opt_outs_alone_is_enough(world, telnyx):
    message = scheduled(world, telnyx)
    telnyx.configure(webhook_url=None, webhook_failover_url=None)
    telnyx.inbound(sender=ALICE, to=OURS, text="STOP")

    ran = world.reconciler.run()
    drained(world, telnyx)

    assert ran.tallies[SourceName.OPT_OUTS] == Tally(reported=1, healed=1)
    assert ledger_of(world, message) == LedgerState.CANCELLED
    assert [source for _, source in sources_of(world, tables.consents)] == ["telnyx_api"]
    assert sources_of(world, tables.inbox) == []


def test_a_second_run_finds_nothing_new(world, telnyx):
    scheduled(world, telnyx)
    telnyx.inbound(sender=ALICE, to=OURS, text="STOP")
    telnyx.inbound(sender=BOB, to=OURS, text="Hello")
    assert telnyx.settle()
    world.reconciler.run()
    drained(world, telnyx)
    before = world.rows()

    ran = world.reconciler.run()

    assert sum(tally.healed for tally in ran.tallies.values()) == 0
    assert ran.completeness == 100
    assert {name: rows for name, rows in world.rows().items() if name != "reconciliations"} == {
        name: rows for name, rows in before.items() if name != "reconciliations"
    }


def test_a_start_that_was_missed_as_well_keeps_the_last_word(world, telnyx):
    message = scheduled(world, telnyx)
    telnyx.inbound(sender=ALICE, to=OURS, text="STOP")
    telnyx.advance(timedelta(seconds=90))
    telnyx.inbound(sender=ALICE, to=OURS, text="START")
    assert telnyx.settle()
    world.now = world.reconciler.now = lambda: now() + timedelta(seconds=100)

    ran = world.reconciler.run()
    world.apply()

    assert ran.tallies[SourceName.FAILED_DELIVERIES].healed == 2
    assert ran.tallies[SourceName.OPT_OUTS] == Tally()
    drained(world, telnyx)
    assert ledger_of(world, message) == LedgerState.PENDING
    assert telnyx.status(message) == "scheduled"


def test_an_event_that_somebody_else_took_is_taken_in(world, telnyx):
    with simulator.running() as elsewhere:
        # Any server that answers 200 will do; this one is at hand.
        telnyx.configure(webhook_url=f"{elsewhere.url}/_sim/settle", webhook_failover_url=None)
        telnyx.inbound(sender=ALICE, to=OURS, text="STOP")
        assert telnyx.settle()
        assert telnyx.deliveries()[0]["state"] == "delivered"

    ran = world.reconciler.run()

    assert ran.tallies[SourceName.DELIVERED] == Tally(reported=1, healed=1)
    assert ran.tallies[SourceName.FAILED_DELIVERIES] == Tally()


def test_all_pages_of_failed_deliveries_are_taken(world, telnyx):
    for number in range(120):
        telnyx.emit({"event_type": "message.received", "id": f"event-{number}", "payload": {"id": BODY_ID}})
    assert telnyx.settle(30)

    ran = world.reconciler.run()

    assert ran.tallies[SourceName.FAILED_DELIVERIES] == Tally(reported=120, healed=120)
    assert len(sources_of(world, tables.inbox)) == 120
    pages = [each for each in telnyx.requests("GET") if each["path"].endswith("webhook_deliveries")]
    assert len(pages) == 3 + 1


def test_a_message_past_its_time_is_asked_about(world, telnyx):
    message = telnyx.send(to=ALICE, sender=OURS)["id"]
    assert telnyx.settle()
    schedule(world.database, message, to=ALICE, send_at=now() - timedelta(minutes=20))

    ran = world.reconciler.run()

    assert ran.tallies[SourceName.MESSAGES] == Tally(reported=1, healed=1)
    with world.database.read() as connection:
        (recipient,) = messages.recipients_of(connection, [message])[message]
        sources = {each.source for each in messages.transitions_of(connection, message)}
    assert recipient.status == "delivered"
    assert sources == {"registration", "reconcile"}


def test_a_dry_run_tells_the_same_and_writes_nothing(world, telnyx):
    scheduled(world, telnyx)
    message = telnyx.send(to=BOB, sender=OURS)["id"]
    telnyx.inbound(sender=ALICE, to=OURS, text="STOP")
    assert telnyx.settle()
    schedule(world.database, message, to=BOB, send_at=now() - timedelta(minutes=20))
    before = world.rows()

    dry = world.reconciler.run(is_dry=True)

    assert world.rows() == before
    assert world.rung == 0
    assert dry.tallies == world.reconciler.run().tallies


def test_only_one_reconciles_at_a_time(world):
    with world.database.begin() as connection:
        assert reconciliations.claim(connection, now=now()) is not None
    before = world.rows()

    with pytest.raises(AnotherRuns):
        world.reconciler.run()
    assert world.reconciler.run_if_due(timedelta()) is None

    assert world.rows() == before
