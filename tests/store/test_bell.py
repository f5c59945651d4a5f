from __future__ import annotations

import logging
import os
import signal
import socket
import threading
import time

import fakeredis
import pytest
from redis import Redis
from redis.connection import Connection
from rq import Queue
from rq.serializers import JSONSerializer

from rescind.valkey import Valkey
from store.bell import JOB, QUEUE, Bell
from tests.processes import wait_for


@pytest.fixture
def redis() -> Redis:
    return fakeredis.FakeRedis()


@pytest.fixture
def valkey(tmp_path):
    server = Valkey(tmp_path / "valkey")
    server.start()
    yield server
    server.stop()


def jobs(redis):
    return Queue(QUEUE, connection=redis, serializer=JSONSerializer).jobs


def refused_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def test_many_rings_in_a_burst_make_one_job(redis):
    bell = Bell(None, client=redis)

    assert all(bell.ring() for _ in range(20))

    assert [job.func_name for job in jobs(redis)] == [JOB]


def test_a_ring_after_the_drain_has_begun_makes_another_job(redis):
    bell = Bell(None, client=redis)
    bell.ring()

    bell.silence()
    bell.ring()

    assert len(jobs(redis)) == 2


def test_a_burst_whose_job_was_lost_ends_by_itself(redis):
    bell = Bell(None, client=redis)
    bell.ring()

    assert 0 < redis.ttl("rescind:bell") <= 5


def test_a_ring_carries_nothing_but_the_name_of_the_job(redis):
    Bell(None, client=redis).ring()

    (job,) = jobs(redis)
    assert (job.args, job.kwargs, job.meta) == ([], {}, {})
    assert job.description == "workers.jobs.drain()"
    assert (job.result_ttl, job.failure_ttl, job.timeout) == (0, 60, 180)


def test_a_bell_without_a_redis_does_nothing():
    bell = Bell(None)
    threads = threading.active_count()

    bell.ring_soon()
    bell.silence()

    assert bell.ring() is False
    assert threading.active_count() == threads


def test_a_ring_at_a_refused_port_returns_false_at_once_and_complains_once(caplog, monkeypatch):
    bell = Bell(f"redis://127.0.0.1:{refused_port()}")
    tries = []
    connect = Connection._connect
    monkeypatch.setattr(Connection, "_connect", lambda connection: [tries.append(1), connect(connection)])

    with caplog.at_level(logging.WARNING):
        assert [bell.ring() for _ in range(10)] == [False] * 10
        bell.silence()

    # Left to itself, redis-py would try each again ten times.
    assert len(tries) == 11
    assert len(caplog.records) == 1


def test_a_job_that_redis_does_not_take_leaves_the_burst_open(redis):
    bell = Bell(None, client=redis)
    redis.set("rq:queues", "not a set")

    assert bell.ring() is False

    assert redis.exists("rescind:bell") == 0
    redis.delete("rq:queues")
    assert bell.ring() is True
    assert len(jobs(redis)) == 1


def test_ringing_soon_rings_from_one_thread_for_a_whole_burst(redis_url):
    bell = Bell(redis_url)
    threads = threading.active_count()

    for _ in range(500):
        bell.ring_soon()

    assert threading.active_count() == threads + 1
    with Redis.from_url(redis_url) as redis:
        assert wait_for(lambda: len(jobs(redis)) == 1)


# Servers fork while they run threads; so does this test, and newer Pythons warn of it.
@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
def test_ringing_soon_after_a_fork_rings_from_the_child_too(redis_url):
    bell = Bell(redis_url)
    bell.ring_soon()
    with Redis.from_url(redis_url) as redis:
        assert wait_for(lambda: len(jobs(redis)) == 1)
        bell.silence()

        child = os.fork()
        if child == 0:
            bell.ring_soon()
            time.sleep(60)
            os._exit(0)

        try:
            assert wait_for(lambda: len(jobs(redis)) == 2)
        finally:
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)


def test_a_hung_redis_blocks_nobody_and_grows_no_threads(valkey, monkeypatch):
    bell = Bell(valkey.url)
    rung_by = []
    ring = Bell.ring
    monkeypatch.setattr(Bell, "ring", lambda bell: [rung_by.append(threading.current_thread().name), ring(bell)][1])
    assert bell.ring() is True
    rung_by.clear()
    valkey.signal(signal.SIGSTOP)
    try:
        threads = threading.active_count()
        for _ in range(1000):
            bell.ring_soon()
        assert wait_for(lambda: rung_by)
        assert set(rung_by) == {"bell"}

        assert bell.ring() is False
        assert threading.active_count() <= threads + 1
    finally:
        valkey.signal(signal.SIGCONT)
    assert wait_for(bell.ring)


def test_a_redis_that_was_killed_and_came_back_empty_is_rung_again(tmp_path):
    first = Valkey(tmp_path / "first")
    first.start()
    bell = Bell(first.url)
    assert bell.ring() is True
    first.signal(signal.SIGKILL)
    assert wait_for(lambda: first.poll() is not None)
    assert bell.ring() is False
    first.stop()

    again = Valkey(tmp_path / "second", port=first.port, password=first.password)
    again.start()
    try:
        assert bell.ring() is True
        with Redis.from_url(again.url) as redis:
            assert len(jobs(redis)) == 1
    finally:
        again.stop()
