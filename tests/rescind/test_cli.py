from __future__ import annotations

import click
import pytest

from rescind import cli


@pytest.mark.parametrize("name", cli._COMMANDS)
def test_every_command_is_there_and_explains_itself(run, name):
    ran = run(name, "--help")

    assert ran.status == 0
    assert ran.out.startswith(f"Usage: rescind {name}")


def test_help_lists_every_command(run):
    out = run("--help").out

    assert all(f"  {name} " in out for name in cli._COMMANDS)


def test_an_unknown_command_is_a_wrong_use(run):
    ran = run("nothing")

    assert ran.status == 2
    assert "No such command 'nothing'" in ran.err


@pytest.mark.parametrize(
    ("command", "settings", "told"),
    [
        pytest.param("worker", {}, "TELNYX_API_KEY is not set", id="worker without a key"),
        pytest.param("worker", {"TELNYX_API_KEY": "k"}, "REDIS_URL is not set", id="worker without Redis"),
        pytest.param("sweeper", {}, "TELNYX_API_KEY is not set", id="sweeper without a key"),
        pytest.param("up", {}, "TELNYX_PUBLIC_KEY is not set", id="up without keys"),
        pytest.param("ledger", {"DATABASE_URL": "mysql://x/y"}, "DATABASE_URL", id="another database"),
        pytest.param("ledger", {"RESCIND_TOLERANSE": "3"}, "did you mean 'RESCIND_TOLERANCE'", id="a typo"),
    ],
)
def test_a_wrong_setting_is_told_in_one_line_without_a_traceback(run, tmp_path, command, settings, told):
    ran = run(command, **settings)

    assert ran.status == 2
    assert ran.err.startswith("rescind: ")
    assert told in ran.err
    assert ran.err.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("arguments", [("why", "\udcff"), ("events", "--type", "\udcff"), ("replay", "\udcff")])
def test_bytes_that_are_no_text_are_a_wrong_use(run, arguments):
    ran = run(*arguments)

    assert (ran.status, ran.out) == (2, "")
    assert ran.err == "rescind: an argument is not written in UTF-8; type it again\n"


def test_bytes_of_an_event_are_not_asked_for_as_json(run):
    ran = run("events", "an-id", "--raw", "--json")

    assert ran.status == 2
    assert "give one of the two" in ran.err


def test_an_interrupted_command_ends_with_130(monkeypatch):
    @click.command("interrupted")
    def interrupted() -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(cli, "commands", interrupted)

    assert cli.main([]) == 130
