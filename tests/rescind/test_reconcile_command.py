from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa

import simulator
from store import reconciliations, tables
from tests.processes import free_port
from tests.reports import ALICE, BOB

OURS = "+15557650900"


@pytest.fixture
def telnyx():
    """Its webhooks go nowhere."""
    with simulator.running(
        webhook_url=f"http://127.0.0.1:{free_port()}/", webhook_backoff=0.01, delivery_delay=0
    ) as running:
        running.inbound(sender=ALICE, to=OURS, text="STOP")
        running.inbound(sender=BOB, to=OURS, text="Hello")
        assert running.settle()
        yield running


@pytest.fixture
def settings(sqlite_url, telnyx):
    return {"DATABASE_URL": sqlite_url, "TELNYX_API_KEY": "KEY_test", "TELNYX_BASE_URL": telnyx.base_url}


def rows(database):
    with database.read() as connection:
        return {
            table.name: sorted(map(repr, connection.execute(sa.select(table))))
            for table in tables.metadata.sorted_tables
        }


def test_what_was_healed_is_told_by_source(run, settings):
    ran = run("reconcile", **settings)

    assert (ran.status, ran.err) == (0, "")
    lines = [line.split() for line in ran.out.splitlines()]
    assert ["failed", "deliveries", "2", "0", "2", "0"] in lines
    assert ["opt", "outs", "1", "0", "1", "0"] in lines
    assert "0 of the 2 events that Telnyx tells of" in ran.out
    assert "were held: 0.00 %" in ran.out
    assert "2 of the 2 events" in run("reconcile", "--since", "2h", **settings).out


def test_json_tells_the_same(run, settings):
    run("reconcile", **settings)

    data = json.loads(run("reconcile", "--json", **settings).out)["data"]

    assert data["sources"]["failed_deliveries"] == {"reported": 2, "held": 2, "healed": 0, "failed": 0}
    assert data["events"] == {"reported": 2, "held": 2, "percent": 100.0}
    assert (data["dry_run"], data["errors"]) == (False, [])


def test_a_dry_run_writes_nothing(run, settings, sqlite_database):
    before = rows(sqlite_database)

    ran = run("reconcile", "--dry-run", **settings)

    assert ran.status == 0
    assert "would be healed" in ran.out
    assert rows(sqlite_database) == before


@pytest.mark.parametrize(
    ("since", "ago"),
    [
        ("45m", timedelta(minutes=45)),
        ("2h", timedelta(hours=2)),
        ("3d", timedelta(days=3)),
        ("10d", timedelta(days=10)),
        ((datetime.now(UTC) - timedelta(days=1)).isoformat(), timedelta(days=1)),
    ],
)
def test_since_is_an_age_or_a_time(run, settings, since, ago):
    data = json.loads(run("reconcile", "--dry-run", "--since", since, "--json", **settings).out)["data"]

    asked = datetime.now(UTC) - datetime.fromisoformat(data["since"])
    assert ago <= asked < ago + timedelta(hours=1)


@pytest.mark.parametrize("since", ["2 hours", "0h", "h", "2026-02-15T14:30:00", "2999-01-01T00:00:00Z", ""])
def test_a_since_that_is_none_is_refused_in_one_line(run, settings, telnyx, since):
    ran = run("reconcile", "--since", since, **settings)

    assert ran.status == 2
    assert ran.err.splitlines()[-1].startswith("Error: Invalid value for '--since'")
    assert telnyx.requests() == []


@pytest.mark.parametrize("since", ["11d", "241h", "2026-02-15T14:30:00Z"])
def test_a_since_beyond_what_telnyx_remembers_is_refused_in_one_line(run, settings, telnyx, since):
    ran = run("reconcile", "--since", since, **settings)

    assert ran.status == 2
    assert "is longer ago than 10d, which is the most to ask for" in ran.err.splitlines()[-1]
    assert telnyx.requests() == []


def test_what_could_not_be_asked_is_one_line_and_an_exit_status(run, settings, telnyx):
    telnyx.fault("error", status=403, path="/v2/messaging_optouts", body="<h1>\x1b[31mno</h1>")

    ran = run("reconcile", **settings)

    assert ran.status == 1
    (line,) = ran.err.splitlines()
    assert line.startswith("rescind: Telnyx answers GET /messaging_optouts with 403")
    assert "\x1b" not in line
    assert "failed deliveries" in ran.out


def test_a_wrong_key_is_one_line(run, settings, telnyx):
    telnyx.configure(api_key="another")

    ran = run("reconcile", **settings)

    assert (ran.status, len(ran.err.splitlines())) == (1, 1)
    assert "refuses TELNYX_API_KEY (401)" in ran.err


def test_without_a_key_or_tables_or_while_another_runs_nothing_is_asked(
    run, settings, telnyx, sqlite_database, tmp_path
):
    unset = {name: value for name, value in settings.items() if name != "TELNYX_API_KEY"}
    assert (run("reconcile", **unset).status, "TELNYX_API_KEY" in run("reconcile", **unset).err) == (2, True)
    empty = run("reconcile", **settings | {"DATABASE_URL": f"sqlite:///{tmp_path}/empty.db"})
    assert (empty.status, "rescind migrate" in empty.err) == (2, True)
    with sqlite_database.begin() as connection:
        reconciliations.claim(connection, now=datetime.now(UTC))
    busy = run("reconcile", **settings)
    assert (busy.status, len(busy.err.splitlines())) == (2, 1)
    assert "another process is reconciling" in busy.err
    assert telnyx.requests() == []
