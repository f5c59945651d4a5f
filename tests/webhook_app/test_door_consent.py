"""Opt-outs at the door: the one text that confirms one, a doubt, and a refusal that is no evidence of anything."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from ledger.absorbing import absorb
from store import consents
from tests.door_world import error_of
from tests.reports import ALICE, RULES, heard, text

CONFIRMING = {"Rescind-Class": "compliance"}


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
