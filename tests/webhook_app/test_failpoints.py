"""A failure anywhere on an event's way in: never a 200 without the event, and the next request is answered."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from werkzeug.test import TestResponse

from core.failpoints import Failpoint, Fault, Plan
from schemas.settings import Settings
from store import failpoints
from store.spool import Spool
from tests import telnyx_signing as telnyx
from tests.receiving_world import receiving
from webhook_app import create_failover_app

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
BEFORE = {Failpoint.V0, Failpoint.I0, Failpoint.I1, Failpoint.P1}


@pytest.fixture(autouse=True)
def disarmed() -> Iterator[None]:
    yield
    failpoints.arm(None)


def check(deliver: Callable[[object], TestResponse], stored: Callable[[], int], failpoint: Failpoint) -> None:
    failpoints.arm(Plan(failpoint, Fault.RAISE))
    event = telnyx.event()
    for _ in range(2):
        answer = deliver(event)
        assert answer.status_code in {500, 503}
        assert answer.json.keys() == {"error"}
        assert b"Planned" not in answer.data
    assert stored() == (failpoint not in BEFORE)
    failpoints.arm(None)
    assert deliver(event).json == {"status": "accepted" if failpoint in BEFORE else "duplicate"}
    assert deliver(telnyx.event()).json == {"status": "accepted"}
    assert stored() == 2


@pytest.mark.parametrize("failpoint", [Failpoint.V0, Failpoint.I0, Failpoint.I1, Failpoint.I2, Failpoint.A0])
def test_failure_in_the_receiver_is_an_error_that_passes(sqlite_url, failpoint):
    with receiving(sqlite_url) as receiver:
        check(receiver.deliver, lambda: len(receiver.rows()), failpoint)


def test_failure_after_the_ring_leaves_the_event_stored_and_rung_for(sqlite_url):
    with receiving(sqlite_url) as receiver:
        failpoints.arm(Plan(Failpoint.E1, Fault.RAISE))
        event = telnyx.event()
        assert receiver.deliver(event).status_code == 500
        assert (len(receiver.rows()), receiver.rung) == (1, 1)
        failpoints.arm(None)
        assert receiver.deliver(event).json == {"status": "duplicate"}


@pytest.mark.parametrize("failpoint", [Failpoint.V0, Failpoint.I0, Failpoint.P1, Failpoint.P2, Failpoint.A0])
def test_failure_in_the_failover_is_an_error_that_passes(tmp_path: Path, failpoint):
    path = tmp_path / "spool.db"
    settings = Settings.from_env({"TELNYX_PUBLIC_KEY": telnyx.PUBLIC_KEY, "RESCIND_SPOOL": str(path)})
    spool = Spool(path, max_events=100, max_bytes=10**8)
    client = create_failover_app(settings, spool=spool, clock=lambda: NOW).test_client()

    def deliver(event: object) -> TestResponse:
        body = telnyx.raw(event)
        return client.post("/webhooks/telnyx/failover", data=body, headers=telnyx.headers(body, NOW))

    check(deliver, lambda: spool.figures().waiting, failpoint)
