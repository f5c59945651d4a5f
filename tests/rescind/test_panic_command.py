from __future__ import annotations

import io
import json
import os
import pty
import re
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from core.cancelling import Outcome, Settle
from core.holds import HoldKind
from core.outcomes import BreachCause, CancellationState, LedgerState
from ledger import reviewing
from ledger.panicking import Progress
from rescind import panic_watch
from store import cancellations, holds, reviews
from store.closing import Closing, close
from tests.ledger.test_intending import WISH
from tests.ledger.test_meeting import lost
from tests.processes import environ, schedule, wait_for
from tests.reports import ALICE, BOB, CAROL, RULES, message_id

ALL = ("--scope", "all", "--reason", "wrong list")


@pytest.fixture
def settings(sqlite_url, sqlite_database):
    schedule(sqlite_database, message_id(1), to=ALICE)
    schedule(sqlite_database, message_id(2), to=BOB)
    schedule(sqlite_database, message_id(3), to=CAROL, send_at=datetime.now(UTC) + timedelta(seconds=50))
    return {"DATABASE_URL": sqlite_url}


def kept(database):
    with database.read() as connection:
        return holds.listing(connection, limit=10)


def is_ordered(database) -> bool:
    with database.read() as connection:
        return reviews.oldest(connection) is not None


def untouched(database) -> bool:
    return kept(database) == [] and not is_ordered(database)


def cause_of(database) -> str:
    return kept(database)[0].hold.cause


def test_panic_says_what_it_comes_to_sets_the_gate_and_orders_the_review(run, settings, sqlite_database):
    ran = run("panic", *ALL, "--yes", "--no-wait", **settings)

    (row,) = kept(sqlite_database)
    assert (ran.status, ran.err) == (0, "")
    assert (row.hold.kind, row.hold.placed_by, row.hold.reason) == (HoldKind.PANIC, "cli", "wrong list")
    assert row.hold.expires_at - row.hold.placed_at == timedelta(hours=24)
    assert is_ordered(sqlite_database)
    words = ran.out.split()
    assert "all that can be recalled make it in time" in ran.out
    assert [word for word in words if word.isdigit()][:3] == ["3", "2", "1"]
    told = re.search(r"`rescind (panic lift .*)` opens it, `rescind reschedule (.*)` undoes it then", ran.out)
    assert told[2] == row.hold.id
    assert run(*told[1].split(), **settings).status == 0
    assert kept(sqlite_database)[0].lifted_at is not None


def test_panic_as_json_says_the_same(run, settings, sqlite_database):
    ran = run("panic", *ALL, "--yes", "--no-wait", "--json", **settings)
    data = json.loads(ran.out)["data"]
    assert data["panic"]["id"] == kept(sqlite_database)[0].hold.id
    before = data["before"]
    assert (before["pending"], before["recallable"], before["inside_the_minute"], before["late"]) == (3, 2, 1, 0)
    assert (before["per_second"], before["first_late_at"], data["outcome"]) == (17, None, None)


def in_doubt(database):
    at = datetime.now(UTC)
    return lost(database, replace(WISH, send_at=at + timedelta(hours=3)), now=at)


def test_panic_tells_of_requests_in_doubt_and_is_not_well(run, settings, sqlite_database):
    in_doubt(sqlite_database)
    campaign = ("--scope", "campaign", "--reason", "wrong list", "--yes", "--no-wait")

    meant = run("panic", "--value", "spring", *campaign, **settings)
    another = run("panic", "--value", "summer", *campaign, **settings)
    told = run("panic", *ALL, "--yes", "--no-wait", "--json", **settings)

    assert (meant.status, another.status, told.status) == (1, 0, 1)
    assert "in doubt: if Telnyx holds it, it stays there" in meant.out
    assert "1 requests of it are in doubt" in meant.out
    assert "is the value right?" not in meant.out
    assert "in doubt" not in another.out
    data = json.loads(told.out)["data"]
    assert (data["before"]["in_doubt"], data["in_doubt"]) == (1, 1)


