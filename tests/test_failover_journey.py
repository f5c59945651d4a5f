"""The primary is down when somebody says STOP: the failover takes it, hands it over later, and it counts once."""

from __future__ import annotations

import http.client
import json
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

import simulator
from tests import telnyx_signing as telnyx
from tests.fake_primary import FakePrimary
from tests.handing import SECRET
from tests.processes import Running, environ, free_port, wait_for
from tests.reports import ALICE, OURS, PROFILE

ROOT = Path(__file__).parent.parent
TOKEN = "a-token-for-the-journey"


@contextmanager
def failover(folder: Path, *arguments: str, **chosen: str) -> Iterator[tuple[int, subprocess.Popen[bytes]]]:
    """The failover process behind its server, with a spool in the folder; its port and its first process."""
    port = free_port()
    server = [sys.executable, "-m", "gunicorn", "--bind", f"127.0.0.1:{port}", "--workers", "2", "--threads", "4"]
    with (folder / "failover.log").open("wb") as log:
        process = subprocess.Popen(
            [*server, "--no-control-socket", *arguments, "webhook_app:create_failover_app()"],
            cwd=ROOT,
            env=environ(RESCIND_SPOOL=str(folder / "spool.db"), RESCIND_HANDOVER_SECRET=SECRET, **chosen),
            stdout=log,
            stderr=log,
        )
    try:
        assert wait_for(lambda: ask(port, "GET", "/readyz")[0] == 200), (folder / "failover.log").read_text()
        yield port, process
    finally:
        process.terminate()
        process.wait(20)


def ask(port: int, method: str, path: str, body: bytes = b"", **headers: str) -> tuple[int, Any]:
    """Send a request; its status and its answer, or 0 when nobody is there."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request(method, path, body, {"Authorization": f"Bearer {TOKEN}", **headers})
        answer = connection.getresponse()
        return answer.status, json.loads(answer.read() or b"null")
    except OSError:
        return 0, None
    finally:
        connection.close()


def spool_states(folder: Path) -> list[tuple[str, str | None]]:
    with closing(sqlite3.connect(folder / "spool.db")) as connection:
        return connection.execute("SELECT state, verdict FROM spooled_events").fetchall()


def test_stop_that_comes_while_the_primary_is_down_is_applied_once_it_is_up(tmp_path):
    port = free_port()
    with (
        simulator.running(
            webhook_url=f"http://127.0.0.1:{port}/webhooks/telnyx",
            webhook_backoff=timedelta(milliseconds=50),
        ) as provider,
        failover(
            tmp_path,
            TELNYX_PUBLIC_KEY=provider.public_key,
            RESCIND_HANDOVER_URL=f"http://127.0.0.1:{port}/internal/handover",
        ) as (failover_port, _),
    ):
        provider.simulator.configure(
            {"webhook_failover_url": f"http://127.0.0.1:{failover_port}/webhooks/telnyx/failover"}
        )
        chosen = {
            "DATABASE_URL": f"sqlite:///{tmp_path}/rescind.db",
            "TELNYX_PUBLIC_KEY": provider.public_key,
            "TELNYX_API_KEY": "KEY-simulated",
            "TELNYX_BASE_URL": provider.base_url,
            "RESCIND_API_TOKEN": TOKEN,
            "RESCIND_HANDOVER_SECRET": SECRET,
        }

        @contextmanager
        def primary(name: str) -> Iterator[None]:
            log = tmp_path / f"{name}.log"
            with Running("up", "--port", str(port), log=log, chosen=chosen, folder=tmp_path) as up:
                assert wait_for(lambda: ask(port, "GET", "/readyz")[0] == 200, 40), "\n".join(up.lines)
                yield
                up.stop()

        with primary("first"):
            send_at = datetime.now(UTC) + timedelta(hours=2)
            message = provider.schedule(to=ALICE, sender=OURS, send_at=send_at, messaging_profile_id=PROFILE)
            body = json.dumps({"data": message}).encode()
            assert ask(port, "POST", "/v1/messages", body, **{"Content-Type": "application/json"})[0] == 201

        provider.inbound(sender=ALICE, to=OURS, text="STOP", messaging_profile_id=PROFILE)
        assert wait_for(lambda: spool_states(tmp_path) == [("waiting", None)])

        with primary("second"):
            path = f"/v1/messages/{message['id']}"
            assert wait_for(lambda: ask(port, "GET", path)[1]["data"]["ledger"] == "cancelled", 90)
            assert wait_for(lambda: spool_states(tmp_path) == [("handed", "accepted")])
            events = ask(port, "GET", "/v1/events")[1]["data"]
            person = ask(port, "GET", f"/v1/recipients/{ALICE}")[1]["data"]

    (stop,) = [each for each in events if each["event_type"] == "message.received"]
    assert (stop["source"], stop["deliveries"], stop["status"]) == ("failover", 1, "applied")
    assert [each["kind"] for each in person["consent"]] == ["opt_out"]
    assert [each["path"] for each in provider.requests("DELETE")] == [f"/v2/messages/{message['id']}"]
    assert provider.status(message["id"]) == "cancelled"


@pytest.mark.parametrize("arguments", [[], ["--preload"]], ids=["", "preloaded"])
def test_server_hands_over_by_itself_and_ends_when_asked(tmp_path, arguments):
    body = telnyx.raw(telnyx.event())
    with (
        FakePrimary() as primary,
        failover(tmp_path, *arguments, TELNYX_PUBLIC_KEY=telnyx.PUBLIC_KEY, RESCIND_HANDOVER_URL=primary.url) as (
            port,
            process,
        ),
    ):
        headers = telnyx.headers(body, datetime.now(UTC))
        assert ask(port, "POST", "/webhooks/telnyx/failover", body, **headers) == (200, {"status": "accepted"})
        assert wait_for(lambda: spool_states(tmp_path) == [("handed", "accepted")])
        process.send_signal(signal.SIGTERM)
        # Sooner than the server would kill a worker that does not end by itself.
        process.wait(25)

    assert primary.bodies == [body]
    assert process.returncode == 0
