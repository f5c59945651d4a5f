"""Messages that should be cancelled and that nobody can name: told of, whichever of the two was known first."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import pytest
from structlog.testing import capture_logs

from core.facts import MessageClass
from core.policies import opt_out
from core.policies.catalogue import rules
from ledger import intending
from ledger.absorbing import absorb
from store import intents
from tests.books import opted_out, told
from tests.ledger.test_intending import WISH, answered, begun, tell
from tests.ledger.test_meeting import alarms, lost
from tests.reports import ALICE, BOB, NOW, RULES, heard, text

SECOND = timedelta(seconds=1)


def unknown(database, intent_id, *, judged_by=RULES, now=NOW + 5 * SECOND):
    with capture_logs() as lines, database.begin() as connection:
        intending.unknown(
            connection, intents.find(connection, intent_id), judged_by, http_status=None, reason="timeout", now=now
        )
    return alarms(lines)


def test_answer_lost_after_the_opt_out_is_alarmed_about_once_it_is_lost(database):
    intent_id = begun(database)
    with capture_logs() as lines:
        told(database, text("STOP"), now=NOW + SECOND)
    assert alarms(lines) == []
    (alarm,) = unknown(database, intent_id)
    assert (alarm["intents"], alarm["log_level"]) == ([intent_id], "error")
    assert ALICE not in str(alarm)
    assert unknown(database, intent_id) == []


def test_opt_out_right_after_the_answer_was_lost_is_alarmed_about(sqlite_database):
    intent_id = lost(sqlite_database)
    with capture_logs() as lines:
        told(sqlite_database, text("STOP"), now=NOW + SECOND)
    (alarm,) = alarms(lines)
    assert alarm["intents"] == [intent_id]


@pytest.mark.parametrize(
    ("wish", "words", "sender"),
    [
        pytest.param(WISH, "hello", ALICE, id="no opt-out"),
        pytest.param(WISH, "STOP", BOB, id="somebody else"),
        pytest.param(replace(WISH, send_at=None), "STOP", ALICE, id="it has gone out"),
        pytest.param(replace(WISH, send_at=NOW + SECOND), "STOP", ALICE, id="its time has passed"),
    ],
)
def test_lost_answer_alone_raises_no_alarm(sqlite_database, wish, words, sender):
    intent_id = begun(sqlite_database, wish)
    told(sqlite_database, text(words, sender=sender), now=NOW)
    assert unknown(sqlite_database, intent_id) == []


def test_policies_say_what_an_opt_out_covers(sqlite_database):
    sparing = rules(opt_out=opt_out.Settings(exempt=frozenset({MessageClass.OTP})))
    intent_id = begun(sqlite_database)
    opted_out(sqlite_database)
    assert unknown(sqlite_database, intent_id, judged_by=sparing) == []


def test_answer_that_came_all_the_same_raises_no_alarm(sqlite_database):
    intent_id = begun(sqlite_database)
    opted_out(sqlite_database)
    answered(sqlite_database, intent_id)
    assert unknown(sqlite_database, intent_id) == []
    again = begun(sqlite_database, replace(WISH, recipients=(BOB,)))
    tell(sqlite_database, again, "found")
    opted_out(sqlite_database, BOB, cause="opt-out:2")
    assert unknown(sqlite_database, again) == []


def test_opt_out_and_lost_answer_at_once_never_pass_each_other_unseen(postgresql_database):
    intent_id = begun(postgresql_database)
    said = threading.Event()

    def refuse():
        with postgresql_database.begin() as connection:
            absorb(connection, heard(text("STOP")), RULES, now=NOW)
            said.set()
            threading.Event().wait(0.3)

    def lose():
        said.wait(5)
        with postgresql_database.begin() as connection:
            intending.unknown(
                connection, intents.find(connection, intent_id), RULES, http_status=None, reason="timeout", now=NOW
            )

    with capture_logs() as lines, ThreadPoolExecutor(2) as pool:
        for done in [pool.submit(refuse), pool.submit(lose)]:
            done.result(20)
    assert len(alarms(lines)) == 1
