"""``rescind backtest``: what another file of policies would have made of what was decided lately; nothing is done."""

from __future__ import annotations

import io
import json
import sys
from types import SimpleNamespace

import pytest

from tests.books import dump
from tests.processes import schedule
from tests.reports import ALICE, BOB, message_id

OPT_OUT_OFF = '[opt_out]\nmode = "off"\n'


@pytest.fixture
def settings(sqlite_url, sqlite_database, tmp_path):
    schedule(sqlite_database, message_id(1), to=ALICE)
    schedule(sqlite_database, message_id(2), to=BOB)
    (tmp_path / "new.toml").write_text('[quiet_hours]\nmode = "enforce"\n')
    return {"DATABASE_URL": sqlite_url}


def test_report_counts_what_changes_and_gives_examples(run, settings):
    ran = run("backtest", "--policies", "new.toml", **settings)

    assert (ran.status, ran.err) == (0, "")
    head, *lines = ran.out.splitlines()
    assert head.startswith("new.toml tried on 2 messages decided on since 20")
    (row,) = [line.split() for line in lines if line.split()[:2] == ["quiet_hours", "enforce"]]
    assert row == ["quiet_hours", "enforce", "0", "0", "0", "2", "2", "0", "0"]
    (row,) = [line.split() for line in lines if line.strip().startswith("all that is enforced ")]
    assert row[-7:] == ["0", "0", "0", "2", "2", "0", "0"]
    assert "quiet_hours: 2 more, such as" in lines
    at = lines.index("quiet_hours: 2 more, such as")
    assert lines[at + 1].startswith(f"  {message_id(1)}, decided 20")
    assert lines[at + 2] == "    then allow: it was not asked"
    assert lines[at + 3].startswith(f"    now  hold: nothing tells the time zone of {ALICE}")


def test_json_says_the_same_to_programs(run, settings):
    ran = run("backtest", "--policies", "new.toml", "--json", **settings)

    told = json.loads(ran.out)["data"]
    assert (told["messages"], told["campaign"], told["untried"]) == (2, None, [])
    assert told["together"]["now"] == {"cancel": 0, "hold": 2}
    assert (told["together"]["more"], told["together"]["fewer"], told["together"]["same"]) == (2, 0, 0)
    quiet = told["policies"]["quiet_hours"]
    assert (quiet["mode"], quiet["more"]) == ("enforce", 2)
    example = quiet["examples"]["more"][0]
    assert (example["message_id"], example["then"]["verdict"], example["now"]["verdict"]) == (
        message_id(1),
        "allow",
        "hold",
    )


def test_nothing_is_changed_and_the_file_in_force_is_left_alone(run, settings, sqlite_database, tmp_path):
    (tmp_path / "policies.toml").write_text(OPT_OUT_OFF)
    before = dump(sqlite_database)

    assert run("backtest", "--policies", "new.toml", **settings).status == 0

    assert dump(sqlite_database) == before
    assert (tmp_path / "policies.toml").read_text() == OPT_OUT_OFF


def test_campaign_of_which_nothing_was_decided_is_told_so(run, settings):
    ran = run("backtest", "--policies", "new.toml", "--campaign", "none such", **settings)

    assert (ran.status, ran.out.splitlines()[1:]) == (0, [])
    assert "tried on 0 messages of campaign none such decided on since" in ran.out


def test_time_that_is_yet_to_come_is_refused(run, settings):
    ran = run("backtest", "--policies", "new.toml", "--since", "2199-01-01T00:00:00Z", **settings)

    assert (ran.status, ran.out) == (2, "")
    assert "is yet to come" in ran.err


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("[quiet_hours]\nmode = 'enforc'\n", "line 2"),
        ("[quiet_houses]\n", "quiet_hours"),
        ("[quiet_hours\n", "line 1"),
    ],
)
def test_file_that_is_wrong_is_told_by_its_line_and_nothing_is_tried(run, settings, tmp_path, text, told):
    (tmp_path / "new.toml").write_text(text)

    ran = run("backtest", "--policies", "new.toml", **settings)

    assert (ran.status, ran.out) == (2, "")
    assert "new.toml" in ran.err
    assert told in ran.err
    assert "Traceback" not in ran.err


def test_database_that_is_not_migrated_is_told_in_one_line(run, settings, tmp_path):
    ran = run("backtest", "--policies", "new.toml", DATABASE_URL=f"sqlite:///{tmp_path}/empty.db")

    assert (ran.status, ran.out) == (2, "")
    assert "rescind migrate" in ran.err


def test_standard_input_is_tried_as_a_file_is(run, settings, monkeypatch):
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(b'[quiet_hours]\nmode = "enforce"\n')))

    ran = run("backtest", "--policies", "-", **settings)

    assert (ran.status, ran.err) == (0, "")
    assert ran.out.startswith("standard input tried on 2 messages decided on since 20")
    assert "quiet_hours: 2 more, such as" in ran.out.splitlines()
