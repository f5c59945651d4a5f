from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import httpx
import pytest
import structlog
from redis import Redis

import simulator
from ledger import reviewing
from rescind import examining_telnyx
from rescind.valkey import Valkey
from schemas import api_keys
from schemas.rulebook import Rulebook
from store.engine import Database
from tests.processes import accept_stop

WEBHOOKS = "http://127.0.0.1:8000/webhooks/telnyx"
FAILOVER = "http://127.0.0.1:8001/webhooks/telnyx/failover"
TOKEN = "a-token-for-the-doctor"


@pytest.fixture
def telnyx():
    with simulator.running(webhook_url=WEBHOOKS, webhook_failover_url=FAILOVER, api_key="KEY") as running:
        yield running


@pytest.fixture
def valkey(tmp_path):
    server = Valkey(tmp_path / "valkey")
    server.start()
    yield server
    server.stop()


@pytest.fixture
def healthy(telnyx, sqlite_url):
    return {
        "TELNYX_PUBLIC_KEY": telnyx.public_key,
        "TELNYX_API_KEY": "KEY",
        "TELNYX_BASE_URL": telnyx.base_url,
        "DATABASE_URL": sqlite_url,
        "RESCIND_API_TOKEN": TOKEN,
        "RESCIND_PASSTHROUGH_KEYS": api_keys.digest("KEY"),
    }


@pytest.fixture
def examine(run):
    """Runs the doctor; its status, and what it found as {subject: (state, told)}, the worst last."""

    def examine_(**settings: str):
        ran = run("doctor", "--json", **settings)
        found = json.loads(ran.out)["data"]
        assert all(bool(each["remedy"]) != (each["state"] == "ok") for each in found)
        order = ["ok", "warn", "fail"]
        worst_last = sorted(found, key=lambda each: order.index(each["state"]))
        return ran.status, {each["subject"]: (each["state"], each["told"]) for each in worst_last}

    return examine_


def test_all_is_well_where_all_is_well(examine, healthy, valkey):
    status, found = examine(REDIS_URL=valkey.url, **healthy)

    assert status == 0
    assert {state for state, _ in found.values()} == {"ok"}
    looks = {
        "public key",
        "policies",
        "database",
        "Redis",
        "reconciling",
        "clock",
        "Telnyx",
        "profile Simulated profile",
    }
    assert set(found) == looks


def test_missing_keys_are_failures(examine, sqlite_url):
    status, found = examine(DATABASE_URL=sqlite_url)

    assert status == 1
    assert found["public key"][0] == found["API key"][0] == "fail"
    assert found["API token"][0] == found["pass-through"][0] == "warn"
    assert "Telnyx" not in found


def test_every_wrong_setting_is_a_line(run):
    ran = run("doctor", RESCIND_TOLERANCE="soon", RESCIND_POLICY="x", TELNYX_API_KEY="KEY_canary")

    assert ran.status == 1
    assert ran.out.count("✗ settings: ") == 2
    assert "canary" not in ran.out


@pytest.mark.parametrize(
    ("settings", "subject", "state", "told"),
    [
        pytest.param({"TELNYX_API_KEY": "other"}, "Telnyx", "fail", "refuses TELNYX_API_KEY", id="wrong key"),
        pytest.param({"TELNYX_BASE_URL": "http://127.0.0.1:9/v2"}, "Telnyx", "fail", "127.0.0.1:9", id="nobody there"),
        pytest.param(
            {"RESCIND_POLICIES": "none.toml"}, "policies", "fail", "none.toml does not exist", id="no policies"
        ),
        pytest.param({"DATABASE_URL": "sqlite:///e.db"}, "database", "fail", "is empty", id="not migrated"),
        pytest.param(
            {"DATABASE_URL": "postgresql://u:secret@127.0.0.1:9/n"}, "database", "fail", "u:***@127.0.0.1", id="away"
        ),
        pytest.param({"REDIS_URL": "redis://127.0.0.1:9"}, "Redis", "warn", "does not answer", id="no Redis"),
    ],
)
def test_what_does_not_work_is_named(examine, healthy, settings, subject, state, told):
    status, found = examine(**(healthy | settings))

    assert found[subject][0] == state
    assert told in found[subject][1]
    assert status == (1 if state == "fail" else 0)
    assert "secret" not in str(found)


def follow(sqlite_url, path):
    """Have it on record, as the sweeper does, that the file is followed."""
    rulebook = Rulebook(path, log=structlog.get_logger())
    database = Database(sqlite_url)
    with database.begin() as connection:
        reviewing.follow_rules(connection, rulebook.current(), now=datetime.now(UTC))
    database.dispose()


def test_file_that_is_gone_while_its_rules_are_followed_is_a_failure(examine, healthy, sqlite_url, valkey):
    """What runs goes on by it, and what is started decides by the defaults."""
    file = Path("policies.toml")
    file.write_text('[opt_out]\nscope = "profile"\n')
    follow(sqlite_url, None)
    assert examine(REDIS_URL=valkey.url, **healthy)[1]["policies"][0] == "ok"

    file.unlink()
    status, found = examine(REDIS_URL=valkey.url, **healthy)

    assert status == 1
    assert found["policies"][0] == "fail"
    assert "there is no policies.toml here, but there was one" in found["policies"][1]

    file.write_text("")
    follow(sqlite_url, None)
    assert examine(REDIS_URL=valkey.url, **healthy)[1]["policies"][0] == "ok"
    file.unlink()
    assert examine(REDIS_URL=valkey.url, **healthy)[0] == 0


