"""``rescind consent report``: says how it stands, and fails when somebody who refused has something pending."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa

from store.tables import cancellations
from tests.books import opted_out
from tests.ledger.test_intending import WISH
from tests.ledger.test_meeting import lost
from tests.processes import schedule
from tests.reports import ALICE, BOB, CAROL, message_id


@pytest.fixture
def settings(sqlite_url, sqlite_database):
    schedule(sqlite_database, message_id(1), to=ALICE)
    schedule(sqlite_database, message_id(2), to=BOB)
    opted_out(sqlite_database)
    return {"DATABASE_URL": sqlite_url}


def test_report_says_how_many_are_being_cancelled(run, settings):
    ran = run("consent", "report", **settings)

    assert (ran.status, ran.err) == (0, "")
    assert ran.out == (
        "2 messages are pending; of those to somebody who refused 1 are being cancelled, 0 are not;"
        " 0 are held while it is in doubt\n"
    )


def test_message_that_nobody_is_cancelling_is_listed_and_the_status_is_1(run, settings, sqlite_database):
    with sqlite_database.begin() as connection:
        connection.execute(sa.delete(cancellations))

    ran, as_json = run("consent", "report", **settings), run("consent", "report", "--json", **settings)

    assert (ran.status, as_json.status) == (1, 1)
    assert "0 are being cancelled, 1 are not" in ran.out
    told = json.loads(as_json.out)["data"]
    assert (told["holds"], told["pending"], [each["message_id"] for each in told["unguarded"]]) == (
        False,
        2,
        [message_id(1)],
    )
    with sqlite_database.read() as connection:
        assert connection.scalar(sa.select(sa.func.count()).select_from(cancellations)) == 0


@pytest.mark.parametrize("mode", ["shadow", "off"])
def test_policy_that_is_not_enforced_is_told_first_and_the_status_is_1(run, settings, tmp_path, mode):
    (tmp_path / "new.toml").write_text(f'[opt_out]\nmode = "{mode}"\n')
    settings |= {"RESCIND_POLICIES": str(tmp_path / "new.toml")}

    ran, as_json = run("consent", "report", **settings), run("consent", "report", "--json", **settings)

    assert (ran.status, as_json.status) == (1, 1)
    assert ran.out.splitlines()[0] == "nothing is proved of what is not enforced: opt_out"
    told = json.loads(as_json.out)["data"]
    assert (told["holds"], told["not_enforced"], told["unguarded"]) == (False, ["opt_out"], [])


def test_request_in_doubt_to_somebody_who_refused_is_told_with_what_can_be_done(run, settings, sqlite_database):
    at = datetime.now(UTC)
    lost(sqlite_database, replace(WISH, recipients=(BOB,), send_at=at + timedelta(hours=3)), now=at)
    assert run("consent", "report", **settings).status == 0
    intent_id = lost(sqlite_database, replace(WISH, recipients=(CAROL,), send_at=at + timedelta(hours=3)), now=at)
    opted_out(sqlite_database, CAROL, cause="opt-out:2")

    ran, as_json = run("consent", "report", **settings), run("consent", "report", "--json", **settings)

    assert (ran.status, as_json.status) == (1, 1)
    assert "1 requests to somebody who refused are in doubt" in ran.out
    assert "GET it through /v2" in ran.out
    told = json.loads(as_json.out)["data"]
    assert (told["holds"], told["unguarded"]) == (False, [])
    (shown,) = told["in_doubt"]
    assert (shown["request_id"], shown["recipients"], shown["policy"]) == (intent_id, [CAROL], "opt_out")
    assert intent_id in ran.out


def test_database_that_is_not_migrated_is_told_in_one_line(run, tmp_path):
    ran = run("consent", "report", DATABASE_URL=f"sqlite:///{tmp_path}/empty.db")

    assert (ran.status, ran.out) == (2, "")
    assert "rescind migrate" in ran.err
