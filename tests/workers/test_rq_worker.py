from __future__ import annotations

import pickle
import signal
import socket
import zlib
from datetime import UTC, datetime, timedelta

import fakeredis
import pytest
from redis import Redis
from rq import Callback, Queue
from rq.serializers import DefaultSerializer, JSONSerializer
from rq.webhook import Webhook

import simulator
from ledger import balance
from rescind.valkey import Valkey
from store.bell import JOB, QUEUE, Bell
from tests.processes import Running, accept_stop, schedule, status_of, wait_for
from workers import jobs, rq_worker
from workers.rq_worker import DrainWorker, SafeJob
from workers.stopping import StopFlag

DONE: list[str] = []


def harm(*arguments, **named) -> None:
    DONE.append("harm")


@pytest.fixture
def redis():
    DONE.clear()
    return fakeredis.FakeRedis()


@pytest.fixture(autouse=True)
def signals():
    """RQ's worker takes over the signals of the process it runs in."""
    held = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    yield
    for number, handler in held.items():
        signal.signal(number, handler)


@pytest.fixture
def allow_harm(monkeypatch):
    """Puts a function of this module on the list, to see what else a job is refused for."""
    monkeypatch.setattr(rq_worker, "ALLOWED", frozenset({f"{__name__}.harm"}))


@pytest.fixture
def settings(sqlite_url, monkeypatch):
    monkeypatch.setenv("DATABASE_URL", sqlite_url)
    monkeypatch.setenv("TELNYX_API_KEY", "KEY_test")
    monkeypatch.setenv("TELNYX_BASE_URL", "http://127.0.0.1:9/v2")
    jobs.runtime.cache_clear()
    yield
    jobs.runtime().close()
    jobs.runtime.cache_clear()


@pytest.fixture
def valkey(tmp_path):
    server = Valkey(tmp_path / "valkey")
    server.start()
    yield server
    server.stop()


def work(redis) -> None:
    DrainWorker(redis, stop=StopFlag()).work(burst=True, logging_level="WARNING")


def queue(redis, serializer=JSONSerializer) -> Queue:
    return Queue(QUEUE, connection=redis, serializer=serializer)


def leftovers(redis) -> list[bytes]:
    return [*redis.keys("rq:job:*"), *redis.keys("rq:failed:*"), *redis.keys("rq:finished:*")]


def test_the_doorbell_drains_what_waits_in_sql(redis, settings, sqlite_database):
    event_id = accept_stop(sqlite_database, sender="+15557650101")
    Bell(None, client=redis).ring()

    work(redis)

    assert status_of(sqlite_database, event_id) == "applied"
    assert leftovers(redis) == []


def test_a_job_that_is_ours_runs_and_the_worker_lives_on(redis, allow_harm):
    queue(redis).enqueue(f"{__name__}.harm")
    queue(redis).enqueue(f"{__name__}.harm")

    work(redis)

    assert DONE == ["harm", "harm"]


@pytest.mark.parametrize(
    "call",
    [
        pytest.param([f"{__name__}.harm", None, [], {}], id="another function"),
        pytest.param(["os.system", None, ["touch /tmp/harm"], {}], id="a shell"),
        pytest.param([JOB, None, ["+15550001111"], {}], id="an argument"),
        pytest.param([JOB, None, [], {"budget": 1}], id="a named argument"),
        pytest.param([JOB, "instance", [], {}], id="an instance"),
        pytest.param([JOB, None, []], id="too short"),
        pytest.param({"func": JOB}, id="no list"),
        pytest.param(None, id="nothing"),
    ],
)
def test_a_job_that_is_not_ours_does_nothing_and_is_dropped(redis, caplog, call):
    job = queue(redis).enqueue(JOB)
    redis.hset(job.key, "data", zlib.compress(JSONSerializer.dumps(call)))

    work(redis)

    assert DONE == []
    assert leftovers(redis) == []


def test_a_pickled_job_is_not_unpickled(redis):
    job = queue(redis).enqueue(JOB)

    class Poison:
        def __reduce__(self):
            return harm, ()

    redis.hset(job.key, "data", zlib.compress(pickle.dumps((Poison(), None, (), {}))))
    redis.hset(job.key, "meta", pickle.dumps(Poison()))
    queue(redis, DefaultSerializer).enqueue(harm)

    work(redis)

    assert DONE == []
    assert leftovers(redis) == []


@pytest.mark.parametrize("when", ["on_success", "on_failure", "on_stopped"])
def test_a_job_of_ours_with_a_callback_does_nothing(redis, allow_harm, when):
    queue(redis).enqueue(f"{__name__}.harm", **{when: Callback(f"{__name__}.harm")})

    work(redis)

    assert DONE == []


def test_a_job_of_ours_with_a_webhook_calls_nobody(redis, allow_harm):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(0.3)
        url = f"http://127.0.0.1:{listener.getsockname()[1]}/"
        queue(redis).enqueue(f"{__name__}.harm", webhooks=[Webhook(url, "finished"), Webhook(url, "failed")])

        work(redis)

        with pytest.raises(TimeoutError):
            listener.accept()
    assert DONE == []


