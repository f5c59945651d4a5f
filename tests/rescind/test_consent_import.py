"""``rescind consent import``: a file of numbers, taken whole or told line by line."""

from __future__ import annotations

import json

import pytest

from store import cancellations, consents
from tests.processes import schedule
from tests.reports import ALICE, BOB, message_id


@pytest.fixture
def settings(sqlite_url, sqlite_database):
    schedule(sqlite_database, message_id(1), to=ALICE)
    schedule(sqlite_database, message_id(2), to=BOB)
    return {"DATABASE_URL": sqlite_url}


@pytest.fixture
def numbers(tmp_path):
    def write(text: str | bytes) -> str:
        path = tmp_path / "numbers.csv"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return str(path)

    return write


def words(database, number=ALICE):
    with database.read() as connection:
        return [(row.word.kind, row.word.evidence, row.word.source) for row in consents.history(connection, number)]


def is_cancelled(database, number):
    with database.read() as connection:
        return cancellations.of(connection, message_id(number)) is not None


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(f"{ALICE}\n", id="a number on each line"),
        pytest.param(f"name,Phone_Number,why\nAlice,{ALICE},angry\n", id="a column among others"),
        pytest.param(f"\ufeffphone_number\r\n\r\n{ALICE}\r\n{ALICE}\r\n", id="as spreadsheets write it, and twice"),
        pytest.param("+1 (555) 765-0101\n", id="as people write it"),
    ],
)
def test_numbers_are_put_on_the_list(run, settings, sqlite_database, numbers, content):
    ran = run("consent", "import", numbers(content), "--list", "complaints", **settings)

    assert (ran.status, ran.err) == (0, "")
    assert ran.out == (
        "1 numbers put on the list complaints, 0 were on it already\n1 pending messages to them are cancelled\n"
    )
    assert words(sqlite_database) == [("listed", "complaints", "list")]
    assert (is_cancelled(sqlite_database, 1), is_cancelled(sqlite_database, 2)) == (True, False)


def test_lines_that_cannot_be_read_are_told_and_the_rest_is_taken(run, settings, sqlite_database, numbers):
    path = numbers(f"phone_number\n0171 234\n{BOB}\n\xff\n".encode("latin-1"))

    ran = run("consent", "import", path, "--list", "complaints", **settings)

    assert ran.status == 1
    assert "line 2: '0171 234' is no number with its country code; write it as +15551230001" in ran.err
    assert "line 4: " in ran.err
    assert words(sqlite_database, BOB) == [("listed", "complaints", "list")]


def test_same_file_again_with_the_same_date_changes_nothing(run, settings, sqlite_database, numbers):
    arguments = ("consent", "import", numbers(f"{ALICE}\n"), "--list", "complaints", "--as-of", "2026-05-01", "--json")
    first, second = (json.loads(run(*arguments, **settings).out)["data"] for _ in range(2))

    assert (first["new"], first["known"]) == (1, 0)
    assert (second["new"], second["known"], second["errors"]) == (0, 1, [])
    assert len(words(sqlite_database)) == 1


def test_numbers_are_taken_off_again(run, settings, sqlite_database, numbers):
    path = numbers(f"{ALICE}\n")
    run("consent", "import", path, "--list", "complaints", "--as-of", "2026-05-01", **settings)

    ran = run("consent", "import", path, "--list", "complaints", "--remove", **settings)

    assert ran.out.startswith("1 numbers taken off the list complaints")
    assert [kind for kind, *_ in words(sqlite_database)] == ["listed", "delisted"]


def test_numbers_are_told_by_what_came_of_them(run, settings, numbers):
    path = numbers(f"{ALICE}\n{BOB}\n")
    take = ("consent", "import", path, "--list", "complaints")
    calls = (("--remove",), ("--as-of", "2026-05-02"), ("--as-of", "2026-05-01"), ("--remove",))
    never, stale, again, off = (run(*take, *call, **settings).out.splitlines()[:-1] for call in calls)

    assert never == ["0 numbers taken off the list complaints, 2 were not on it"]
    assert (
        stale
        == again
        == [
            "0 numbers put on the list complaints, 0 were on it already",
            "2 stay off it, since they were taken off as of a later time",
        ]
    )
    assert off == never


def test_list_of_an_earlier_time_puts_nobody_on_it_again(run, settings, numbers):
    path = numbers(f"{ALICE}\n")
    take = ("consent", "import", path, "--list", "complaints", "--as-of")
    run(*take, "2026-05-02", **settings)

    again = run(*take, "2026-05-01", **settings)
    stale = run(*take, "2026-05-01", "--remove", **settings)

    assert again.out.startswith("0 numbers put on the list complaints, 1 were on it already\n")
    assert stale.out.startswith(
        "0 numbers taken off the list complaints, 0 were not on it\n1 stay on it, since they were put on as of a later"
    )


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        pytest.param(("--list", " "), "--list has to be a name", id="no name"),
        pytest.param(("--list", "x" * 81), "--list has to be a name", id="a long name"),
        pytest.param(("--list", "a", "--as-of", "yesterday"), "is no time", id="no time"),
        pytest.param(("--list", "a", "--as-of", "2999-01-01"), "is still to come", id="a time to come"),
        pytest.param((), "--list", id="no list"),
    ],
)
def test_wrong_call_is_told_and_nobody_is_listed(run, settings, sqlite_database, numbers, arguments, told):
    ran = run("consent", "import", numbers(f"{ALICE}\n"), *arguments, **settings)

    assert (ran.status, ran.out) == (2, "")
    assert told in ran.err
    assert words(sqlite_database) == []
    assert not is_cancelled(sqlite_database, 1)
