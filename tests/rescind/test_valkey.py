from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest
from redis import Redis
from redis.exceptions import AuthenticationError

from core.errors import SettingsError
from rescind.valkey import Valkey
from store.bell import connect
from tests.processes import descendants, is_alive, wait_for


@pytest.fixture
def valkey(tmp_path):
    server = Valkey(tmp_path / "valkey")
    server.start()
    yield server
    server.stop()


def test_it_listens_on_loopback_with_a_password_and_never_evicts(valkey):
    with Redis.from_url(valkey.url) as redis:
        assert redis.config_get("bind")["bind"] == "127.0.0.1"
        assert redis.config_get("maxmemory-policy")["maxmemory-policy"] == "noeviction"
        assert redis.config_get("appendonly")["appendonly"] == "yes"
    with connect(f"redis://127.0.0.1:{valkey.port}") as stranger, pytest.raises(AuthenticationError):
        stranger.ping()


def test_its_password_is_not_on_a_command_line_nor_for_others_to_read(valkey, tmp_path):
    for pid in descendants(os.getpid()):
        assert valkey.password not in Path(f"/proc/{pid}/cmdline").read_text()
    assert (tmp_path / "valkey" / "valkey.conf").stat().st_mode & 0o077 == 0


def test_what_it_holds_survives_its_being_killed(valkey):
    with Redis.from_url(valkey.url) as redis:
        redis.set("kept", "yes")
        assert wait_for(lambda: redis.info("persistence")["aof_enabled"] == 1)
        redis.execute_command("WAITAOF", 1, 0, 1000)
    valkey.signal(signal.SIGKILL)
    assert wait_for(lambda: valkey.poll() is not None)
    port = valkey.port
    valkey.stop()

    valkey.start()

    assert valkey.port == port
    with Redis.from_url(valkey.url) as redis:
        assert redis.get("kept") == b"yes"


def test_a_second_one_on_the_same_files_is_refused(valkey, tmp_path):
    with pytest.raises(SettingsError, match="another Valkey keeps its data"):
        Valkey(tmp_path / "valkey").start()

    with Redis.from_url(valkey.url) as redis:
        assert redis.ping()


def test_starting_it_twice_starts_one(valkey):
    before = valkey.port
    valkey.start()

    assert valkey.port == before


def test_stopping_it_leaves_no_process(tmp_path):
    server = Valkey(tmp_path / "valkey")
    server.start()
    with Redis.from_url(server.url) as redis:
        pid = redis.info("server")["process_id"]

    server.stop()

    assert not is_alive(pid)
