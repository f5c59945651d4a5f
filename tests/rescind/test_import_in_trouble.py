"""An import while Telnyx throttles, is away, or lets nobody in, and one that is stopped halfway."""

from __future__ import annotations

import json
import signal
from collections import Counter
from itertools import pairwise
from pathlib import Path

import pytest

from store import messages
from tests.processes import Running, wait_for
from tests.reports import message_id
from tests.scripted_telnyx import Reply, ScriptedTelnyx, message

FULL = Path("/dev/full")
SEND_AT = "2090-01-01T00:00:00Z"


class World:
    """A Telnyx that holds every message as scheduled; ``trouble(request, nth)`` may answer first."""

    def __init__(self) -> None:
        self.trouble = lambda request, nth: None
        self.server = ScriptedTelnyx(lambda request, nth: self.trouble(request, nth) or self._held(request))

    @staticmethod
    def _held(request) -> Reply:
        return Reply(200, {"data": {**message(request.message_id, "scheduled"), "send_at": SEND_AT}})

    def asked(self) -> Counter[str]:
        return Counter(self.server.asked())


@pytest.fixture
def telnyx():
    world = World()
    yield world
    world.server.stop()


@pytest.fixture
def settings(asking, telnyx):
    return asking(telnyx.server.url)


@pytest.fixture
def file(tmp_path):
    def write(count: int) -> str:
        path = tmp_path / "ids.csv"
        path.write_text("id\n" + "".join(f"{message_id(number)}\n" for number in range(1, count + 1)))
        return str(path)

    return write


def count(database) -> int:
    with database.read() as connection:
        return len([row for row in messages.listing(connection, limit=10_000) if row.registered_at])


def test_throttling_is_obeyed_and_costs_no_line(run, settings, telnyx, file, sqlite_database):
    throttled = Reply(429, {"errors": [{"code": "10011"}]}, {"x-ratelimit-reset": "1"})
    telnyx.trouble = lambda request, nth: throttled if request.message_id == message_id(3) and nth == 1 else None

    ran = run("import", file(60), "--json", **settings)

    assert (ran.status, json.loads(ran.out)["data"]["registered"]) == (0, 60)
    assert ran.err.splitlines() == [
        "rescind: Telnyx asks for a pause of 1 s (429)",
        "rescind: Telnyx answers again",
    ]
    at = [each.at for each in telnyx.server.requests]
    assert max(later - earlier for earlier, later in pairwise(at)) > 0.8
    assert count(sqlite_database) == 60


def test_outage_is_waited_out_with_a_line_that_says_so(run, settings, telnyx, file, sqlite_database):
    left = iter(range(12))
    telnyx.trouble = lambda request, nth: Reply(500) if next(left, None) is not None else None

    ran = run("import", file(20), "--json", **settings)

    assert (ran.status, json.loads(ran.out)["data"]["registered"]) == (0, 20)
    first, *_, last = ran.err.splitlines()
    assert first == "rescind: Telnyx does not answer (500); waiting until it does, Ctrl-C stops"
    assert last == "rescind: Telnyx answers again"
    assert count(sqlite_database) == 20


def test_messages_that_alone_are_not_answered_are_given_up(run, settings, telnyx, file, sqlite_database):
    """They are many enough to look like an outage, and in the middle."""
    never = {message_id(number) for number in range(10, 15)}
    telnyx.trouble = lambda request, nth: Reply(500, "boom") if request.message_id in never else None

    ran = run("import", file(60), "--json", **settings)

    data = json.loads(ran.out)["data"]
    assert (ran.status, data["registered"], data["refused"]) == (1, 55, 5)
    lines = [line for line in ran.err.splitlines() if line.startswith("line ")]
    assert sorted(int(line.split()[1].rstrip(":")) for line in lines) == list(range(11, 16))
    assert "Telnyx answers 500: boom" in lines[0]
    assert count(sqlite_database) == 55


def test_page_of_something_else_is_asked_again(run, settings, telnyx, file, sqlite_database):
    page = Reply(200, "<html>sign in</html>", {"content-type": "text/html"})
    telnyx.trouble = lambda request, nth: page if nth == 1 and request.message_id == message_id(2) else None

    assert run("import", file(3), **settings).status == 0
    assert (count(sqlite_database), telnyx.asked()[message_id(2)]) == (3, 2)


def test_key_that_is_refused_stops_at_once_in_one_line(run, settings, telnyx, file, sqlite_database):
    refused = Reply(401, {"errors": [{"code": "10009", "title": "Authentication failed"}]})
    telnyx.trouble = lambda request, nth: refused if len(telnyx.server.requests) > 30 else None

    ran = run("import", file(500), "--json", **settings)

    assert ran.status == 2
    assert ran.err.splitlines() == [
        "rescind: not finished; started again, it asks for what is not registered yet",
        "rescind: Telnyx refuses TELNYX_API_KEY (401); make a new key in its portal, and start again",
    ]
    assert len(telnyx.server.requests) < 60
    registered = json.loads(ran.out)["data"]["registered"]
    assert 0 < registered == count(sqlite_database)


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT, signal.SIGTERM])
def test_import_that_was_stopped_goes_on_without_asking_again(
    settings, telnyx, file, sqlite_database, tmp_path, run, number
):
    """Each batch that was written is not asked for again; what was under way may be."""
    path = file(400)
    slow = settings | {"RESCIND_CANCEL_RATE": "200"}
    with Running("import", path, log=tmp_path / "import.log", chosen=slow, folder=tmp_path) as first:
        assert wait_for(lambda: count(sqlite_database) >= 100), first.lines
        first.stop(number)
    if number == signal.SIGINT:
        assert first.process.returncode == 130
        assert first.says("rescind: not finished; started again, it asks for what is not registered yet")
    before = count(sqlite_database)
    assert before < 400

    ran = run("import", path, "--json", **settings)

    data = json.loads(ran.out)["data"]
    assert (ran.status, data["registered"], data["known"]) == (0, 400 - before, before)
    assert count(sqlite_database) == 400
    asked = telnyx.asked()
    assert set(asked.values()) <= {1, 2}
    assert sum(times == 2 for times in asked.values()) <= 100 + 16 + 2


def test_counts_are_told_in_plain_lines_when_nobody_watches(settings, telnyx, file, tmp_path):
    with Running("import", file(50), log=tmp_path / "import.log", chosen=settings, folder=tmp_path) as ran:
        assert ran.process.wait(60) == 0
    assert "\x1b" not in "".join(ran.lines)
    assert any("registered" in line and "50" in line for line in ran.lines)


@pytest.mark.skipif(not FULL.exists(), reason="there is no /dev/full here")
def test_failed_lines_that_cannot_be_written_stop_it_in_a_line_and_nothing_is_lost(
    run, settings, telnyx, file, sqlite_database
):
    path = file(40)
    unknown = Reply(404, {"code": "40303", "title": "Message not found"})
    telnyx.trouble = lambda request, nth: unknown if request.message_id == message_id(30) else None

    ran = run("import", path, "--errors", str(FULL), "--json", **settings)

    assert ran.status == 2
    *_, last = ran.err.splitlines()
    assert last == (
        "rescind: --errors names /dev/full, which cannot be written: No space left on device; name another file"
    )
    assert "Traceback" not in ran.err
    registered = json.loads(ran.out)["data"]["registered"]
    assert 0 < registered == count(sqlite_database)