def test_panic_that_cannot_make_it_says_so(run, settings, sqlite_database):
    for number in range(10, 110):
        schedule(sqlite_database, message_id(number), to=ALICE, send_at=datetime.now(UTC) + timedelta(seconds=125))
    out = run("panic", *ALL, "--yes", "--no-wait", **settings, RESCIND_CANCEL_RATE="1").out
    assert "messages would be too late at this pace" in out
    assert "a higher RESCIND_CANCEL_RATE helps" in out


def test_nobody_to_be_asked_is_a_refusal_and_nothing_is_set(run, settings, sqlite_database, monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.StringIO())
    ran = run("panic", *ALL, **settings)
    assert ran.status == 2
    assert ran.err == "rescind: nobody can be asked here; say --yes to cancel 3 messages of everything\n"
    assert untouched(sqlite_database)


@pytest.mark.parametrize(("answer", "status", "is_set"), [("n", 1, False), ("y", 0, True)])
def test_panic_is_asked_for_on_a_terminal(settings, sqlite_database, answer, status, is_set):
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "rescind", "panic", *ALL, "--no-wait"]
    asked = subprocess.Popen(
        command, stdin=theirs, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environ(**settings)
    )
    os.write(ours, f"{answer}\n".encode())
    _, err = asked.communicate(timeout=30)
    os.close(ours)
    os.close(theirs)
    assert b"Cancel 3 messages of everything, and let no new one in?" in err
    assert asked.returncode == status
    assert untouched(sqlite_database) is not is_set


def test_panic_without_a_scope_or_reason_is_refused(run, settings, sqlite_database):
    assert "Missing option '--scope'" in run("panic", "--reason", "x", "--yes", **settings).err
    assert "Missing option '--reason'" in run("panic", "--scope", "all", "--yes", **settings).err
    assert untouched(sqlite_database)


def test_panic_is_listed_apart_and_lifted(run, settings, sqlite_database):
    run("hold", "add", "--scope", "all", "--reason", "wrong price", **settings)
    run("panic", *ALL, "--yes", "--no-wait", **settings)

    (shown,) = json.loads(run("panic", "list", "--json", **settings).out)["data"]
    assert (shown["kind"], shown["reason"]) == ("panic", "wrong list")
    assert len(json.loads(run("hold", "list", "--json", **settings).out)["data"]) == 2

    assert run("panic", "lift", shown["id"], "--reason", "was right", **settings).status == 0
    assert run("panic", "list", **settings).out == "nothing is held\n"
    assert len(json.loads(run("hold", "list", "--json", **settings).out)["data"]) == 1


def test_options_before_a_subcommand_are_refused(run, settings, sqlite_database):
    ran = run("panic", *ALL, "list", **settings)
    assert (ran.status, ran.out) == (2, "")
    assert untouched(sqlite_database)


def test_interrupted_watching_leaves_the_gate_and_says_so(settings, sqlite_database):
    command = [sys.executable, "-m", "rescind", "panic", *ALL, "--yes"]
    watching = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environ(**settings))
    assert wait_for(lambda: kept(sqlite_database))
    time.sleep(0.5)
    watching.send_signal(signal.SIGINT)
    out, err = watching.communicate(timeout=20)
    assert watching.returncode == 130
    assert err == b"the gate is set, and the workers go on\n"
    assert kept(sqlite_database)[0].hold.id in out.decode()
    assert is_ordered(sqlite_database)


def test_scope_that_means_nothing_is_doubted(run, settings):
    arguments = ("--scope", "campaign", "--value", "sprnig", "--reason", "x")
    assert "is the value right?" in run("panic", *arguments, "--yes", "--no-wait", **settings).out
    assert "is the value right?" in run("hold", "add", *arguments, **settings).out


def carry_out(database, ends):
    """Review, then end the cancellations as told."""
    with database.begin() as connection:
        reviewing.review(connection, RULES, now=datetime.now(UTC), limit=100)
    with database.begin() as connection:
        held = cancellations.hold(connection, dict.fromkeys(ends))
        assert held.keys() == ends.keys()
        now = datetime.now(UTC)
        cancellations.settle(connection, ends, now=now)
        for of, end in ends.items():
            is_confirmed = end.state is CancellationState.CONFIRMED
            ledger = LedgerState.CANCELLED if is_confirmed else LedgerState.BREACH
            close(connection, [Closing(of, ledger, None if is_confirmed else BreachCause.INSIDE_WALL)], now=now)


