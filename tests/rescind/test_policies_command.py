from __future__ import annotations

import io
import json
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from core.policies import catalogue

WRONG = '[opt_out]\nmodee = "off"\nscope = "profil"\n\n[optout]\n[stale_campaign]\nmax_age = 3\n'


def test_all_that_is_wrong_with_a_file_is_told_a_line_each(run):
    Path("mine.toml").write_text(WRONG)
    ran = run("policies", "check", "mine.toml")
    assert (ran.status, ran.out) == (1, "")
    assert ran.err.splitlines() == [
        "mine.toml line 2: opt_out.modee is unknown; did you mean 'mode'?",
        "mine.toml line 3: opt_out.scope is 'profil'; use 'all' or 'profile'",
        (
            "mine.toml line 5: optout is unknown; did you mean 'opt_out'?"
            " Or install the package that brings it, and start again what was running before"
        ),
        "mine.toml line 7: stale_campaign.max_age is 3; write a number and a unit, such as '3d', '36h', '90m' or '45s'",
    ]


@pytest.mark.parametrize(
    ("raw", "told"),
    [(b"[opt_out", "line 1, column 9"), (b"\xff", "is not UTF-8 at byte 0"), (b"\na = 1", "line 2: a is unknown")],
)
def test_standard_input_is_checked(run, monkeypatch, raw, told):
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(raw)))
    ran = run("policies", "check", "-")
    assert (ran.status, ran.out) == (1, "")
    assert ran.err.startswith(f"standard input {told}")
    assert len(ran.err.splitlines()) == 1


def test_right_file_is_told_with_what_it_changes(run):
    Path("policies.toml").write_text('[opt_out]\nscope = "profile"\n')
    Path("mine.toml").write_text('[stale_campaign]\nmax_age = "36h"\nexempt = ["otp", "marketing"]\n')
    ran = run("policies", "check", "mine.toml")
    assert (ran.status, ran.err) == (0, "")
    assert ran.out.splitlines()[1:] == [
        "against policies.toml it changes this:",
        '  opt_out.scope: "profile" becomes "all"',
        '  stale_campaign.max_age: absent becomes "36h"',
        '  stale_campaign.exempt: [] becomes ["marketing", "otp"]',
    ]


def test_file_that_changes_nothing_says_so(run):
    Path("mine.toml").write_text("# nothing\n")
    ran = run("policies", "check", "mine.toml")
    assert (ran.status, ran.err) == (0, "")
    assert catalogue.rules().digest in ran.out
    assert ran.out.splitlines()[1:] == ["against the defaults it changes nothing"]


def test_file_in_force_is_known_as_such(run):
    Path("policies.toml").write_text("")
    assert run("policies", "check", "./policies.toml").out.splitlines()[1:] == [
        "it is the file that is to be in force; `rescind doctor` tells whether it is followed"
    ]


def test_file_is_checked_although_the_one_in_force_is_broken(run):
    Path("policies.toml").write_text("?")
    Path("mine.toml").write_text("")
    ran = run("policies", "check", "mine.toml")
    assert ran.status == 0
    assert "what it changes cannot be told: policies.toml line 1" in ran.out


def test_file_that_is_not_there_is_wrong_use(run):
    ran = run("policies", "check", "mine.toml")
    assert ran.status == 2
    assert "mine.toml" in ran.err


def test_list_tells_every_policy_with_every_setting(run):
    Path("mine.toml").write_text('[stale_campaign]\nmax_age = "2d"\n')
    shown = json.loads(run("policies", "list", "--file", "mine.toml", "--json").out)["data"]
    assert [each["policy"] for each in shown] == list(catalogue.known())
    by_name = {each["policy"]: each for each in shown}
    for each in shown:
        assert each["package"] == "rescind"
        assert each["source"]
        assert {setting["key"] for setting in each["settings"]} >= {"mode", "exempt"}
    (max_age,) = [each for each in by_name["stale_campaign"]["settings"] if each["key"] == "max_age"]
    assert max_age == {
        "key": "max_age",
        "value": '"2d"',
        "default": "absent",
        "takes": "a duration, such as '3d', '36h', '90m' or '45s'",
        "meaning": "cancel what was scheduled longer ago than this; absent: never",
    }


def test_list_is_a_table_for_people(run):
    ran = run("policies", "list")
    assert (ran.status, ran.err) == (0, "")
    assert all(name in ran.out for name in catalogue.known())
    assert "whether it cancels" in ran.out


def test_list_of_a_broken_file_says_what_is_wrong(run):
    Path("policies.toml").write_text(WRONG)
    ran = run("policies", "list")
    assert (ran.status, ran.out) == (2, "")
    assert ran.err == ("rescind: policies.toml line 2: opt_out.modee is unknown; did you mean 'mode'? (and 3 more)\n")
