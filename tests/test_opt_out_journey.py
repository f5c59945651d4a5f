"""Opt-outs that are no keyword, over real sockets and processes: in words, in doubt, and told by a refused message."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

import simulator
from tests.processes import Running, free_port, wait_for
from tests.test_journey import OURS, PROFILE, TOKEN, Rescind, is_ready


@pytest.fixture(scope="module")
def installation(tmp_path_factory) -> Iterator[Rescind]:
    folder: Path = tmp_path_factory.mktemp("opt-outs")
    port = free_port()
    with simulator.running(webhook_url=f"http://127.0.0.1:{port}/webhooks/telnyx") as telnyx:
        chosen = {
            "DATABASE_URL": f"sqlite:///{folder}/rescind.db",
            "TELNYX_PUBLIC_KEY": telnyx.public_key,
            "TELNYX_API_KEY": "KEY-simulated",
            "TELNYX_BASE_URL": telnyx.base_url,
            "RESCIND_API_TOKEN": TOKEN,
        }
        with Running("up", "--port", str(port), log=folder / "up.log", chosen=chosen, folder=folder) as up:
            system = Rescind(telnyx, port)
            assert wait_for(lambda: is_ready(system), 40), "\n".join(up.lines)
            yield system
            up.stop()


def verdict(installation, message_id):
    return installation.why(message_id)["decisions"][-1]["verdict"]


def test_phrase_is_acted_on_although_telnyx_makes_nothing_of_it(installation):
    message_id = installation.register(installation.schedule("+15557653001"))
    installation.text("+15557653001", "Please take me off your list. Thanks!")
    assert wait_for(lambda: installation.ledger_of(message_id) == "cancelled")
    assert installation.telnyx.status(message_id) == "cancelled"


@pytest.mark.parametrize(
    ("number", "means", "ledger"), [("+15557653101", "opt_out", "cancelled"), ("+15557653102", "nothing", "pending")]
)
def test_doubtful_text_holds_until_somebody_says_what_it_meant(installation, number, means, ledger):
    message_id = installation.register(installation.schedule(number))
    installation.text(number, "can I cancel my appointment?")
    assert wait_for(lambda: verdict(installation, message_id) == "hold")
    assert installation.telnyx.status(message_id) == "scheduled"

    (doubt,) = installation.call("GET", "/v1/doubts")[1]["data"]
    said = {"means": means, "reason": "asked by phone"}
    assert installation.call("POST", f"/v1/recipients/{number}/doubts/{doubt['event_id']}", said)[0] == 200

    assert wait_for(lambda: installation.ledger_of(message_id) == ledger)
    assert verdict(installation, message_id) == ("cancel" if means == "opt_out" else "allow")
    assert installation.call("GET", "/v1/doubts")[1]["data"] == []


def test_message_that_telnyx_refused_for_a_stop_that_was_lost_takes_back_the_others(installation):
    number, telnyx = "+15557653201", installation.telnyx
    telnyx.configure(recheck_blocks_at_send=True, soonest=0)
    telnyx.fault("lose", event_type="message.received")
    later = installation.register(installation.schedule(number))
    soon = telnyx.schedule(
        to=number, sender=OURS, send_at=datetime.now(UTC) + timedelta(seconds=2), messaging_profile_id=PROFILE
    )
    installation.text(number, "STOP")

    assert wait_for(lambda: installation.ledger_of(later) == "cancelled")
    assert telnyx.status(soon["id"]) == "sending_failed"
    assert telnyx.status(later) == "cancelled"
    (word,) = installation.call("GET", f"/v1/recipients/{number}")[1]["data"]["consent"]
    assert (word["tier"], word["kind"], word["messaging_profile_id"]) == ("evidence", "opt_out", PROFILE)
    assert "STOP" in word["evidence"]
