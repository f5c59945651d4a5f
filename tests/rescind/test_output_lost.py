"""Commands whose output cannot be written: a full disk, a reader that has gone."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

import pytest

from store import holds
from tests.processes import schedule
from tests.reports import ALICE, message_id

FULL = Path("/dev/full")
HOLD = ("hold", "add", "--scope", "recipient", "--value", ALICE, "--reason", "wrong price")
LOOKING = [
    ("messages",),
    ("messages", "--json"),
    ("messages", "--help"),
    ("why", message_id(1)),
    ("why", message_id(1), "--export", "-"),
    ("audit",),
    ("ledger",),
    ("hold", "list"),
    ("reschedule", message_id(1), "--dry-run"),
]
ACTING = [HOLD, (*HOLD, "--json")]

pytestmark = pytest.mark.skipif(not FULL.exists(), reason="there is no /dev/full here")


@pytest.fixture
def settings(sqlite_url, sqlite_database):
    schedule(sqlite_database, message_id(1), to=ALICE)
    return {"DATABASE_URL": sqlite_url}


@pytest.fixture
def full() -> Iterator[TextIO]:
    with FULL.open("w") as stream:
        yield stream


@pytest.fixture
def unread() -> Iterator[TextIO]:
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "w") as stream:
        yield stream


@pytest.mark.parametrize("arguments", [("--help",), *LOOKING])
def test_full_disk_is_one_line_and_no_answer(run, settings, monkeypatch, full, arguments):
    monkeypatch.setattr(sys, "stdout", full)

    ran = run(*arguments, **settings)

    told = "rescind: the output cannot be written: No space left on device; make room, or send it elsewhere\n"
    assert (ran.status, ran.err) == (2, told)


@pytest.mark.parametrize("arguments", ACTING)
def test_full_disk_after_a_change_tells_that_the_change_stands(
    run, settings, sqlite_database, monkeypatch, full, arguments
):
    monkeypatch.setattr(sys, "stdout", full)

    ran = run(*arguments, **settings)

    assert ran.status == 2
    assert "No space left on device; what it changed stays changed, so look before you run it again\n" in ran.err
    assert ran.err.count("\n") == 1
    assert held(sqlite_database) == 1


@pytest.mark.parametrize("arguments", LOOKING)
def test_reader_that_had_enough_is_told_nothing(run, settings, monkeypatch, unread, arguments):
    """The status is what a shell makes of a program that SIGPIPE ended, and never that all is well."""
    monkeypatch.setattr(sys, "stdout", unread)

    ran = run(*arguments, **settings)

    assert (ran.status, ran.err) == (141, "")


@pytest.mark.parametrize("arguments", ACTING)
def test_reader_that_went_before_a_change_was_told_of_is_told_that_it_stands(
    run, settings, sqlite_database, monkeypatch, unread, arguments
):
    monkeypatch.setattr(sys, "stdout", unread)

    ran = run(*arguments, **settings)

    assert ran.status == 141
    assert ran.err == (
        "rescind: the output cannot be written: its reader has gone; what it changed stays changed, so look before you"
        " run it again\n"
    )
    assert held(sqlite_database) == 1


def test_error_that_cannot_be_told_either_is_no_traceback(run, settings, monkeypatch, full):
    monkeypatch.setattr(sys, "stderr", full)

    ran = run("why", "nothing", **settings)

    assert (ran.status, ran.out) == (2, "")


def held(database) -> int:
    with database.read() as connection:
        return len(holds.listing(connection, limit=10))
