"""The whole way, over real sockets and processes: a signed STOP comes in, a DELETE goes out, the ledger says so."""

from __future__ import annotations

import http.client
import json
import os
import random
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

import simulator
from core.outcomes import LedgerState
from tests.processes import Running, free_port, wait_for

TOKEN = "a-token-for-the-journey"
PROFILE = "4001a7b2-0000-4000-8000-000000000001"
OURS = "+15557650900"
INTERLEAVINGS = 200


class Rescind:
    """``rescind up`` as a process, with Telnyx simulated in this one."""

    def __init__(self, telnyx: simulator.RunningSimulator, port: int) -> None:
        self.telnyx = telnyx
        self.port = port
        self.registered: set[str] = set()

    def call(self, method: str, path: str, body: dict[str, Any] | None = None) -> tuple[int, dict[str, Any]]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        try:
            headers = {"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/json"}
            connection.request(method, path, json.dumps(body) if body is not None else None, headers)
            answer = connection.getresponse()
            return answer.status, json.loads(answer.read())
        finally:
            connection.close()

    def schedule(self, to: str) -> dict[str, Any]:
        """Schedule a message at Telnyx and return its answer."""
        send_at = datetime.now(UTC) + timedelta(hours=2)
        return self.telnyx.schedule(to=to, sender=OURS, send_at=send_at, messaging_profile_id=PROFILE)

    def register(self, answer: dict[str, Any], **more: Any) -> str:
        """Register a scheduled message and return its id."""
        body = {"data": answer, **more}
        while (status := self.call("POST", "/v1/messages", body)[0]) == 503:
            time.sleep(1)  # as its Retry-After says
        assert status == 201
        self.registered.add(answer["id"])
        return answer["id"]

    def text(self, sender: str, words: str) -> None:
        self.telnyx.inbound(sender=sender, to=OURS, text=words, messaging_profile_id=PROFILE)

    def ledger_of(self, message_id: str) -> str:
        return self.call("GET", f"/v1/messages/{message_id}")[1]["data"]["ledger"]

    def why(self, message_id: str) -> dict[str, Any]:
        return self.call("GET", f"/v1/messages/{message_id}/why")[1]["data"]


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def rescind(request, tmp_path_factory) -> Iterator[Rescind]:
    folder: Path = tmp_path_factory.mktemp("journey")
    if request.param == "sqlite":
        url = f"sqlite:///{folder}/rescind.db"
    else:
        url = request.getfixturevalue("postgresql_empty_url")
    port = free_port()
    with simulator.running(webhook_url=f"http://127.0.0.1:{port}/webhooks/telnyx") as telnyx:
        named = {"REDIS_URL": os.environ["TEST_REDIS_URL"]} if "TEST_REDIS_URL" in os.environ else {}
        chosen = named | {
            "DATABASE_URL": url,
            "TELNYX_PUBLIC_KEY": telnyx.public_key,
            "TELNYX_API_KEY": "KEY-simulated",
            "TELNYX_BASE_URL": telnyx.base_url,
            "RESCIND_API_TOKEN": TOKEN,
            "RESCIND_CANCEL_RATE": "500",
        }
        with Running("up", "--port", str(port), log=folder / "up.log", chosen=chosen, folder=folder) as up:
            system = Rescind(telnyx, port)
            assert wait_for(lambda: is_ready(system), 40), "\n".join(up.lines)
            yield system
            up.stop()


def is_ready(system: Rescind) -> bool:
    try:
        return system.call("GET", "/readyz")[0] == 200
    except OSError:
        return False


def test_signed_stop_in_delete_out_and_the_ledger_confirmed(rescind):
    kept = rescind.register(rescind.schedule("+15557651001"))
    recalled = rescind.register(rescind.schedule("+15557651002"))
    rescind.text("+15557651002", "STOP")

    assert wait_for(lambda: rescind.ledger_of(recalled) == "cancelled")
    assert rescind.telnyx.status(recalled) == "cancelled"
    assert [each["path"] for each in rescind.telnyx.requests("DELETE")] == [f"/v2/messages/{recalled}"]
    assert (rescind.telnyx.status(kept), rescind.ledger_of(kept)) == ("scheduled", "pending")
    why = rescind.why(recalled)
    assert why["cancellation"]["state"] == "confirmed"
    assert [each["http_status"] for each in why["cancellation"]["attempts"]] == [200]
    assert why["decisions"][-1]["policy"] == "opt_out"
    assert why["message"]["recipients"][0]["status"] == "cancelled"


