"""Requests in doubt: those within reach of something, and those to somebody who refused."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest

from core.scopes import Scope
from ledger import holding, intending, unanswered
from ledger.campaigning import CampaignChange, change
from store.sums import ALL, Narrowed
from tests.books import opted_out
from tests.ledger.test_intending import WISH, answered, begun, declined
from tests.ledger.test_meeting import lost
from tests.reports import ALICE, BOB, NOW, OURS, PROFILE, RULES

ANOTHER = "4001a7b2-0000-4000-8000-00000000ffff"


def counted(database, within, now=NOW):
    with database.read() as connection:
        return unanswered.count(connection, within, now=now)


@pytest.mark.parametrize(
    ("scope", "value", "count"),
    [
        pytest.param(Scope.ALL, "", 3, id="everything"),
        pytest.param(Scope.CAMPAIGN, "spring", 2, id="a campaign"),
        pytest.param(Scope.CAMPAIGN, "TCPA3X7", 2, id="a campaign by the carriers' name"),
        pytest.param(Scope.CAMPAIGN, "sprnig", 0, id="no campaign"),
        pytest.param(Scope.RECIPIENT, ALICE, 2, id="a recipient"),
        pytest.param(Scope.SENDER, OURS, 3, id="a sender, or one that Telnyx chose"),
        pytest.param(Scope.SENDER, "+15557650999", 1, id="a sender that Telnyx may have chosen"),
        pytest.param(Scope.PROFILE, PROFILE, 2, id="a profile, or one that Telnyx chose"),
        pytest.param(Scope.PROFILE, ANOTHER, 2, id="another profile, or one that Telnyx chose"),
    ],
)
def test_doubts_are_counted_within_reach(database, scope, value, count):
    lost(database)
    lost(database, replace(WISH, recipients=(BOB,), from_number=None, messaging_profile_id=ANOTHER))
    lost(database, replace(WISH, campaign_key=None, messaging_profile_id=None))
    with database.begin() as connection:
        change(connection, "spring", CampaignChange(tcr_campaign_id="TCPA3X7"), cause="change:1", now=NOW)
    with database.read() as connection:
        assert unanswered.count(connection, holding.reach_of(connection, scope, value), now=NOW) == count


@pytest.mark.parametrize(
    ("narrowed", "count"),
    [
        pytest.param(ALL, 2, id="all"),
        pytest.param(Narrowed(campaign="spring"), 1, id="a campaign"),
        pytest.param(Narrowed(since=date(2026, 5, 2)), 1, id="from a day on"),
        pytest.param(Narrowed(until=date(2026, 5, 1)), 1, id="up to a day"),
        pytest.param(Narrowed(campaign="spring", since=date(2026, 5, 2)), 0, id="a campaign and a day"),
    ],
)
def test_doubts_are_counted_as_the_sums_are_narrowed(database, narrowed, count):
    lost(database)
    lost(database, replace(WISH, campaign_key="summer", send_at=NOW + timedelta(days=1)))
    assert counted(database, narrowed) == count
    with database.read() as connection:
        assert len(unanswered.listed(connection, narrowed, now=NOW, limit=10)) == count


def test_doubts_are_listed_by_when_they_would_be_sent(database):
    late, early = lost(database, replace(WISH, send_at=NOW + timedelta(days=1))), lost(database)
    with database.read() as connection:
        listed = unanswered.listed(connection, ALL, now=NOW, limit=10)
        assert [each["id"] for each in listed] == [early, late]
        assert unanswered.listed(connection, ALL, now=NOW, limit=1) == listed[:1]


def test_request_on_its_way_is_in_doubt_once_it_could_have_been_answered(database):
    begun(database)
    assert counted(database, ALL, NOW + intending.IN_FLIGHT) == 0
    assert counted(database, ALL, NOW + intending.IN_FLIGHT + timedelta(seconds=1)) == 1


def test_what_is_known_or_past_is_no_doubt(database):
    answered(database, begun(database))
    declined(database, begun(database, replace(WISH, recipients=(BOB,))))
    lost(database, replace(WISH, send_at=None))
    lost(database)
    assert counted(database, ALL) == 1
    assert counted(database, ALL, WISH.send_at) == 0


def test_those_to_somebody_who_refused_are_told_apart(database):
    intent_id = lost(database)
    lost(database, replace(WISH, recipients=(BOB,)))
    opted_out(database)
    with database.read() as connection:
        (found,) = unanswered.objected_to(connection, RULES, now=NOW)
    assert (found.request_id, found.recipients, found.send_at) == (intent_id, (ALICE,), WISH.send_at)
    assert (found.policy, "opted out" in found.reason) == ("opt_out", True)
