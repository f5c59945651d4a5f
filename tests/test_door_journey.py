"""Telnyx's own libraries through the door of real processes: the application changes nothing but its base URL."""

from __future__ import annotations

import http.client
import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
import telnyx
from redis import Redis

import simulator
from store.engine import Database
from store.tables import metadata
from tests.processes import Running, descendants, free_port, wait_for

#: The key of an application, which is to be found nowhere afterwards.
CANARY = "KEY01CANARY5f1c9e0b7d"
OURS = "+15557650900"
CALLS = 200
IN_NODE = """
const { default: Telnyx } = await import(process.env.TELNYX_LIBRARY);
const client = new Telnyx({ defaultHeaders: { 'Rescind-Campaign': 'from-node' } });
const ask = { from: '+15557650900', text: 'Hello' };
const sent = await client.messages.send({ ...ask, to: '+15557650401' });
const planned = await client.messages.schedule({ ...ask, to: '+15557650402', send_at: process.env.SEND_AT });
const shown = await client.messages.retrieve(planned.data.id);
const cancelled = await client.messages.cancelScheduled(planned.data.id);
let refused = null;
try { await client.messages.send({ ...ask, to: process.env.OPTED_OUT }); }
catch (error) { refused = { status: error.status, error: error.error }; }
const ids = { sent: sent.data.id, planned: planned.data.id };
console.log(JSON.stringify({ ids, shown: shown.data.to[0].status, cancelled: cancelled.to[0].status, refused }));
"""


class Served:
    """``rescind up`` with Telnyx simulated in this process."""

    def __init__(self, up: Running, database: Database, telnyx_: simulator.RunningSimulator, port: int) -> None:
        self.up = up
        self.database = database
        self.telnyx = telnyx_
        self.port = port

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/v2"

    def sdk(self, **more: Any) -> telnyx.Telnyx:
        """Telnyx's library with nothing but another base URL."""
        return telnyx.Telnyx(api_key=CANARY, base_url=self.url, **more)

    def ledger_of(self, message_id: str) -> str | None:
        with self.database.read() as connection:
            query = sa.text("SELECT ledger FROM messages WHERE id = :id")
            return connection.scalar(query, {"id": message_id})

    def opt_out(self, number: str) -> None:
        """Have somebody text what Telnyx does not take for STOP, and wait until it is applied."""
        self.telnyx.inbound(sender=number, to=OURS, text="stop.")
        query = sa.text("SELECT count(*) FROM consents WHERE phone_number = :number")

        def is_applied() -> bool:
            with self.database.read() as connection:
                return bool(connection.scalar(query, {"number": number}))

        assert wait_for(is_applied)


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def served(request, tmp_path_factory, redis_server_url) -> Iterator[Served]:
    folder: Path = tmp_path_factory.mktemp("door-journey")
    is_sqlite = request.param == "sqlite"
    url = f"sqlite:///{folder}/rescind.db" if is_sqlite else request.getfixturevalue("postgresql_empty_url")
    port = free_port()
    with simulator.running(webhook_url=f"http://127.0.0.1:{port}/webhooks/telnyx", delivery_delay=0) as telnyx_:
        chosen = {
            "DATABASE_URL": url,
            "REDIS_URL": redis_server_url,
            "TELNYX_PUBLIC_KEY": telnyx_.public_key,
            "TELNYX_API_KEY": "KEY-of-the-operator",
            "TELNYX_BASE_URL": telnyx_.base_url,
        }
        database = Database(url)
        with Running("up", "--port", str(port), log=folder / "up.log", chosen=chosen, folder=folder) as up:
            assert wait_for(lambda: _is_ready(port), 40), "\n".join(up.lines)
            yield Served(up, database, telnyx_, port)
            up.stop()
        database.dispose()


def _is_ready(port: int) -> bool:
    try:
        return _ask(port, "GET", "/readyz")[0] == 200
    except OSError:
        return False


