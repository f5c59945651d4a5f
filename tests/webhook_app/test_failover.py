"""The failover: the primary's answers, kept in a spool on its own disk, with neither database server nor Redis."""

from __future__ import annotations

import hashlib
import http.client
import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from werkzeug.test import TestResponse

from bench import serving
from schemas.settings import Settings
from store.spool import Spool, SpoolRow
from tests import telnyx_signing as telnyx
from tests.patience import patient
from tests.processes import environ, wait_for
from tests.spooling import at_rest, flip
from webhook_app import create_failover_app

PATHS = ["/webhooks/telnyx/failover", "/webhooks/telnyx"]
NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


class Failover:
    """The application without a server."""

    def __init__(self, path: Path, **chosen: str) -> None:
        self.now = NOW
        settings = Settings.from_env({"TELNYX_PUBLIC_KEY": telnyx.PUBLIC_KEY, "RESCIND_SPOOL": str(path), **chosen})
        self.spool = Spool(path, max_events=settings.spool_max_events, max_bytes=settings.spool_max_bytes)
        with patient():
            self.client = create_failover_app(settings, spool=self.spool, clock=lambda: self.now).test_client()

    def post(self, body: bytes, headers: Mapping[str, str], path: str = PATHS[0]) -> TestResponse:
        return self.client.post(path, data=body, headers=dict(headers))

    def deliver(self, event: object, *, signed_at: datetime | None = None, path: str = PATHS[0]) -> TestResponse:
        body = event if isinstance(event, bytes) else telnyx.raw(event)
        return self.post(body, telnyx.headers(body, signed_at or self.now), path)

    def rows(self) -> dict[str, SpoolRow]:
        return {row.event_id: row for row in self.spool.listing(limit=1000)}


@pytest.fixture
def failover(tmp_path) -> Failover:
    return Failover(tmp_path / "var" / "spool.db")


@pytest.mark.parametrize("path", PATHS)
def test_signed_event_is_spooled_whole_at_either_path(failover, path):
    body = telnyx.raw(telnyx.event())
    headers = telnyx.headers(body, NOW)
    answer = failover.post(body, headers, path)
    assert (answer.status_code, answer.json) == (200, {"status": "accepted"})
    (due,) = failover.spool.due(NOW, 10)
    assert (due.raw, due.received_at) == (body, NOW)
    assert failover.rows().keys() == {json.loads(body)["data"]["id"]}
    assert due.signature == headers["telnyx-signature-ed25519"]
    assert due.signature_timestamp == headers["telnyx-timestamp"]
    answer = failover.post(body, headers, path)
    assert (answer.status_code, answer.json) == (200, {"status": "duplicate"})
    assert len(failover.rows()) == 1


def test_other_content_under_a_known_id_is_kept_for_the_primary_to_judge(failover):
    event = telnyx.event(text="STOP")
    failover.deliver(event)
    event["data"]["payload"]["text"] = "hello"
    assert failover.deliver(event).json == {"status": "accepted"}
    assert len(failover.spool.due(NOW, 10)) == 2


def test_forged_and_unsigned_requests_change_nothing(failover):
    body = telnyx.raw(telnyx.event())
    forged = failover.post(body, telnyx.headers(body, NOW, key=telnyx.OTHER_KEY))
    unsigned = failover.post(body, {})
    assert (forged.status_code, unsigned.status_code) == (401, 401)
    assert forged.data == unsigned.data
    assert failover.rows() == {}


def test_stale_request_is_refused_and_held_for_the_primary(failover):
    body = telnyx.raw(telnyx.event())
    for _ in range(2):
        assert failover.deliver(body, signed_at=NOW - timedelta(seconds=301)).status_code == 401
    (row,) = failover.rows().values()
    assert row.event_id == f"stale:{hashlib.sha256(body).hexdigest()}"
    assert failover.deliver(body).json == {"status": "accepted"}


def test_signed_but_unreadable_body_is_quarantined(failover):
    for body in (b"{", b"\xff\xfe", b"[" * 100_000):
        answer = failover.deliver(body)
        assert (answer.status_code, answer.json) == (200, {"status": "quarantined"})
        assert failover.deliver(body).json == {"status": "duplicate"}
    assert len(failover.spool.due(NOW, 10)) == 3


@pytest.mark.parametrize(
    ("body", "headers", "status"),
    [(b"x" * 300_000, {}, 413), (b"{}", {"Content-Encoding": "gzip"}, 415), (b"{}", {"telnyx-timestamp": "now"}, 401)],
)
def test_request_that_cannot_be_a_webhook_is_refused(failover, body, headers, status):
    answer = failover.post(body, telnyx.headers(body, NOW) | headers)
    assert (answer.status_code, failover.rows()) == (status, {})
    assert answer.json.keys() == {"error"}


@pytest.mark.parametrize("path", ["/v1/messages", "/internal/handover", "/openapi.json", "/metrics", "/"])
def test_nothing_else_is_served(failover, path):
    assert failover.client.get(path).status_code == 404
    assert failover.client.post(path).status_code == 404