def test_fields_that_make_no_sense_do_not_stop_the_worker(redis, allow_harm):
    job = queue(redis).enqueue(f"{__name__}.harm")
    nonsense = {"status": "odd", "timeout": "soon", "created_at": "x", "result_ttl": "-", "retries_left": "many"}
    redis.hset(job.key, mapping=nonsense)
    queue(redis).enqueue(f"{__name__}.harm")

    work(redis)

    assert DONE == ["harm", "harm"]


def test_what_a_job_raises_does_not_reach_redis(redis, monkeypatch):
    monkeypatch.setattr(rq_worker, "ALLOWED", frozenset({f"{__name__}.fail"}))
    queue(redis).enqueue(f"{__name__}.fail")

    work(redis)

    assert not any(b"+1555" in redis.dump(key) for key in redis.keys("*"))
    assert leftovers(redis) == []


def fail() -> None:
    raise KeyError("+15550001111")


def test_a_job_keeps_to_our_own_time_limit(redis, allow_harm):
    job = queue(redis).enqueue(f"{__name__}.harm", job_timeout=-1, result_ttl=-1)

    fetched = SafeJob.fetch(job.id, connection=redis, serializer=JSONSerializer)

    assert (fetched.timeout, fetched.result_ttl, fetched.description) == (180, 0, None)


@pytest.fixture
def chosen(sqlite_url, valkey):
    return {
        "DATABASE_URL": sqlite_url,
        "REDIS_URL": valkey.url,
        "TELNYX_API_KEY": "KEY_test",
        "TELNYX_BASE_URL": "http://127.0.0.1:9/v2",
    }


def is_listening(redis) -> bool:
    return bool(redis.smembers("rq:workers"))


def test_worker_process_answers_the_bell_and_stays_small(chosen, tmp_path, sqlite_database):
    with Running("worker", log=tmp_path / "log", chosen=chosen) as worker, Redis.from_url(chosen["REDIS_URL"]) as redis:
        assert wait_for(lambda: is_listening(redis))
        event_id = accept_stop(sqlite_database, sender="+15557650101")
        Bell(chosen["REDIS_URL"]).ring()

        assert wait_for(lambda: status_of(sqlite_database, event_id) == "applied")
        assert worker.resident_mb() < 150
        worker.stop()
        assert worker.process.returncode == 0
        assert not any("5557650101" in line for line in worker.lines)


def test_worker_process_waits_for_a_redis_that_is_away_and_works_when_it_comes(
    chosen, tmp_path, valkey, sqlite_database
):
    valkey.stop()
    event_id = accept_stop(sqlite_database, sender="+15557650101", received_at=datetime.now(UTC))
    with Running("worker", log=tmp_path / "log", chosen=chosen) as worker:
        assert wait_for(lambda: worker.says("Redis cannot be used"))
        assert worker.process.poll() is None

        valkey.start()
        Bell(valkey.url).ring()

        assert wait_for(lambda: status_of(sqlite_database, event_id) == "applied")
        assert sum("Redis cannot be used" in line for line in worker.lines) == 1


def test_worker_process_ends_while_redis_hangs(chosen, tmp_path, valkey):
    with Running("worker", log=tmp_path / "log", chosen=chosen) as worker, Redis.from_url(valkey.url) as redis:
        assert wait_for(lambda: is_listening(redis))
        valkey.signal(signal.SIGSTOP)
        try:
            worker.stop(signal.SIGINT)
        finally:
            valkey.signal(signal.SIGCONT)
        assert worker.process.returncode == 0


def test_worker_process_works_on_after_redis_was_killed(chosen, tmp_path, valkey, sqlite_database):
    with Running("worker", log=tmp_path / "log", chosen=chosen) as worker, Redis.from_url(valkey.url) as redis:
        assert wait_for(lambda: is_listening(redis))
        valkey.signal(signal.SIGKILL)
        assert wait_for(lambda: valkey.poll() is not None)
        valkey.stop()
        valkey.start()
        event_id = accept_stop(sqlite_database, sender="+15557650101")

        assert wait_for(lambda: Bell(valkey.url).ring())

        assert wait_for(lambda: status_of(sqlite_database, event_id) == "applied")
        assert worker.process.poll() is None


def test_worker_process_told_to_stop_records_the_answers_under_way(chosen, tmp_path, sqlite_database):
    send_at = datetime.now(UTC) + timedelta(hours=1)
    # So slow that it cannot be through with all before it is stopped.
    slow = chosen | {"RESCIND_CANCEL_RATE": "8"}
    with (
        simulator.running(latency=timedelta(seconds=0.5)) as telnyx,
        Running("worker", log=tmp_path / "log", chosen=slow | {"TELNYX_BASE_URL": telnyx.base_url}) as worker,
    ):
        for _ in range(40):
            message = telnyx.schedule(to="+15557650101", send_at=send_at)["id"]
            schedule(sqlite_database, message, to="+15557650101", send_at=send_at)
        accept_stop(sqlite_database, sender="+15557650101")
        assert wait_for(lambda: worker.says("warmed_up"))
        Bell(chosen["REDIS_URL"]).ring()
        assert wait_for(lambda: len(telnyx.requests("DELETE")) >= 3)

        worker.stop()

        cancelled = sum(each["to"][0]["status"] == "cancelled" for each in telnyx.messages())
        with sqlite_database.read() as connection:
            held = balance.balance(connection)
        assert 0 < cancelled < 40
        assert (held.cancelled, held.pending, held.registered) == (cancelled, 40 - cancelled, 40)
