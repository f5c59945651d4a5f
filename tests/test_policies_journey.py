"""A change of policies.toml under running processes: receiver, worker and sweeper follow it without a restart."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

import simulator
from rescind.client import Rescind, RescindError
from store import decisions, rulebooks
from store.engine import Database
from tests.processes import Running, environ, free_port, wait_for

TOKEN = "a-token-for-the-policies"
OURS = "+15557650900"
OFF, ENFORCED = '[opt_out]\nmode = "off"\n', '[opt_out]\nmode = "enforce"\n'


class Stack:
    """``rescind up`` with a file of policies, and with Telnyx simulated in this process."""

    def __init__(self, up: Running, telnyx: simulator.RunningSimulator, chosen: dict[str, str], folder: Path) -> None:
        self.up = up
        self.telnyx = telnyx
        self.chosen = chosen
        self.file = folder / "policies.toml"
        self.client = Rescind(chosen["URL"], TOKEN, timeout=30)
        self.database = Database(chosen["DATABASE_URL"])

    def scheduled(self, to: str) -> dict:
        send_at = datetime.now(UTC) + timedelta(hours=2)
        return self.telnyx.schedule(to=to, sender=OURS, send_at=send_at)

    def opt_out(self, number: str) -> None:
        self.telnyx.inbound(sender=number, to=OURS, text="stop.")  # so written, Telnyx itself does not block it
        assert wait_for(lambda: self.client.recipient(number)["opted_out"])

    def ledger_of(self, message_id: str) -> str:
        return self.client.message(message_id)["ledger"]

    def told(self, event: str) -> int:
        return sum(f" {event}" in line for line in self.up.lines)

    def doctor(self) -> str:
        ran = subprocess.run(
            [sys.executable, "-m", "rescind", "doctor", "--json"],
            cwd=self.file.parent,
            env=environ(**self.chosen),
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        (finding,) = [each for each in json.loads(ran.stdout)["data"] if each["subject"] == "policies"]
        return f"{finding['state']}: {finding['told']}"


@pytest.fixture
def stack(tmp_path) -> Iterator[Stack]:
    url = f"sqlite:///{tmp_path}/rescind.db"
    port = free_port()
    (tmp_path / "policies.toml").write_text(OFF)
    with simulator.running(webhook_url=f"http://127.0.0.1:{port}/webhooks/telnyx") as telnyx:
        chosen = {
            "DATABASE_URL": url,
            "TELNYX_PUBLIC_KEY": telnyx.public_key,
            "TELNYX_API_KEY": "KEY-simulated",
            "TELNYX_BASE_URL": telnyx.base_url,
            "RESCIND_API_TOKEN": TOKEN,
            # A second one might only start once the file is broken, which stops the start.
            "GUNICORN_CMD_ARGS": "--workers 1",
            "URL": f"http://127.0.0.1:{port}",
        }
        with Running("up", "--port", str(port), log=tmp_path / "up.log", chosen=chosen, folder=tmp_path) as up:
            stack = Stack(up, telnyx, chosen, tmp_path)
            assert wait_for(lambda: up.says("Rescind listens at"), 60), "\n".join(up.lines)
            assert wait_for(lambda: up.says("worker_started") and up.says("sweeper_started"), 60)
            assert wait_for(lambda: is_ready(stack), 60), "\n".join(up.lines)
            yield stack
            stack.client.close()
            stack.database.dispose()
            up.stop()


def is_ready(stack: Stack) -> bool:
    try:
        return stack.client.ledger() is not None
    except RescindError:
        return False


def test_changed_file_is_followed_by_all_processes_and_a_broken_one_by_none(stack):
    first, second = "+15557653001", "+15557653002"
    spared = stack.scheduled(first)
    stack.client.register(spared)
    stack.opt_out(first)
    assert stack.ledger_of(spared["id"]) == "pending"

    stack.file.write_text('[opt_out]\nmode = "enf')
    assert wait_for(lambda: stack.told("policies_unchanged") >= 1), "\n".join(stack.up.lines)
    late = stack.scheduled(second)
    stack.opt_out(second)
    stack.client.register(late)
    assert "fail: policies.toml line 2, column" in stack.doctor()
    assert {stack.ledger_of(each["id"]) for each in (spared, late)} == {"pending"}
    assert stack.telnyx.requests("DELETE") == []

    new = stack.file.with_suffix(".new")
    new.write_text(ENFORCED)
    new.rename(stack.file)

    assert wait_for(lambda: {stack.ledger_of(each["id"]) for each in (spared, late)} == {"cancelled"})
    assert stack.telnyx.status(spared["id"]) == stack.telnyx.status(late["id"]) == "cancelled"
    at_the_api = stack.client.register(stack.scheduled(first))
    assert at_the_api["decision"]["policy"] == "opt_out"
    with stack.database.read() as connection:
        every = decisions.of(connection, spared["id"])
        books = rulebooks.of(connection, {each.rules for each in every})
    assert [books[each.rules].settings["opt_out"]["mode"] for each in (every[0], every[-1])] == ["off", "enforce"]
    assert all(each.file_sha256 for each in books.values())
    assert stack.up.process.poll() is None
    assert stack.told("worker_started") == stack.told("sweeper_started") == 1
