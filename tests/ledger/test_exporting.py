"""The evidence of one message: all that is named is in it, and it verifies without our database."""

from __future__ import annotations

import base64
import hashlib
import json
from datetime import timedelta

import pytest
import sqlalchemy as sa

from core.chain import START, linked
from ledger import absorbing, chaining, exporting
from store import inbox, rulebooks
from store.tables import decisions
from store.tables import inbox as inbox_table
from tests.accepting import accept, sample
from tests.books import opted_out, registered, stories
from tests.ledger.test_intending import begun
from tests.ledger.test_story import asked
from tests.reports import NOW, RULES, heard, registration, text

EVENT = "5ed9ec04-a33f-4ef2-b452-3a2989fac327"


@pytest.fixture
def books(database):
    """A message that a stored STOP cancelled, between the decisions on another one; all is linked."""
    with database.begin() as connection:
        rulebooks.keep(connection, RULES, now=NOW)
    registered(database, registration(2), registration(1))
    stop = sample("message.received.stop")
    stop["data"]["id"] = EVENT
    accept(database, stop)
    with database.begin() as connection:
        absorbing.absorb(connection, heard(text("STOP", event_id=EVENT)), RULES, now=NOW)
    link(database)
    return database


def link(database):
    with database.begin() as connection:
        assert chaining.extend(connection, now=NOW, limit=100, looks_back=True)


def exported(database, told):
    """The evidence as whoever loads the file sees it."""
    with database.read() as connection:
        return json.loads(json.dumps(exporting.export(connection, told)))


def evidence(database, number=1):
    return exported(database, stories(database, number))


def test_every_event_that_is_named_has_its_entry(books):
    found = evidence(books)
    named = {
        each["event_id"]
        for decision in found["story"]["decisions"]
        for each in (decision, *decision["verdicts"])
        if each["event_id"]
    }
    assert EVENT in named
    assert found["events"].keys() == named


def test_event_is_given_in_the_bytes_that_were_stored(books):
    with books.read() as connection:
        raw = inbox.raw_of(connection, EVENT)
    event = evidence(books)["events"][EVENT]
    assert (event["state"], event["body"].encode()) == ("stored", raw)
    assert base64.b64decode(event["body_base64"]) == raw
    assert event["signature"] is not None


def test_body_that_was_pruned_is_said_to_be(books):
    with books.begin() as connection:
        gone = {"raw": None, "signature": None, "signature_timestamp": None}
        connection.execute(sa.update(inbox_table).where(inbox_table.c.event_id == EVENT).values(gone))
    event = evidence(books)["events"][EVENT]
    assert event["state"] == "pruned"
    assert "body" not in event


def test_cause_that_was_no_webhook_is_said_to_be_none(database):
    registered(database, registration())
    opted_out(database)
    assert evidence(database)["events"]["opt-out:1"]["state"] == "no_webhook"


def test_rules_have_the_digest_that_the_decisions_name(books):
    found = evidence(books)
    assert found["rulebooks"].keys() == {each["rules"] for each in found["story"]["decisions"]}
    for digest, rules in found["rulebooks"].items():
        told = json.dumps(rules["settings"], sort_keys=True)
        assert hashlib.sha256(told.encode()).hexdigest()[:16] == digest


def test_rules_that_nobody_kept_are_named_without_settings(database):
    registered(database, registration())
    assert list(evidence(database)["rulebooks"].values()) == [None]


@pytest.mark.parametrize("number", [1, 2])
def test_links_verify_and_the_audited_chain_passes_through_each(books, number):
    links = evidence(books, number)["chain"]
    assert len(links) == len(stories(books, number)["decisions"]) > 1
    for each in links:
        assert linked(each["previous_digest"], each["decision"]) == each["digest"]
        with books.read() as connection:
            audit = chaining.audit(connection, expected=each["digest"])
        assert (audit.holds, audit.found_expected) == (True, True)
    assert (links[0]["previous_digest"] == START) is (links[0]["position"] == 1)


def test_decision_that_was_changed_does_not_verify(books):
    with books.begin() as connection:
        connection.execute(sa.update(decisions).values(reason="all was well"))
    assert not any(
        linked(each["previous_digest"], each["decision"]) == each["digest"] for each in evidence(books)["chain"]
    )


def test_decision_that_is_not_linked_yet_has_no_link(books):
    opted_out(books, now=NOW + timedelta(minutes=1))
    *before, last = evidence(books)["chain"]
    assert all(each["digest"] for each in before)
    assert (last["position"], last["previous_digest"], last["digest"]) == (None, None, None)


def test_refused_request_has_its_events_and_no_chain(sqlite_database):
    opted_out(sqlite_database)
    found = exported(sqlite_database, asked(sqlite_database, begun(sqlite_database)))
    assert found["events"].keys() == {"opt-out:1"}
    assert found["chain"] == []
