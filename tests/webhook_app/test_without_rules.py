"""A receiver that starts while the policies are broken: it accepts, and refuses only what has to be decided on."""

from __future__ import annotations

import json
import time
import urllib.request
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from store.engine import Database
from tests import telnyx_signing as telnyx
from tests.door_world import DoorWorld, door, error_of
from tests.processes import wait_for
from tests.receiving_world import PATH, rows_of, served
from tests.reports import ALICE, message_id

BROKEN, RIGHT = '[opt_out]\nmode = "enforc"\n', '[opt_out]\nmode = "enforce"\n'
TOKEN = "a-token-of-this-test"
BEARER = {"Authorization": f"Bearer {TOKEN}"}


@pytest.fixture
def file(tmp_path) -> Path:
    path = tmp_path / "policies.toml"
    path.write_text(BROKEN)
    return path


@pytest.fixture
def world(database, file):
    with door(database, RESCIND_POLICIES=str(file), RESCIND_API_TOKEN=TOKEN) as world:
        yield world


def mend(file: Path) -> None:
    """Write it right, as if that had been a while ago: a file is followed when it is at rest."""
    file.write_text(RIGHT)
    time.sleep(1.1)


def webhook(world: DoorWorld) -> int:
    body = telnyx.raw(telnyx.event())
    return world.client.post(PATH, data=body, headers=telnyx.headers(body, datetime.now(UTC))).status_code


def test_webhooks_are_verified_and_kept(world):
    assert webhook(world) == 200
    assert len(rows_of(world.database)) == 1

    body = telnyx.raw(telnyx.event())
    forged = telnyx.headers(body, datetime.now(UTC), key=telnyx.OTHER_KEY)
    assert world.client.post(PATH, data=body, headers=forged).status_code == 401
    assert len(rows_of(world.database)) == 1


DECIDED_ON = {
    "registration": ("POST", "/v1/messages", {"data": {"id": message_id(), "to": [{"phone_number": ALICE}]}}),
    "registration of many": ("POST", "/v1/messages", {"messages": [{"data": {"id": message_id()}}]}),
    "opt-out": ("POST", "/v1/opt-outs", {"phone_number": ALICE}),
    "signal": ("POST", "/v1/signals", {"kind": "goal", "value": "purchase", "phone_number": ALICE}),
    "time zone": ("PUT", f"/v1/recipients/{ALICE}", {"time_zone": "America/New_York"}),
}


@pytest.mark.parametrize(("method", "path", "body"), DECIDED_ON.values(), ids=DECIDED_ON)
def test_what_has_to_be_decided_on_is_refused_with_what_is_wrong_and_nothing_is_kept(world, method, path, body):
    send_at = datetime.now(UTC).replace(year=2199).isoformat()
    if path == "/v1/messages":
        for each in body.get("messages", [body]):
            each["data"] |= {
                "record_type": "message",
                "direction": "outbound",
                "from": {"phone_number": "+15557650900"},
                "to": [{"phone_number": ALICE, "status": "scheduled"}],
                "send_at": send_at,
            }

    answer = world.client.open(path, method=method, json=body, headers=BEARER)

    assert answer.status_code == 503, answer.text
    error = answer.get_json()["error"]
    assert error["code"] == "rules_unavailable"
    assert "opt_out.mode is 'enforc'" in error["message"]
    assert "line 2" in error["message"]
    assert answer.headers["Retry-After"] == "1"
    assert world.rows() == {}
    assert world.rung == 0


@pytest.mark.parametrize("path", ["/v1/messages", "/v1/ledger", "/v1/signals", "/v1/holds", "/healthz"])
def test_what_is_only_looked_at_is_shown(world, path):
    assert world.client.get(path, headers=BEARER).status_code == 200


def test_it_is_ready_and_says_that_it_lacks_something(world, file):
    answer = world.client.get("/readyz")

    assert (answer.status_code, answer.json) == (200, {"status": "degraded", "policies": "unavailable"})
    assert str(file) not in answer.text
    mend(file)
    assert world.client.get("/readyz").json == {"status": "ready"}


def test_it_says_that_it_does_not_follow_the_file_any_more(database, file):
    file.write_text(RIGHT)
    with door(database, RESCIND_POLICIES=str(file), RESCIND_API_TOKEN=TOKEN) as world:
        assert world.client.get("/readyz").json == {"status": "ready"}
        file.unlink()
        answer = world.client.get("/readyz")

        assert (answer.status_code, answer.json) == (200, {"status": "degraded", "policies": "not_followed"})
        assert world.schedule().status_code == 200
        mend(file)
        assert world.client.get("/readyz").json == {"status": "ready"}


@pytest.mark.parametrize("on_failure", ["refuse", "forward"])
def test_door_sends_nothing_on(database, file, on_failure):
    with door(database, RESCIND_POLICIES=str(file), RESCIND_PASSTHROUGH_ON_FAILURE=on_failure) as world:
        error = error_of(world.schedule(), 503)

        assert "policies there are mended" in error["detail"]
        assert str(file) not in error["detail"]
        assert world.sends() == []
        assert world.intents() == []
        assert world.rows() == {}


def test_door_still_cancels_and_looks(world):
    scheduled = world.telnyx.schedule(to=ALICE, sender="+15557650900", send_at=datetime.now(UTC) + timedelta(hours=1))

    assert world.call("GET", f"/v2/messages/{scheduled['id']}").status_code == 200
    assert world.call("DELETE", f"/v2/messages/{scheduled['id']}").status_code == 200
    assert world.telnyx.message(scheduled["id"])["to"][0]["status"] == "cancelled"


def test_mended_file_is_followed_without_a_restart(world, file):
    error_of(world.schedule(), 503)
    mend(file)

    assert world.schedule().status_code == 200
    assert len(world.sends()) == 1
    world.opt_out()
    error_of(world.schedule(), 409)
    assert len(world.sends()) == 1


def test_first_signal_under_new_rules_is_taken(world, file):
    """The rules are put down before it, in a transaction of their own, for which its own must not be under way."""
    mend(file)

    answer = world.client.post("/v1/signals", json=DECIDED_ON["signal"][2], headers=BEARER)

    assert answer.status_code == 201, answer.text


def test_server_starts_takes_webhooks_and_follows_when_it_is_mended(tmp_path, sqlite_template, file):
    path = tmp_path / "rescind.db"
    path.write_bytes(sqlite_template.read_bytes())
    database = Database(f"sqlite:///{path}")
    settings = {"RESCIND_POLICIES": str(file), "RESCIND_API_TOKEN": TOKEN}
    with served(tmp_path, f"sqlite:///{path}", **settings) as port:
        body = telnyx.raw(telnyx.event())
        asked = urllib.request.Request(
            f"http://127.0.0.1:{port}{PATH}", data=body, headers=telnyx.headers(body, datetime.now(UTC))
        )
        with urllib.request.urlopen(asked, timeout=10) as answer:
            assert answer.status == 200
        assert len(rows_of(database)) == 1
        assert readiness(port) == {"status": "degraded", "policies": "unavailable"}

        file.write_text(RIGHT)

        assert wait_for(lambda: readiness(port) == {"status": "ready"})
    database.dispose()


def readiness(port: int) -> dict[str, str]:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=10) as answer:
        found: dict[str, str] = json.load(answer)
        return found
