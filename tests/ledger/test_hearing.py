"""What events say about consent, and what is kept of it."""

from __future__ import annotations

import itertools
from dataclasses import replace
from datetime import timedelta

import pytest

from core.reports import Addressee
from ledger.hearing import words_in
from store import consents
from tests.books import dump, registered, stories, told
from tests.reports import ALICE, BOB, NOW, OURS, PROFILE, registration, status, text

STOPPED = {"code": "40300", "title": "Blocked due to STOP message"}


def history(database, number=ALICE):
    with database.read() as connection:
        return consents.history(connection, number)


def blocked(number=1, *, minute=0, event_id="blocked-1", to=(ALICE,), error=STOPPED):
    report = status(number, "sending_failed", minute=minute, event_id=event_id)
    return replace(report, addressees=tuple(Addressee(each, "sending_failed", errors=(error,)) for each in to))


@pytest.mark.parametrize(
    ("words", "kept"),
    [
        ("STOP", ("opt_out", "keyword", ("en",))),
        ("please stop texting me", ("opt_out", "phrase", ("en",))),
        ("please stop by", ("doubt", "doubtful", ("en",))),
        ("No me envíen más mensajes", ("opt_out", "phrase", ("es",))),
        ("parar", ("opt_out", "keyword", ("es", "pt"))),
        ("\N{OCTAGONAL SIGN}", ("doubt", "doubtful", ())),
        ("START", ("opt_in", "keyword", ("en",))),
    ],
)
def test_word_is_kept_with_its_tier_and_languages_whatever_the_settings(sqlite_database, words, kept):
    told(sqlite_database, text(words))
    (row,) = history(sqlite_database)
    assert (row.word.kind, row.word.tier, row.word.languages) == kept
    assert row.word.evidence == words


@pytest.mark.parametrize("words", ["Liked “Spring sale, reply STOP to end”", "Hello", "I'm driving right now"])
def test_text_that_says_nothing_is_kept_as_no_word(sqlite_database, words):
    told(sqlite_database, text(words))
    assert history(sqlite_database) == []


def test_automatic_reply_raises_no_doubt():
    said = text("Auto-reply: we are closed. Reply STOP to unsubscribe")
    assert words_in(said, received_at=NOW, source="webhook") == []


def test_doubtful_text_holds_what_is_scheduled_and_a_start_lets_it_go(database):
    registered(database, registration(1), registration(2, to=(BOB,)))
    told(database, text("please stop by", event_id="maybe"))
    decision = stories(database, 1)["decisions"][-1]
    assert (decision["verdict"], decision["policy"], decision["event_id"]) == ("hold", "opt_out", "maybe")
    assert stories(database, 1)["cancellation"] is None
    assert [each["verdict"] for each in stories(database, 2)["decisions"]] == ["allow"]
    told(database, text("START", minute=1), now=NOW + timedelta(minutes=1))
    assert stories(database, 1)["decisions"][-1]["verdict"] == "allow"


def test_phrase_cancels_as_a_keyword_does(database):
    registered(database, registration())
    told(database, text("Please take me off your list.", event_id="phrase"))
    decision = stories(database)["decisions"][-1]
    assert (decision["verdict"], decision["event_id"], decision["facts"]["tier"]) == ("cancel", "phrase", "phrase")


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
def test_campaign_of_a_word_is_that_of_the_latest_message_before_it_from_the_profile(sqlite_database, order):
    times = [timedelta(minutes=10), timedelta(minutes=20), timedelta(minutes=40)]
    keys = ["early", "late", "after"]
    for index in order:
        registered(sqlite_database, registration(index + 1, campaign_key=keys[index], send_at=NOW + times[index]))
    other = registration(7, campaign_key="other", send_at=NOW + timedelta(minutes=25), messaging_profile_id="another")
    registered(sqlite_database, other)
    told(sqlite_database, text("STOP", minute=30), now=NOW + timedelta(minutes=30))
    assert [row.campaign_key for row in history(sqlite_database)] == ["late"]


@pytest.mark.parametrize(("ours", "kept"), [(None, "CSPRING"), ("sale", "sale")])
def test_campaign_that_only_the_carriers_name_is_called_as_they_do(sqlite_database, ours, kept):
    asked = registration(1, campaign_key=ours, send_at=NOW + timedelta(minutes=10), tcr_campaign_id="CSPRING")
    registered(sqlite_database, asked)
    told(sqlite_database, text("STOP", minute=30), now=NOW + timedelta(minutes=30))
    assert [row.campaign_key for row in history(sqlite_database)] == [kept]