def test_file_that_nobody_has_followed_yet_is_warned_of(run, examine, healthy, sqlite_url, valkey):
    follow(sqlite_url, None)
    Path("policies.toml").write_text('[opt_out]\nscope = "profile"\n')

    status, found = examine(REDIS_URL=valkey.url, **healthy)

    assert (status, found["policies"][0]) == (0, "warn")
    assert "other settings" in found["policies"][1]
    assert "if the package of a policy was installed since" in run("doctor", REDIS_URL=valkey.url, **healthy).out


def test_a_redis_that_forgets_is_warned_of(examine, healthy, valkey):
    with Redis.from_url(valkey.url) as redis:
        redis.config_set("maxmemory-policy", "allkeys-lru")
        redis.config_set("appendonly", "no")

    status, found = examine(REDIS_URL=valkey.url, **healthy)

    assert status == 0
    assert found["Redis memory"][0] == found["Redis persistence"][0] == "warn"


def test_profiles_that_send_events_elsewhere_are_told(examine, healthy, telnyx):
    profile = telnyx.simulator.profiles()[0]["id"]
    telnyx.simulator.configure(
        {"profiles": {profile: {"webhook_api_version": "1", "webhook_url": "http://127.0.0.1:8000/other"}}}
    )

    status, found = examine(**healthy)

    assert status == 1
    assert "webhook_api_version is 1" in found["profile Simulated profile"][1]


@pytest.mark.parametrize(
    ("name", "url"),
    [
        ("webhook_url", f"{WEBHOOKS}/failover"),
        ("webhook_url", f"{WEBHOOKS}/"),
        ("webhook_url", "http://127.0.0.1:8000/"),
        ("webhook_failover_url", f"{FAILOVER}/"),
        ("webhook_failover_url", "http://127.0.0.1:8001/"),
    ],
)
def test_url_where_nothing_listens_is_warned_of(examine, healthy, telnyx, name, url):
    profile = telnyx.simulator.profiles()[0]["id"]
    urls = {"webhook_url": WEBHOOKS, "webhook_failover_url": FAILOVER} | {name: url}
    telnyx.simulator.configure({"profiles": {profile: urls}})

    status, found = examine(**healthy)

    assert status == 0
    assert found["profile Simulated profile"] == ("warn", f"its {name} is {url}")


@pytest.mark.parametrize("url", [WEBHOOKS, f"{WEBHOOKS}/failover"])
def test_failover_url_on_the_primarys_host_is_warned_of(examine, healthy, telnyx, url):
    telnyx.simulator.configure({"webhook_failover_url": url})

    status, found = examine(**healthy)

    state, told = found["profile Simulated profile"]
    assert (status, state) == (0, "warn")
    assert "same host" in told


def test_second_deployment_may_serve_as_failover(examine, healthy, telnyx):
    telnyx.simulator.configure({"webhook_failover_url": FAILOVER.removesuffix("/failover")})

    assert examine(**healthy)[1]["profile Simulated profile"][0] == "ok"


def test_profile_without_a_failover_url_is_well_and_told_what_may_serve_as_one(examine, healthy, telnyx):
    telnyx.simulator.configure({"webhook_failover_url": None})

    status, found = examine(**healthy)

    state, told = found["profile Simulated profile"]
    assert (status, state) == (0, "ok")
    assert told.startswith(f"webhooks go to {WEBHOOKS} (")
    assert told.endswith("set webhook_failover_url to its https://…/webhooks/telnyx/failover)")


def test_work_that_piles_up_is_a_failure(examine, healthy, sqlite_database):
    accept_stop(sqlite_database, sender="+15557650101", received_at=datetime.now(UTC) - timedelta(minutes=3))

    status, found = examine(**healthy)

    assert status == 1
    assert found["backlog"][0] == "fail"


@pytest.mark.parametrize(
    ("off", "state"),
    [
        pytest.param(timedelta(seconds=3), "ok", id="in step"),
        pytest.param(timedelta(seconds=-40), "warn", id="a little off"),
        pytest.param(timedelta(minutes=4), "fail", id="so far off that signatures will be refused"),
    ],
)
def test_our_clock_is_compared_with_theirs(off, state):
    response = httpx.Response(200, headers={"Date": format_datetime(datetime.now(UTC) + off)})

    (found,) = examining_telnyx._clock(response, timedelta(minutes=5))

    assert found.state == state


def test_every_variable_is_explained_and_no_secret_shown(run):
    ran = run("doctor", "--explain", TELNYX_API_KEY="KEY_canary", DATABASE_URL="sqlite:///mine.db")

    assert ran.status == 0
    assert "TELNYX_API_KEY (no default; now ***)" in ran.out
    assert "RESCIND_CANCEL_RATE (default 20; now unset)" in ran.out
    assert "canary" not in ran.out