def test_message_registered_after_the_opt_out_is_cancelled_too(rescind):
    rescind.text("+15557651003", "stop.")  # so written, Telnyx does not block it
    assert wait_for(lambda: rescind.call("GET", "/v1/recipients/+15557651003")[1]["data"]["opted_out"])
    late = rescind.register(rescind.schedule("+15557651003"))
    assert wait_for(lambda: rescind.ledger_of(late) == "cancelled")
    assert rescind.telnyx.status(late) == "cancelled"


def test_newer_message_about_the_same_takes_the_place_of_the_older(rescind):
    tags = ["about:visit-42", "revision:1"]
    older = rescind.register(rescind.schedule("+15557650311"), tags=tags)
    of_another = rescind.register(rescind.schedule("+15557650312"), tags=tags)
    newer = rescind.register(rescind.schedule("+15557650311"), tags=["about:visit-42", "revision:2"])
    assert wait_for(lambda: rescind.ledger_of(older) == LedgerState.CANCELLED)
    assert rescind.why(older)["decisions"][-1]["policy"] == "superseded"
    assert {rescind.ledger_of(of) for of in (newer, of_another)} == {LedgerState.PENDING}


def test_ended_campaign_takes_its_messages_back_and_no_others(rescind):
    of_sale = [rescind.register(rescind.schedule(f"+1555765200{number}"), campaign="sale") for number in range(5)]
    of_news = rescind.register(rescind.schedule("+15557652009"), campaign="news")
    assert rescind.call("PUT", "/v1/campaigns/sale", {"status": "ended"})[0] == 200
    assert wait_for(lambda: {rescind.ledger_of(each) for each in of_sale} == {"cancelled"})
    assert {rescind.telnyx.status(each) for each in of_sale} == {"cancelled"}
    assert (rescind.telnyx.status(of_news), rescind.ledger_of(of_news)) == ("scheduled", "pending")


def test_no_interleaving_of_stop_and_registration_leaves_a_message_uncancelled(rescind):
    chance = random.Random(20260501)
    sent: list[str] = []

    def interleave(number: int, pause: float, stop_first: bool) -> None:  # noqa: FBT001 - drawn from a table
        person = f"+1555766{number:04d}"
        answer = rescind.schedule(person)
        acts = [lambda: rescind.text(person, "STOP"), lambda: sent.append(rescind.register(answer))]
        with ThreadPoolExecutor(2) as pair:
            first, second = acts if stop_first else acts[::-1]
            doing = [pair.submit(first)]
            time.sleep(pause)
            doing.append(pair.submit(second))
            for done in doing:
                done.result()

    drawn = [
        (number, chance.choice([0, 0, 0.002, 0.01, 0.05]), chance.random() < 0.5) for number in range(INTERLEAVINGS)
    ]
    with ThreadPoolExecutor(8) as pool:
        for done in [pool.submit(interleave, *each) for each in drawn]:
            done.result()

    assert len(sent) == INTERLEAVINGS
    assert wait_for(lambda: {rescind.telnyx.status(each) for each in sent} == {"cancelled"}, 60)
    assert wait_for(lambda: {rescind.ledger_of(each) for each in sent} == {"cancelled"})


def test_ledger_adds_up_at_the_end(rescind):
    sums = rescind.call("GET", "/v1/ledger")[1]["data"]
    at_telnyx = Counter(rescind.telnyx.status(each) for each in rescind.registered)
    assert {name: sums[name] for name in ("registered", *LedgerState, "breach_causes")} == {
        "registered": len(rescind.registered),
        "pending": at_telnyx["scheduled"],
        "cancelled": at_telnyx["cancelled"],
        "released": 0,
        "breach": 0,
        "breach_causes": {},
    }
