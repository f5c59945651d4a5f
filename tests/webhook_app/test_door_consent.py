"""Opt-outs at the door: the one text that confirms one, a doubt, and a refusal that is no evidence of anything."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from ledger.absorbing import absorb
from store import consents
from tests.door_world import error_of
from tests.reports import ALICE, BOB, OURS, RULES, heard, text

CONFIRMING = {"Rescind-Class": "compliance"}
BLOCKED = {"code": "40300", "title": "Blocked due to STOP message"}


def says(world, words):
    now = datetime.now(UTC)
    said = text(words, event_id="said", profile=None)
    said = replace(said, message=replace(said.message, occurred_at=now))
    with world.database.begin() as connection:
        absorb(connection, heard(said, received_at=now), RULES, now=now)


def words_of(world):
    world.book.flush()
    with world.database.read() as connection:
        return [(row.word.kind, row.word.event_id) for row in consents.history(connection, ALICE)]


def test_one_text_may_confirm_an_opt_out_and_no_second(world):
    world.opt_out(ALICE)
    assert world.send(headers=CONFIRMING).status_code == 200
    world.book.flush()
    error = error_of(world.send(headers=CONFIRMING), 409)
    assert "opted out" in error["detail"]
    assert len(world.sends()) == 1


def test_doubt_lets_nothing_out_at_once_but_the_text_that_asks_about_it(world):
    says(world, "please stop by")
    assert "may have opted out" in error_of(world.send(), 409)["detail"]
    assert world.send(headers=CONFIRMING).status_code == 200
    assert world.schedule().headers["Rescind-Registered"] == "yes"
    assert len(world.sends()) == 2


def test_own_refusal_looks_like_telnyxs_and_is_no_evidence(world):
    says(world, "please stop texting me")
    assert error_of(world.send(), 409)["title"] == "Blocked due to STOP message"
    assert error_of(world.schedule(), 409)["code"] == "40300"
    world.deliver()
    assert words_of(world) == [("opt_out", "said")]


def test_refusal_of_telnyx_for_a_stop_is_heard_and_cancels_what_is_scheduled(world):
    scheduled = world.schedule().get_json()["data"]
    world.telnyx.inbound(sender=ALICE, to=OURS, text="STOP")
    rung = world.rung
    assert error_of(world.send(), 409)["title"] == "Blocked due to STOP message"
    (refused,) = (row for row in world.intents() if row.state == "declined")
    assert words_of(world) == [("opt_out", f"request:{refused.id}")]
    with world.database.read() as connection:
        (heard_,) = consents.history(connection, ALICE)
    assert (heard_.word.tier, heard_.word.source) == ("evidence", "telnyx_api")
    assert heard_.word.messaging_profile_id == scheduled["messaging_profile_id"]
    assert world.story(scheduled["id"])["cancellation"]["policy"] == "opt_out"
    assert world.rung > rung

    assert "policy opt_out" in error_of(world.send(), 409)["detail"]
    assert len(world.sends()) == 2


@pytest.mark.parametrize(
    ("error", "to"),
    [
        ({**BLOCKED, "title": "Destination unreachable"}, ALICE),
        ({**BLOCKED, "code": "40301"}, ALICE),
        (BLOCKED, [ALICE, BOB]),
    ],
    ids=["the code's other meaning", "another code", "one of several"],
)
def test_refusal_of_telnyx_that_names_no_stop_of_one_person_is_no_opt_out(small_world, error, to):
    small_world.telnyx.fault("error", status=409, body={"errors": [error]}, method="POST")
    assert small_world.send(to=to).status_code == 409
    assert [row.state for row in small_world.intents()] == ["declined"]
    assert words_of(small_world) == []


@pytest.mark.parametrize("body", ["<h1>no</h1>", [], {"errors": 7}, {"errors": [None, 40300]}])
def test_refusal_that_cannot_be_read_is_passed_on(small_world, body):
    small_world.telnyx.fault("error", status=409, body=body, method="POST")
    assert small_world.send().status_code == 409
    assert [row.state for row in small_world.intents()] == ["declined"]
    assert words_of(small_world) == []
