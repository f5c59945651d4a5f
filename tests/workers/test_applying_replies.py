"""From a webhook that brings an answer to the cancellation of what is left of the sequence."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from store import cancellations
from tests.accepting import accept, sample
from tests.books import registered, stories
from tests.reports import RULES, message_id, registration
from workers.applying import Applier

WRITER, OURS, PROFILE = "+15559010001", "+15557230100", "d23f0824-128b-4f33-8c5c-7fd0a6a3a450"
AT = datetime(2026, 3, 2, 10, tzinfo=UTC)
HOUR = timedelta(hours=1)


@pytest.fixture
def sequence(database):
    """Three steps, of which the first went out an hour before somebody writes."""
    for number, send_at in ((1, AT - HOUR), (2, AT + HOUR), (3, AT + 24 * HOUR)):
        step = registration(number, to=(WRITER,), send_at=send_at, from_number=OURS, messaging_profile_id=PROFILE)
        registered(database, replace(step, tags=("sequence:welcome", f"step:{number}")), now=AT - 2 * HOUR)


def ordered(database):
    with database.read() as connection:
        return [number for number in (1, 2, 3) if cancellations.of(connection, message_id(number))]


@pytest.mark.usefixtures("sequence")
def test_webhook_of_an_answer_has_what_is_left_of_the_sequence_cancelled(database):
    (event_id,) = accept(database, sample("message.received.text"))
    assert Applier(database, lambda: RULES, lambda: AT).apply() == 1

    decision = stories(database, 2)["decisions"][-1]
    assert (decision["verdict"], decision["policy"], decision["event_id"]) == ("cancel", "reply_stops", event_id)
    assert decision["reason"] == f"{WRITER} answered sequence welcome at 2026-03-02 10:00:00 UTC"
    assert decision["facts"]["text"] == "Thanks, see you on Friday 👋"
    assert ordered(database) == [2, 3]


@pytest.mark.usefixtures("sequence")
def test_webhook_of_a_reaction_has_nothing_cancelled(database):
    event = sample("message.received.text")
    event["data"]["payload"]["text"] = "Liked “Your appointment is on Friday”"
    accept(database, event)
    assert Applier(database, lambda: RULES, lambda: AT).apply() == 1
    assert ordered(database) == []
