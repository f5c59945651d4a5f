"""A panic over a campaign, by the real processes: everything is taken back by deadline, and goes out again once."""

from __future__ import annotations

import http.client
import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

import simulator
from tests.processes import Running, environ, free_port, wait_for

TOKEN = "a-token-for-the-journey"
OURS = "+15557650900"
PROFILE = "4001a7b2-0000-4000-8000-000000000001"
MESSAGES = 300
#: So many requests are under way at a time, and may overtake each other.
SLOTS = 64


@dataclass
class System:
    """``rescind up`` as a process with Telnyx simulated in this one, and commands run beside it."""

    telnyx: simulator.RunningSimulator
    port: int
    settings: dict[str, str]
    folder: Path
    chance: random.Random = field(default_factory=lambda: random.Random(20260501))

    def call(self, method: str, path: str, body: object = None) -> tuple[int, dict[str, Any]]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        headers = {"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/json"}
        try:
            connection.request(method, path, json.dumps(body) if body is not None else None, headers)
            answer = connection.getresponse()
            return answer.status, json.loads(answer.read())
        finally:
            connection.close()

    def is_ready(self) -> bool:
        try:
            return self.call("GET", "/readyz")[0] == 200
        except OSError:
            return False

    def schedule(self, number: int) -> dict[str, Any]:
        send_at = datetime.now(UTC) + timedelta(minutes=self.chance.randint(60, 600))
        return self.telnyx.schedule(
            to=f"+1555765{number:04d}",
            sender=OURS,
            send_at=send_at,
            messaging_profile_id=PROFILE,
            text=f"Sale {number}",
        )

    def ledger_of(self, message_id: str) -> str:
        return self.call("GET", f"/v1/messages/{message_id}")[1]["data"]["ledger"]

    def command(self, *arguments: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-m", "rescind", *arguments],
            cwd=self.folder,
            env=environ(**self.settings),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def ask(self, *arguments: str, status: int = 0) -> dict[str, Any]:
        running = self.command(*arguments, "--json")
        out, err = running.communicate(timeout=90)
        assert running.returncode == status, err
        return json.loads(out)["data"]


@pytest.fixture(params=["sqlite", "postgresql"])
def system(request, tmp_path) -> Iterator[System]:
    url = f"sqlite:///{tmp_path}/rescind.db"
    if request.param == "postgresql":
        url = request.getfixturevalue("postgresql_database_url")
    port = free_port()
    with simulator.running(webhook_url=f"http://127.0.0.1:{port}/webhooks/telnyx") as telnyx:
        named = {"REDIS_URL": os.environ["TEST_REDIS_URL"]} if "TEST_REDIS_URL" in os.environ else {}
        settings = named | {
            "DATABASE_URL": url,
            "TELNYX_PUBLIC_KEY": telnyx.public_key,
            "TELNYX_API_KEY": "KEY-simulated",
            "TELNYX_BASE_URL": telnyx.base_url,
            "RESCIND_API_TOKEN": TOKEN,
            "RESCIND_CANCEL_RATE": "100",
        }
        with Running("up", "--port", str(port), log=tmp_path / "up.log", chosen=settings, folder=tmp_path) as up:
            system = System(telnyx, port, settings, tmp_path)
            assert wait_for(system.is_ready, 40), "\n".join(up.lines)
            yield system
            up.stop()


def register(system: System, answers: list[dict[str, Any]], campaign: str) -> None:
    body = {"messages": [{"data": answer, "campaign": campaign} for answer in answers]}
    status, told = system.call("POST", "/v1/messages", body)
    assert (status, told["errors"]) == (200, [])


def deleted(system: System) -> list[str]:
    return [each["path"].rsplit("/", 1)[-1] for each in system.telnyx.requests("DELETE")]


def test_panic_takes_a_campaign_back_by_deadline_and_it_goes_out_again_once(system):
    sale = [system.schedule(number) for number in range(MESSAGES)]
    news = [system.schedule(number) for number in range(5000, 5010)]
    register(system, sale, "spring")
    register(system, news, "news")
    due = {answer["id"]: answer["send_at"] for answer in sale}

    panic = system.command(
        "panic", "--scope", "campaign", "--value", "spring", "--reason", "wrong list", "--yes", "--json"
    )
    assert wait_for(lambda: deleted(system))
    late = system.schedule(6000)
    register(system, [late], "spring")
    out, err = panic.communicate(timeout=90)
    assert panic.returncode == 0, err
    told = json.loads(out)["data"]

    assert (told["before"]["pending"], told["before"]["late"]) == (MESSAGES, 0)
    assert told["outcome"]["done"]
    assert told["outcome"]["cancellations"]["confirmed"] >= MESSAGES
    assert {system.telnyx.status(message_id) for message_id in due} == {"cancelled"}
    assert {system.telnyx.status(answer["id"]) for answer in news} == {"scheduled"}
    assert wait_for(lambda: system.telnyx.status(late["id"]) == "cancelled")
    assert wait_for(lambda: system.ledger_of(late["id"]) == "cancelled")
    in_order = sorted(due, key=lambda message_id: due[message_id])
    arrived = [message_id for message_id in deleted(system) if message_id in due]
    assert len(arrived) == MESSAGES
    place = {message_id: at for at, message_id in enumerate(in_order)}
    assert max(place[message_id] - at for at, message_id in enumerate(arrived)) <= SLOTS

    panic_id = told["panic"]["id"]
    assert system.ask("reschedule", panic_id, "--dry-run")["unable"] == {"held": MESSAGES + 1}
    assert system.telnyx.requests("POST") == []
    assert system.ask("panic", "lift", panic_id, "--reason", "the right list after all")["state"] == "lifted"
    killed_between_request_and_answer(system, panic_id)
    again = system.ask("reschedule", panic_id, "--yes")
    assert set(again["outcome"]) == {"rescheduled"}
    doubtful = [each for each in again["messages"] if each["why_not"] in {"in_doubt", "under_way"}]
    assert len(doubtful) == again["unable"].get("in_doubt", 0) + again["unable"].get("under_way", 0) > 0

    is_new = {**due, late["id"]: late["send_at"]}
    sent = [each["body"]["text"] for each in system.telnyx.requests("POST")]
    assert len(sent) == len(set(sent)) == MESSAGES + 1
    replaced = {each["id"]: each["replaced_by"] for each in again["messages"] if each["replaced_by"]}
    assert len(replaced) == again["outcome"]["rescheduled"]
    for old, new in list(replaced.items())[:20]:
        was, now = system.telnyx.message(old), system.telnyx.message(new)
        assert (now["text"], now["send_at"], now["to"][0]["status"]) == (was["text"], is_new[old], "scheduled")
        assert now["to"][0]["phone_number"] == was["to"][0]["phone_number"]
        assert system.call("GET", f"/v1/messages/{old}/why")[1]["data"]["replaced_by"] == new
        assert system.call("GET", f"/v1/messages/{new}/why")[1]["data"]["replaces"] == old
        assert system.ledger_of(new) == "pending"
    sums = system.call("GET", "/v1/ledger")[1]["data"]
    assert sums["registered"] == sum(sums[each] for each in ("pending", "cancelled", "released", "breach"))
    assert (sums["cancelled"], sums["breach"]) == (MESSAGES + 1, 0)


def killed_between_request_and_answer(system: System, panic_id: str) -> None:
    """Start to schedule anew with answers that never come, and end the process as a crash would."""
    hanging = system.telnyx.fault("hang_after", method="POST", seconds=30)
    doomed = system.command("reschedule", panic_id, "--yes", "--json")
    assert wait_for(lambda: len(system.telnyx.requests("POST")) >= 3)
    time.sleep(0.2)
    doomed.send_signal(signal.SIGKILL)
    doomed.communicate(timeout=10)
    assert hanging.struck >= 3
    system.telnyx.clear_faults()