def test_watching_ends_when_everything_has_ended_and_counts_how(run, settings, sqlite_database, capsys):
    run("panic", *ALL, "--yes", "--no-wait", **settings)
    confirmed = Settle(CancellationState.CONFIRMED, Outcome.CANCELLED)
    refused = Settle(CancellationState.REFUSED, Outcome.STILL_SCHEDULED)
    ends = {message_id(1): confirmed, message_id(2): confirmed, message_id(3): refused}
    worker = threading.Timer(0.3, carry_out, (sqlite_database, ends))
    worker.start()
    rung = []

    state = panic_watch.watch(sqlite_database, cause_of(sqlite_database), expected=3, ring=lambda: rung.append(1))

    worker.join()
    assert rung
    assert (state.is_done, state.is_complete, state.ordered, state.settled) == (True, False, 3, 3)
    assert panic_watch.outcome(state)["breach_causes"] == {"inside_wall": 1}
    panic_watch.print_summary(state)
    assert "refused by Telnyx" in capsys.readouterr().out


class Listener(io.StringIO):
    """What is printed, and when it says that nothing moves."""

    def __init__(self):
        super().__init__()
        self.heard = threading.Event()

    def write(self, text):
        if "nothing moves" in text:
            self.heard.set()
        return super().write(text)


def test_watching_says_once_that_nobody_works(run, settings, sqlite_database, monkeypatch):
    run("panic", *ALL, "--yes", "--no-wait", **settings)
    confirmed = Settle(CancellationState.CONFIRMED, Outcome.CANCELLED)
    printed = Listener()
    monkeypatch.setattr(sys, "stderr", printed)

    def work_at_last():
        assert printed.heard.wait(60)
        # It looks a few times more, and could say it again.
        threading.Event().wait(1.5)
        carry_out(sqlite_database, {message_id(n): confirmed for n in (1, 2, 3)})

    worker = threading.Thread(target=work_at_last)
    worker.start()
    patience = timedelta(seconds=0.6)

    state = panic_watch.watch(
        sqlite_database, cause_of(sqlite_database), expected=3, ring=lambda: None, patience=patience
    )

    worker.join()
    assert state.is_complete
    assert printed.getvalue().count("nothing moves") == 1


def test_overlapping_panic_tells_how_what_was_being_cancelled_already_has_ended(run, settings, sqlite_database):
    run("panic", "--scope", "recipient", "--value", ALICE, "--reason", "wrong list", "--yes", "--no-wait", **settings)
    with sqlite_database.begin() as connection:
        reviewing.review(connection, RULES, now=datetime.now(UTC), limit=100)
    confirmed = Settle(CancellationState.CONFIRMED, Outcome.CANCELLED)

    def work_once_both_gates_stand():
        while True:
            with sqlite_database.read() as connection:
                if len(holds.standing(connection, now=datetime.now(UTC))) > 1:
                    break
            threading.Event().wait(0.1)
        carry_out(sqlite_database, {message_id(n): confirmed for n in (1, 2, 3)})

    worker = threading.Thread(target=work_once_both_gates_stand, daemon=True)
    worker.start()

    ran = run("panic", *ALL, "--yes", "--json", **settings)

    worker.join()
    data = json.loads(ran.out)["data"]
    assert (ran.status, data["before"]["cancelling"]) == (0, 1)
    assert (data["outcome"]["cancellations"]["confirmed"], data["outcome"]["ordered_before"]["confirmed"]) == (2, 1)
    assert "being cancelled already" in ran.err


def test_summary_tells_orders_that_stood_before_apart(capsys):
    ended = Counter({CancellationState.CONFIRMED: 62})
    panic_watch.print_summary(Progress(is_looking=False, others=ended))
    told = [" ".join(line.split()) for line in capsys.readouterr().out.splitlines()]
    assert "cancelled 0" in told
    assert "cancelled, by an order that stood before 62" in told
