"""Liveness and readiness: one says that the process runs, the other that an event could be committed."""

from __future__ import annotations

import io
import time
from collections.abc import Iterator

import pytest
import sqlalchemy as sa

from bench import serving
from core.errors import StoreUnavailable
from store.engine import Database
from tests.processes import wait_for
from tests.receiving_world import Receiver, receiving
from webhook_app import health, log, starting


@pytest.fixture
def receiver(database_url) -> Iterator[Receiver]:
    with receiving(database_url, hurried=True) as receiver:
        yield receiver


def test_receiver_over_a_migrated_database_is_ready(receiver):
    assert (receiver.client.get("/readyz").status_code, receiver.client.get("/readyz").json) == (
        200,
        {"status": "ready"},
    )
    assert receiver.client.get("/healthz").json == {"status": "ok"}
    assert receiver.rows() == {}


def test_receiver_that_cannot_commit_is_alive_but_not_ready(receiver, database_url):
    other = Database(database_url)
    with other.begin() as connection:
        if not other.is_sqlite:
            connection.exec_driver_sql("LOCK TABLE inbox IN ACCESS EXCLUSIVE MODE")
        answer = receiver.client.get("/readyz")
        assert (answer.status_code, answer.json["error"]["code"]) == (503, "store_unavailable")
        assert answer.headers["Retry-After"] == "1"
        assert receiver.client.get("/healthz").status_code == 200
    other.dispose()
    assert wait_for(lambda: receiver.client.get("/readyz").status_code == 200)


def test_readiness_asked_for_often_costs_one_commit_a_second(sqlite_url):
    written = set()
    asked_at = time.monotonic()
    with receiving(sqlite_url) as receiver:
        for _ in range(5):
            assert receiver.client.get("/readyz").status_code == 200
            with receiver.database.read() as connection:
                written.add(bytes(connection.scalar(sa.text("SELECT filler FROM write_trials"))))
    assert len(written) <= 1 + int(time.monotonic() - asked_at)


class Failing:
    """A database that takes nothing; counts how often it was asked."""

    def __init__(self) -> None:
        self.asked = 0

    def check(self) -> None:
        self.asked += 1
        raise StoreUnavailable("the disk is full")


def test_failure_asked_after_often_is_looked_into_once_a_second():
    failing = Failing()
    app = starting.empty_app(log.logger(io.StringIO()))
    app.register_blueprint(health.blueprint(commit=failing))
    asked_at = time.monotonic()
    for _ in range(5):
        assert app.test_client().get("/readyz").status_code == 503
    assert failing.asked <= 1 + int(time.monotonic() - asked_at)


def test_receiver_over_an_empty_database_is_not_ready(tmp_path):
    with receiving(f"sqlite:///{tmp_path}/empty.db") as receiver:
        assert receiver.client.get("/readyz").status_code == 503
        assert receiver.client.get("/healthz").status_code == 200


def test_receiver_without_redis_is_ready(sqlite_url):
    with receiving(sqlite_url, REDIS_URL=f"redis://127.0.0.1:{serving.free_port()}/0") as receiver:
        assert receiver.client.get("/readyz").status_code == 200


@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
def test_questions_after_health_tell_nothing_else(receiver, path):
    assert receiver.client.post(path).status_code == 405
    answer = receiver.client.get(path)
    for secret in (b"sqlite", b"postgres", b"127.0.0.1"):
        assert secret not in answer.data
