"""What stories tell of slack, and of what would have changed how a message or a request ended."""

from __future__ import annotations

from datetime import timedelta

from tests.books import opted_out, registered, stories, told
from tests.ledger.test_holding import place
from tests.ledger.test_intending import begun
from tests.ledger.test_story import asked
from tests.reports import NOW, registration, status

SEND_AT = NOW + timedelta(hours=3)
WALL = SEND_AT - timedelta(minutes=1)


def test_cancelled_message_tells_its_slack_and_what_would_have_let_it_go(database):
    registered(database, registration())
    at = NOW + timedelta(minutes=9)
    opted_out(database, now=at)
    cancelled = stories(database)
    *_, last = cancelled["decisions"]
    slack = (WALL - at).total_seconds()
    assert (last["policy"], last["slack_seconds"]) == ("opt_out", slack)
    assert cancelled["cancellation"]["slack_seconds"] == slack
    (verdict,) = [each for each in last["verdicts"] if each["policy"] == "opt_out"]
    assert verdict["facts"]["phone_number"]
    assert (verdict["event_id"], verdict["known_at"]) == ("opt-out:1", None)
    assert len(last["rules"]) == 16
    assert cancelled["counterfactuals"] == ["without opt_out it would be free to go"]


def test_opt_out_inside_the_wall_tells_how_much_earlier_would_have_done(database):
    registered(database, registration())
    opted_out(database, now=WALL + timedelta(seconds=20))
    told(database, status(1, minute=180), now=SEND_AT)
    breached = stories(database)
    assert breached["message"]["breach_cause"] == "inside_wall"
    assert breached["cancellation"]["slack_seconds"] == -20
    assert breached["counterfactuals"] == [
        "known 21 s earlier, by 2026-05-01 14:59:00 UTC, it could have been cancelled"
    ]


def test_held_message_tells_until_when_lifting_lets_it_go(database):
    gate = place(database).row.hold.id
    registered(database, registration())
    held = stories(database)
    (verdict,) = [each for each in held["decisions"][-1]["verdicts"] if each["policy"] == "hold"]
    assert (verdict["event_id"], verdict["known_at"]) == (f"hold:{gate}", "2026-05-01T12:00:00Z")
    assert held["counterfactuals"] == [
        "without hold it would be free to go",
        "lifted before 2026-05-01 14:57:00 UTC it would go out",
    ]


def test_refused_request_tells_what_would_have_let_it_out(sqlite_database):
    opted_out(sqlite_database)
    refused = asked(sqlite_database, begun(sqlite_database))
    assert refused["counterfactuals"] == ["without opt_out it would have been released"]
    assert {each["known_at"] for each in refused["request"]["verdicts"]} == {None}


def test_message_that_only_carriers_told_of_supposes_nothing(sqlite_database):
    told(sqlite_database, status(1))
    assert stories(sqlite_database)["counterfactuals"] == []