def _ask(port: int, method: str, path: str, body: bytes | None = None, **headers: str) -> tuple[int, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    try:
        connection.request(method, path, body, headers)
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


def in_an_hour() -> datetime:
    return datetime.now(UTC) + timedelta(hours=1)


@pytest.mark.parametrize("way", ["send", "schedule"])
def test_message_scheduled_by_the_library_is_watched_and_called_back(served, way):
    number = {"send": "+15557650301", "schedule": "+15557650302"}[way]
    with served.sdk(default_headers={"Rescind-Campaign": "spring"}) as client:
        message = getattr(client.messages, way)(to=number, from_=OURS, text="Hello", send_at=in_an_hour()).data
        assert client.messages.retrieve(message.id).data.to[0].status == "scheduled"
    assert served.ledger_of(message.id) == "pending"
    served.telnyx.inbound(sender=number, to=OURS, text="STOP")
    assert wait_for(lambda: served.telnyx.status(message.id) == "cancelled")
    assert wait_for(lambda: served.ledger_of(message.id) == "cancelled")


def test_message_cancelled_by_the_library_is_cancelled_in_the_ledger(served):
    with served.sdk() as client:
        message = client.messages.schedule(to="+15557650303", from_=OURS, text="Hello", send_at=in_an_hour()).data
        cancelled = client.messages.cancel_scheduled(message.id)
    assert cancelled.to[0].status == "cancelled"
    assert served.ledger_of(message.id) == "cancelled"


def test_library_is_told_of_a_refusal_as_by_telnyx_and_does_not_try_again(served):
    served.opt_out("+15557650304")
    before = len(served.telnyx.requests("POST"))
    with served.sdk() as client, pytest.raises(telnyx.ConflictError) as refusal:
        client.messages.send(to="+15557650304", from_=OURS, text="Hello")
    error = refusal.value.body["errors"][0]
    assert (error["code"], error["title"]) == ("40300", "Blocked due to STOP message")
    assert len(served.telnyx.requests("POST")) == before
    with served.database.read() as connection:
        query = sa.text("SELECT count(*) FROM intents WHERE phone_number = '+15557650304'")
        assert connection.scalar(query) == 1


def test_library_does_not_send_again_what_may_have_been_sent(served):
    served.telnyx.fault("close", apply=True, method="POST", times=1)
    with served.sdk() as client, pytest.raises(telnyx.InternalServerError) as lost:
        client.messages.send(to="+15557650305", from_=OURS, text="Hello")
    assert "could send it twice" in str(lost.value.body)
    assert [each["to"][0]["phone_number"] for each in served.telnyx.messages()].count("+15557650305") == 1


def test_library_of_node_passes_as_well(served):
    folder = os.environ.get("TEST_TELNYX_NODE")
    node = shutil.which("node")
    if not folder or node is None:
        pytest.skip("TEST_TELNYX_NODE names no folder in which `npm install telnyx` was done, or there is no node")
    served.opt_out("+15557650403")
    chosen = {
        "TELNYX_LIBRARY": str(Path(folder) / "node_modules/telnyx/index.mjs"),
        "TELNYX_API_KEY": CANARY,
        "TELNYX_BASE_URL": served.url,
        "SEND_AT": in_an_hour().isoformat(),
        "OPTED_OUT": "+15557650403",
    }
    done = subprocess.run(
        [node, "--input-type=module", "-e", IN_NODE],
        env=os.environ | chosen,
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr.decode()
    told = json.loads(done.stdout)
    assert (told["shown"], told["cancelled"]) == ("scheduled", "cancelled")
    assert told["refused"]["status"] == 409
    assert served.ledger_of(told["ids"]["planned"]) == "cancelled"
    with served.database.read() as connection:
        query = sa.text("SELECT campaign_key FROM messages WHERE id = :id")
        assert connection.scalar(query, {"id": told["ids"]["planned"]}) == "from-node"


def test_key_of_a_caller_is_found_nowhere(served, redis_server_url):
    bodies = [_provoke(served, *each) for each in PROVOCATIONS]
    assert {status for status, _ in bodies} >= {200, 400, 401, 404, 413, 502, 504}
    assert not [body for _, body in bodies if CANARY.encode() in body]
    with served.database.read() as connection:
        rows = [repr(row) for table in metadata.sorted_tables for row in connection.execute(sa.select(table))]
    assert len(rows) > 10
    assert not [row for row in rows if CANARY in row]
    if served.database.is_sqlite:
        files = Path(str(served.database.url.database)).parent.rglob("*")
        assert not [path for path in files if path.is_file() and CANARY.encode() in path.read_bytes()]
    with Redis.from_url(redis_server_url) as redis:
        kept = [repr((key, redis.dump(key))) for key in redis.scan_iter()]
    assert not [each for each in kept if CANARY in each]
    assert not [line for line in served.up.lines if CANARY in line]
    ours = descendants(served.up.process.pid) | {served.up.process.pid}
    assert not [pid for pid in ours if CANARY.encode() in Path(f"/proc/{pid}/cmdline").read_bytes()]
    assert not [pid for pid in ours if CANARY.encode() in Path(f"/proc/{pid}/environ").read_bytes()]


PROVOCATIONS: list[tuple[str | None, str, str, bytes]] = [
    (None, "POST", "/v2/messages", b'{"to": "+15557650501", "from": "+15557650900", "text": "x"}'),
    (None, "GET", "/v2/messages/x", b""),
    (None, "POST", "/v2/messages", b"{"),
    (None, "GET", f"/v2/{CANARY[:3]}", b""),
    (None, "POST", "/v2/messages", b"x" * 1_100_000),
    ("close", "POST", "/v2/messages", b'{"to": "+15557650501", "from": "+15557650900", "text": "x"}'),
    ("redirect", "POST", "/v2/messages", b'{"to": "+15557650501", "from": "+15557650900", "text": "x"}'),
    ("error", "DELETE", "/v2/messages/40385f64-5717-4562-b3fc-2c963f66afa6", b""),
    ("answer", "POST", "/v2/messages", b'{"to": "+15557650501", "from": "+15557650900", "text": "x"}'),
    ("unauthorized", "POST", "/v2/messages", b'{"to": "+15557650501", "from": "+15557650900", "text": "x"}'),
]


def _provoke(served: Served, fault: str | None, method: str, path: str, body: bytes) -> tuple[int, bytes]:
    """Have a call with the canary's key go wrong in one way."""
    if fault == "unauthorized":
        served.telnyx.fault("error", status=401, method=method, times=1)
    elif fault is not None:
        served.telnyx.fault(fault, method=method, times=1, body="<h1>?</h1>")
    headers = {"Authorization": f"Bearer {CANARY}", "Content-Type": "application/json"}
    answer = _ask(served.port, method, path, body, **headers)
    served.telnyx.clear_faults()
    return answer


def test_many_calls_at_once_are_all_answered_and_each_message_is_registered_once(served):
    answers: list[tuple[int, bytes]] = []

    def send(number: int) -> None:
        asked = {"to": f"+1555765{6000 + number}", "from": OURS, "text": "x", "send_at": in_an_hour().isoformat()}
        headers = {"Authorization": f"Bearer {CANARY}", "Content-Type": "application/json"}
        answers.append(_ask(served.port, "POST", "/v2/messages", json.dumps(asked).encode(), **headers))

    with ThreadPoolExecutor(50) as pool:
        list(pool.map(send, range(CALLS)))
    assert {status for status, _ in answers} <= {200, 503}
    ids = {json.loads(body)["data"]["id"] for status, body in answers if status == 200}
    # A machine on which other things run as well may refuse some.
    assert len(ids) >= CALLS * 3 // 4
    assert wait_for(lambda: {served.ledger_of(each) for each in ids} == {"pending"})
