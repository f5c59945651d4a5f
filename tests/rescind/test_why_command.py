"""``rescind why``: verdicts, slack and what would have changed the outcome for a person; evidence in a file."""

from __future__ import annotations

import json
import re
import stat
from dataclasses import replace

import pytest

from core.facts import MessageClass
from tests.books import opted_out, registered
from tests.ledger.test_intending import WISH, begun
from tests.processes import schedule
from tests.reports import ALICE, message_id, registration


@pytest.fixture
def settings(sqlite_url, sqlite_database):
    schedule(sqlite_database, message_id(1), to=ALICE)
    opted_out(sqlite_database, reason="by phone \x1b[31m")
    return {"DATABASE_URL": sqlite_url}


def test_story_tells_verdicts_slack_and_what_would_have_changed_it(run, settings):
    told = run("why", message_id(1), **settings).out

    assert "before the deadline" in told
    assert "  cancel  opt_out  " in told
    assert "event: opt-out:1" in told
    assert told.endswith("what would have changed it:\n  without opt_out it would be free to go\n")
    assert "\x1b" not in told


def test_what_the_sender_told_is_shown_and_misspelt_labels_apart(run, settings, sqlite_database):
    tags = ("sequence:w", "sequnce:x", "priorty:1")
    told_so = replace(registration(2, campaign_key="spring"), message_class=MessageClass.OTP, tags=tags)
    registered(sqlite_database, told_so)
    intent_id = begun(sqlite_database, replace(WISH, tags=tags))

    of_message = facts_of(run("why", message_id(2), **settings).out)
    of_request = facts_of(run("why", intent_id, **settings).out)

    expected = {"campaign": "spring", "class": "otp", "labels": "sequence:w", "other tags": "sequnce:x, priorty:1"}
    assert expected.items() <= of_message.items()
    assert expected.items() <= of_request.items()
    assert not {"labels", "other tags"} & facts_of(run("why", message_id(1), **settings).out).keys()


def facts_of(told):
    """Return what stands above the timeline, by what it is called."""
    lines = [re.split(r" {3,}", line.strip(), maxsplit=1) for line in told.split("what happened")[0].splitlines()]
    return {line[0]: line[1] for line in lines if len(line) > 1}


def test_first_characters_of_an_id_do_where_no_other_begins_so(run, settings, sqlite_database, tmp_path):
    assert message_id(1) in run("why", message_id(1)[:8].upper(), **settings).out

    schedule(sqlite_database, message_id(2), to=ALICE)
    ran = run("why", message_id(1)[:8], "--export", "evidence.json", **settings)

    assert (ran.status, ran.out) == (2, "")
    assert ran.err.startswith(f"rescind: {message_id(1)[:8]} begins several ids, such as {message_id(1)} and ")
    assert not (tmp_path / "evidence.json").exists()


def test_evidence_is_written_to_a_new_file_for_its_owner_alone(run, settings, tmp_path):
    ran = run("why", message_id(1), "--export", "evidence.json", **settings)

    assert (ran.status, ran.out) == (0, "")
    file = tmp_path / "evidence.json"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert json.loads(file.read_text())["story"]["message"]["id"] == message_id(1)


def test_hold_that_was_placed_afterwards_is_told(run, sqlite_url, sqlite_database):
    schedule(sqlite_database, message_id(1), to=ALICE)
    settings = {"DATABASE_URL": sqlite_url}
    run("hold", "add", "--scope", "all", "--reason", "wrong price", **settings)

    told = run("why", message_id(1), **settings).out

    assert "held by" in told
    assert "wrong price; cancelled" in told
    assert "unless it is lifted before" in told


@pytest.mark.parametrize("export", [("--export", "-"), ("--export",)])
def test_evidence_goes_to_stdout(run, settings, export):
    assert json.loads(run("why", message_id(1), *export, **settings).out)["events"]["opt-out:1"]


def test_file_that_is_there_is_left_as_it_is(run, settings, tmp_path):
    file = tmp_path / "evidence.json"
    file.write_text("mine")

    ran = run("why", message_id(1), "--export", "evidence.json", **settings)

    assert ran.status == 2
    assert ran.err == "rescind: evidence.json is there already and is left as it is; name another file\n"
    assert file.read_text() == "mine"


def test_file_that_cannot_be_made_is_one_line(run, settings):
    ran = run("why", message_id(1), "--export", "none/evidence.json", **settings)

    assert ran.status == 2
    assert ran.err.startswith("rescind: none/evidence.json cannot be written: ")


def test_unknown_message_leaves_no_file(run, settings, tmp_path):
    assert run("why", message_id(9), "--export", "evidence.json", **settings).status == 2
    assert not (tmp_path / "evidence.json").exists()


def test_export_and_json_together_are_refused(run, settings):
    assert run("why", message_id(1), "--export", "-", "--json", **settings).status == 2
