from __future__ import annotations

import os
import signal
import socket
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest

import simulator
from schemas.envelope import WEBHOOK_PATH
from tests import telnyx_signing
from tests.processes import Running, descendants, free_port, is_alive, named, wait_for

FULL = Path("/dev/full")


@pytest.fixture
def settings():
    with simulator.running() as telnyx:
        yield {
            "TELNYX_PUBLIC_KEY": telnyx.public_key,
            "TELNYX_API_KEY": "KEY_test",
            "TELNYX_BASE_URL": telnyx.base_url,
        }


def is_ready(port: int) -> bool:
    try:
        return httpx.get(f"http://127.0.0.1:{port}/readyz", timeout=30, trust_env=False).is_success
    except httpx.HTTPError:
        return False


def test_a_killed_worker_is_replaced_and_a_killed_up_leaves_nothing(settings, tmp_path):
    port = free_port()
    with Running("up", "--port", str(port), log=tmp_path / "log", chosen=settings, folder=tmp_path) as up:
        assert wait_for(lambda: is_ready(port) and up.says("warmed_up"), 40), "\n".join(up.lines)
        everything = descendants(up.process.pid)
        (worker,) = named(everything, "-m rescind worker")
        assert all(
            named(everything, words)
            for words in ("gunicorn", "valkey-server", "-m rescind worker", "-m rescind sweeper")
        )

        os.kill(worker, signal.SIGKILL)

        assert wait_for(lambda: up.says("ended with status 137, starts again"))
        assert wait_for(lambda: sum("worker_started" in line for line in up.lines) == 2)
        everything |= descendants(up.process.pid)
        up.process.kill()
        up.process.wait()
        assert wait_for(lambda: not any(map(is_alive, everything)))
        assert (tmp_path / "var" / "rescind.db").exists()


def test_ctrl_c_ends_everything(settings, tmp_path):
    port = free_port()
    with Running("up", "--port", str(port), log=tmp_path / "log", chosen=settings, folder=tmp_path) as up:
        assert wait_for(lambda: is_ready(port), 40), "\n".join(up.lines)
        everything = descendants(up.process.pid)

        up.stop(signal.SIGINT)

        assert up.process.returncode == 0
        assert not any(map(is_alive, everything))
        assert not up.says("Traceback")


def deliver(client: httpx.Client) -> int:
    body = telnyx_signing.raw(telnyx_signing.event())
    return client.post(WEBHOOK_PATH, content=body, headers=telnyx_signing.headers(body, datetime.now(UTC))).status_code


@pytest.mark.skipif(not FULL.exists(), reason="no device here is always full")
def test_a_full_disk_behind_the_log_costs_no_event(settings, tmp_path):
    port = free_port()
    settings |= {"TELNYX_PUBLIC_KEY": telnyx_signing.PUBLIC_KEY}
    with (
        Running("up", "--port", str(port), log=FULL, chosen=settings, folder=tmp_path) as up,
        httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=30, trust_env=False) as client,
    ):
        assert wait_for(lambda: is_ready(port), 40)
        # More lines than the pipe behind the receiver would hold if nobody read it.
        with ThreadPoolExecutor(8) as pool:
            assert set(pool.map(lambda _: deliver(client), range(700))) == {200}
        assert up.process.poll() is None


def test_a_port_that_is_taken_is_one_line_and_starts_nothing(run, tmp_path):
    settings = {"TELNYX_PUBLIC_KEY": simulator.SigningKey(1).public_key, "TELNYX_API_KEY": "KEY_test"}
    with socket.create_server(("127.0.0.1", 0)) as taken:
        ran = run("up", "--port", str(taken.getsockname()[1]), **settings)

    assert ran.status == 2
    assert "choose another --port" in ran.err
    assert ran.err.count("\n") == 1
    assert list(tmp_path.iterdir()) == []