def test_full_spool_is_told_before_anything_is_acknowledged(tmp_path):
    failover = Failover(tmp_path / "spool.db", RESCIND_SPOOL_MAX_EVENTS="2")
    events = [telnyx.event() for _ in range(3)]
    assert [failover.deliver(event).status_code for event in events] == [200, 200, 503]
    refused = failover.deliver(events[2])
    assert (refused.status_code, refused.headers["Retry-After"]) == (503, "1")
    assert failover.client.get("/readyz").status_code == 503
    assert failover.client.get("/healthz").status_code == 200
    assert failover.deliver(events[0]).json == {"status": "duplicate"}
    assert len(failover.rows()) == 2

    failover.spool.handed({row.id: "accepted" for row in failover.rows().values()}, NOW)
    assert failover.deliver(events[2]).json == {"status": "accepted"}
    # An answer holds for a second.
    assert wait_for(lambda: failover.client.get("/readyz").status_code == 200)


def test_failover_loads_nothing_of_a_database_server_or_redis(tmp_path):
    said = subprocess.run(
        [sys.executable, "-c", _WHAT_IS_LOADED],
        cwd=serving.ROOT,
        env=environ(TELNYX_PUBLIC_KEY=telnyx.PUBLIC_KEY, RESCIND_SPOOL=str(tmp_path / "spool.db")),
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    loaded = set(said.split())
    assert {"flask", "sqlite3", "sqlalchemy", "nacl"} <= loaded
    assert not loaded & {"redis", "rq", "psycopg", "psycopg_binary", "alembic", "telnyx", "flask_smorest"}


_WHAT_IS_LOADED = """
import sys
from webhook_app import create_failover_app
client = create_failover_app().test_client()
assert client.get("/readyz").status_code == 200
assert client.post("/webhooks/telnyx/failover", data=b"{}").status_code == 401
print(*{name.split(".")[0] for name in sys.modules})
"""


@contextmanager
def served(folder: Path, **chosen: str) -> Iterator[int]:
    """The failover behind a real server; yields its port."""
    given = {"TELNYX_PUBLIC_KEY": telnyx.PUBLIC_KEY, "RESCIND_SPOOL": str(folder / "var" / "spool.db"), **chosen}
    with serving.server("webhook_app:create_failover_app()", given, log=folder / "failover.log") as port:
        yield port


def ask(port: int, body: bytes, headers: Mapping[str, str], path: str = PATHS[0]) -> tuple[int, bytes]:
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=5)) as connection:
        connection.request("POST", path, body, dict(headers))
        answer = connection.getresponse()
        return answer.status, answer.read()


def test_served_failover_takes_events_until_it_is_full_and_after(tmp_path):
    with served(tmp_path, RESCIND_SPOOL_MAX_EVENTS="12") as port:
        bodies = [telnyx.raw(telnyx.event()) for _ in range(16)]
        signed = [(body, telnyx.headers(body, datetime.now(UTC))) for body in bodies]
        statuses = [ask(port, body, headers, PATHS[number % 2])[0] for number, (body, headers) in enumerate(signed)]
        assert statuses == [200] * 12 + [503] * 4
        assert ask(port, *signed[0]) == (200, b'{"status":"duplicate"}\n')
        forged = telnyx.headers(bodies[0], datetime.now(UTC), key=telnyx.OTHER_KEY)
        assert ask(port, bodies[0], forged)[0] == 401

        spool = Spool(tmp_path / "var" / "spool.db", max_events=100, max_bytes=10**8)
        assert {due.raw for due in spool.due(datetime.now(UTC), 100)} == set(bodies[:12])
        spool.handed({due.id: "accepted" for due in spool.due(datetime.now(UTC), 4)}, NOW)
        assert [ask(port, *each)[0] for each in signed[12:]] == [200] * 4
        assert spool.figures().waiting == 12


def test_served_failover_starts_again_over_a_file_that_was_damaged_meanwhile(tmp_path):
    path = tmp_path / "var" / "spool.db"
    with served(tmp_path) as port:
        bodies = [telnyx.raw(telnyx.event()) for _ in range(40)]
        for body in bodies[:30]:
            assert ask(port, body, telnyx.headers(body, datetime.now(UTC)))[0] == 200
    at_rest(path)
    flip(path, 0, 100)
    with served(tmp_path) as port:
        for body in bodies[30:]:
            assert ask(port, body, telnyx.headers(body, datetime.now(UTC)))[0] == 200
        spool = Spool(path, max_events=100, max_bytes=10**8)
        assert {due.raw for due in spool.due(datetime.now(UTC), 100)} == set(bodies[30:])
    assert "set aside" in (tmp_path / "failover.log").read_text()


def test_failover_without_a_usable_setting_does_not_start(tmp_path):
    command = [sys.executable, "-c", "from webhook_app import create_failover_app; create_failover_app()"]
    chosen = environ(TELNYX_PUBLIC_KEY=telnyx.PUBLIC_KEY, RESCIND_SPOOL="/proc/none/spool.db")
    done = subprocess.run(command, cwd=serving.ROOT, env=chosen, check=False, capture_output=True, text=True)
    assert done.returncode == 4
    assert done.stderr.startswith("rescind: RESCIND_SPOOL names /proc/none/spool.db")
    assert "Traceback" not in done.stderr
