from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from rescind.examining_recovery import recovery
from rescind.findings import State
from schemas.settings import Settings
from store import reconciliations

HEALED = {"opt_outs": {"reported": 3, "held": 1, "healed": 2, "failed": 0}}


@pytest.fixture
def found(sqlite_url):
    """What is found, given the settings."""

    def found_(**more: str) -> tuple[State, str]:
        (finding,) = recovery(Settings.from_env({"DATABASE_URL": sqlite_url, **more}))
        return finding.state, finding.told

    return found_


def ran(database, *, ago: timedelta = timedelta(), error=None) -> None:
    at = datetime.now(UTC) - ago
    with database.begin() as connection:
        run = reconciliations.claim(connection, now=at)
        reconciliations.finish(connection, run, now=at, since=at, counts=HEALED, reached={}, error=error)


def test_a_run_lately_is_well(found, sqlite_database):
    assert found() == (State.OK, "not done yet; `rescind sweeper` does it")
    ran(sqlite_database)

    state, told = found()

    assert (state, told.endswith("2 missed")) == (State.OK, True)


def test_a_run_that_is_long_ago_or_was_incomplete_or_never_is_made_is_warned_of(found, sqlite_database):
    ran(sqlite_database, ago=timedelta(minutes=21))
    assert found()[0] is State.WARN
    ran(sqlite_database, error="Telnyx refuses TELNYX_API_KEY (401)")
    state, told = found()
    assert (state, "incomplete: Telnyx refuses" in told) == (State.WARN, True)
    assert found(RESCIND_RECONCILE_MINUTES="0")[0] is State.WARN


def test_a_database_without_tables_is_for_another_look(tmp_path):
    settings = Settings.from_env({"DATABASE_URL": f"sqlite:///{tmp_path}/empty.db"})
    assert list(recovery(settings)) == []
