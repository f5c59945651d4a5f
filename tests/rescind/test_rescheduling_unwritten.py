"""Scheduling anew while Telnyx's answer cannot be written down: whoever asked is told of the message all the same."""

from __future__ import annotations

import json
from contextlib import contextmanager
from pathlib import Path

import pytest

from core.cancelling import Answer
from core.errors import StoreUnavailable
from core.outcomes import LedgerState
from ledger import rescheduling
from ledger.rescheduling import Terms
from rescind.rescheduling import Fate, Rescheduler
from store import closing, messages
from store.closing import Closing
from store.engine import Database
from tests.books import registered
from tests.reports import NOW, RULES, follow, message_id, registration
from workers.pacing import Pacer

ANSWER = json.loads((Path(__file__).parents[1] / "payloads" / "api.schedule.json").read_text(encoding="utf-8"))
NEW = ANSWER["data"]["id"]


class Troubled(Database):
    """A database with which something is wrong as soon as a test says so."""

    trouble: Exception | None = None

    @contextmanager
    def begin(self):
        if self.trouble is not None:
            raise self.trouble
        with super().begin() as connection:
            yield connection


class Telnyx:
    """Answers, and by then the database is in trouble."""

    def __init__(self, database: Troubled, answer: Answer, trouble: Exception) -> None:
        self.requests: list[dict] = []
        self._database, self._answer, self._trouble = database, answer, trouble

    def send(self, message):
        self.requests.append(message)
        self._database.trouble = self._trouble
        return self._answer


@pytest.fixture
def troubled(sqlite_url):
    database = Troubled(sqlite_url)
    for number in (1, 2):
        registered(database, registration(number, details={"text": "Spring sale", "type": "SMS"}))
    with database.begin() as connection:
        ended = [Closing(message_id(number), LedgerState.CANCELLED) for number in (1, 2)]
        closing.close(connection, ended, now=NOW)
    yield database
    database.dispose()


def rescheduled(database, answer, trouble):
    """Schedule two messages anew, one at a time; return the results, why it stopped, and what was asked of Telnyx."""
    with database.read() as connection:
        plans = rescheduling.look(connection, [message_id(1), message_id(2)], RULES, Terms(), now=NOW)
    telnyx, results = Telnyx(database, answer, trouble), []
    doing = Rescheduler(
        database,
        telnyx,
        Pacer(100, None),
        rules=follow,
        terms=Terms(),
        now=lambda: NOW,
        slots=1,
        patience=(0, 0),
    )
    doing.run(plans, results.append)
    return results, doing.stopped, telnyx.requests


@pytest.mark.parametrize("trouble", [StoreUnavailable("it is away"), RuntimeError("a bug")], ids=["away", "bug"])
def test_new_message_that_cannot_be_written_down_is_named(troubled, trouble):
    results, stopped, requests = rescheduled(troubled, Answer(200, "", ANSWER), trouble)

    first = results[0]
    assert (first.fate, first.replaced_by) == (Fate.IN_DOUBT, NEW)
    assert f"scheduled as {NEW}" in first.told
    assert "`rescind import` that id, or cancel it at Telnyx (Telnyx answered 200" in first.told
    assert str(trouble) in first.told
    assert (len(requests), results[1].replaced_by) == (1, None)
    if isinstance(trouble, StoreUnavailable):
        assert NEW in stopped
        assert results[1].fate is Fate.NOT_TRIED
    with troubled.read() as connection:
        assert messages.find(connection, NEW) is None


def test_answer_that_names_no_message_and_cannot_be_written_down_names_none(troubled):
    results, stopped, _ = rescheduled(troubled, Answer(502, "", None), StoreUnavailable("it is away"))
    told = "Telnyx answered 502, which could not be written down: it is away"
    assert (results[0].fate, results[0].told, results[0].replaced_by, stopped) == (Fate.IN_DOUBT, told, None, told)