@pytest.mark.parametrize(
    ("more", "minute"),
    [
        pytest.param({"campaign_key": None}, 30, id="of no campaign"),
        pytest.param({"campaign_key": "sale", "to": (BOB,)}, 30, id="to somebody else"),
        pytest.param({"campaign_key": "sale"}, 10 + 30 * 24 * 60 + 1, id="a month ago"),
    ],
)
def test_word_that_answers_no_message_of_a_campaign_has_none(sqlite_database, more, minute):
    registered(sqlite_database, registration(1, send_at=NOW + timedelta(minutes=10), **more))
    told(sqlite_database, text("STOP", minute=minute), now=NOW + timedelta(minutes=minute))
    assert [row.campaign_key for row in history(sqlite_database)] == [None]


def test_message_that_was_cancelled_has_no_answers(sqlite_database):
    registered(sqlite_database, registration(1, campaign_key="sale", send_at=NOW + timedelta(minutes=10)))
    told(sqlite_database, status(1, "cancelled"))
    told(sqlite_database, text("STOP", minute=30), now=NOW + timedelta(minutes=30))
    assert [row.campaign_key for row in history(sqlite_database)] == [None]


def test_message_that_telnyx_refused_for_a_stop_is_an_opt_out_that_was_missed(database):
    registered(database, registration(2))
    told(database, blocked())
    (row,) = history(database)
    assert (row.word.kind, row.word.tier, row.word.event_id) == ("opt_out", "evidence", "blocked-1")
    assert (row.word.messaging_profile_id, row.word.effective_at, row.campaign_key) == (PROFILE, NOW, None)
    assert row.word.evidence == "40300: Blocked due to STOP message"
    decision = stories(database, 2)["decisions"][-1]
    assert (decision["verdict"], decision["policy"], decision["event_id"]) == ("cancel", "opt_out", "blocked-1")
    assert stories(database, 2)["cancellation"]["state"] == "requested"


def test_other_failure_is_no_opt_out(database):
    registered(database, registration(2))
    told(database, blocked(error={"code": "40300", "title": "Destination unreachable"}))
    assert history(database) == []
    assert stories(database, 2)["cancellation"] is None


def test_evidence_counts_from_the_event_and_never_from_later_than_it_was_heard(database):
    told(database, blocked(minute=-5, event_id="before"), blocked(minute=5, event_id="ahead"))
    assert [row.word.effective_at for row in history(database)] == [NOW - timedelta(minutes=5), NOW]


def test_start_that_follows_lifts_evidence(database):
    registered(database, registration(2))
    told(database, blocked())
    told(database, text("START", minute=1), now=NOW + timedelta(minutes=1))
    assert stories(database, 2)["cancellation"]["state"] == "withdrawn"


def test_each_of_a_group_that_is_pointed_at_is_opted_out():
    pointed = {**STOPPED, "source": {"pointer": "/to/0"}}
    words = words_in(blocked(to=(BOB, ALICE), error=pointed), received_at=NOW, source="failover")
    assert [(each.word.phone_number, each.word.event_id, each.word.source) for each in words] == [
        (ALICE, "blocked-1", "failover"),
        (BOB, f"blocked-1#{BOB}", "failover"),
    ]
    assert words_in(blocked(to=("agent",)), received_at=NOW, source="webhook") == []


@pytest.mark.parametrize("order", list(itertools.permutations(range(4))))
def test_order_and_repetition_of_evidence_and_texts_change_nothing(sqlite_database, order):
    events = [
        blocked(),
        text("START", minute=1, event_id="start"),
        text("please stop by", minute=2, event_id="maybe"),
        text("please stop", minute=3, event_id="phrase"),
    ]
    registered(sqlite_database, registration(2))
    for index in (*order, *order[:2]):
        told(sqlite_database, events[index], now=NOW + timedelta(minutes=4))
    assert [row.word.event_id for row in history(sqlite_database)] == ["blocked-1", "start", "maybe", "phrase"]
    assert stories(sqlite_database, 2)["decisions"][-1]["event_id"] == "phrase"
    assert len(dump(sqlite_database)["consents"]) == 4


def test_event_that_is_no_message_says_nothing():
    assert words_in(replace(text("STOP"), text=None), received_at=NOW, source="webhook") == []
    hidden = text("STOP")
    nameless = replace(hidden, message=replace(hidden.message, from_number=None))
    assert words_in(nameless, received_at=NOW, source="webhook") == []
    assert words_in(text("STOP", sender=OURS), received_at=NOW, source="webhook")[0].word.phone_number == OURS
