"""The door while the database is away, or hangs: in time, and never at the cost of a message that was sent."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta

import pytest
from structlog.testing import capture_logs

from core.errors import StoreUnavailable
from store.engine import Database
from tests.door_world import PATIENT, DoorWorld, door, error_of
from tests.processes import wait_for
from tests.reports import ALICE

DEADLINE = timedelta(seconds=1.2)


class Troubled(Database):
    """A database that is away, or hangs, as long as a test has it so."""

    is_away = False
    hangs: threading.Event | None = None
    begun = 0

    @contextmanager
    def begin(self):
        self.begun += 1
        if self.hangs is not None:
            self.hangs.wait(60)
        if self.is_away:
            raise StoreUnavailable("it is away")
        with super().begin() as connection:
            yield connection


@pytest.fixture
def troubled(sqlite_url) -> Iterator[Troubled]:
    database = Troubled(sqlite_url)
    yield database
    if database.hangs is not None:
        database.hangs.set()
    database.dispose()


@pytest.fixture
def refusing(troubled) -> Iterator[DoorWorld]:
    with door(troubled, deadline=DEADLINE) as world:
        yield world


@pytest.fixture
def forwarding(troubled) -> Iterator[DoorWorld]:
    with door(troubled, deadline=DEADLINE, RESCIND_PASSTHROUGH_ON_FAILURE="forward") as world:
        yield world


def test_nothing_is_sent_while_the_database_is_away(refusing, troubled):
    troubled.is_away = True
    answer = refusing.schedule()
    assert error_of(answer, 503)["code"] == "10037"
    assert answer.headers["Retry-After"] == "1"
    assert refusing.telnyx.requests() == []


def test_nobody_waits_for_a_database_that_hangs_and_what_was_begun_comes_to_nothing(troubled):
    with door(troubled, deadline=DEADLINE) as refusing:
        troubled.hangs = threading.Event()
        with ThreadPoolExecutor(6) as pool:
            for answer in pool.map(lambda _: refusing.schedule(), range(6)):
                assert error_of(answer, 503)["code"] == "10037"
        troubled.hangs.set()
        refusing.book._deadline = PATIENT.total_seconds()
        assert refusing.schedule().status_code == 200
        assert [row.state for row in refusing.intents()] == ["answered"]
        assert refusing.sends() == ["/v2/messages"]


def test_message_is_sent_unjudged_where_the_operator_wants_that_and_is_registered_later(forwarding, troubled):
    forwarding.opt_out(ALICE)
    troubled.is_away = True
    answer = forwarding.schedule()
    assert (answer.status_code, answer.headers["Rescind-Registered"]) == (200, "no")
    assert forwarding.rows() == {}
    troubled.is_away = False
    message_id = answer.get_json()["data"]["id"]
    assert wait_for(lambda: message_id in forwarding.rows())
    assert forwarding.story(message_id)["cancellation"]["policy"] == "opt_out"
    assert forwarding.intents() == []


@pytest.mark.parametrize("fault", ["close", "error"])
def test_unjudged_message_whose_answer_is_lost_is_not_to_be_sent_again(forwarding, troubled, fault):
    troubled.is_away = True
    forwarding.telnyx.fault(fault, apply=True)
    answer = forwarding.schedule()
    assert answer.status_code >= 500
    assert answer.headers["x-should-retry"] == "false"


def test_answer_is_given_though_the_database_went_away_meanwhile_and_is_registered_later(refusing, troubled):
    ask = refusing.line.ask

    def ask_and_lose_the_database(call):
        reply = ask(call)
        troubled.is_away = True
        return reply

    refusing.line.ask = ask_and_lose_the_database
    with capture_logs():
        answer = refusing.schedule()
    assert (answer.status_code, answer.headers["Rescind-Registered"]) == (200, "no")
    message_id = answer.get_json()["data"]["id"]
    assert [row.state for row in refusing.intents()] == ["open"]
    troubled.is_away = False
    assert wait_for(lambda: [row.state for row in refusing.intents()] == ["answered"])
    assert refusing.rows()[message_id].ledger == "pending"


def test_looking_and_cancelling_need_no_database_and_are_taken_in_later(refusing, troubled):
    message_id = refusing.schedule().get_json()["data"]["id"]
    troubled.is_away = True
    assert refusing.call("GET", f"/v2/messages/{message_id}").status_code == 200
    assert refusing.call("DELETE", f"/v2/messages/{message_id}").status_code == 200
    assert refusing.telnyx.status(message_id) == "cancelled"
    troubled.is_away = False
    assert wait_for(lambda: refusing.rows()[message_id].ledger == "cancelled")


@pytest.mark.parametrize(
    ("on_failure", "status", "posts", "state"), [("refuse", 503, 0, "declined"), ("forward", 200, 1, "found")]
)
def test_request_that_was_written_down_too_late_is_closed(sqlite_url, on_failure, status, posts, state):
    """The commit itself hangs: nobody can tell whether it will be done."""

    class Slow(Database):
        let_go = threading.Event()

        @contextmanager
        def begin(self):
            with super().begin() as connection:
                yield connection
                # The work is done, and was asked whether anybody waits for it.
                self.let_go.wait(60)

    database = Slow(sqlite_url)
    # Long enough to do the work in, which is not done for nobody.
    deadline = timedelta(seconds=3)
    with door(database, deadline=deadline, RESCIND_PASSTHROUGH_ON_FAILURE=on_failure) as world:
        assert world.schedule().status_code == status
        database.let_go.set()
        # What was passed on all the same was sent, and is registered when the database is back.
        assert wait_for(lambda: [row.state for row in world.intents()] == [state])
        assert len(world.sends()) == posts
    database.dispose()
