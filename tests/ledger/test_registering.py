from dataclasses import replace
from datetime import timedelta

import pytest

from core import deadlines
from core.campaigns import CarrierState
from core.consent import ConsentScope
from core.deciding import Mode
from core.errors import NotFound, RequestInvalid
from core.facts import MessageClass
from core.policies import opt_out, stale_campaign
from core.policies.catalogue import rules
from ledger import consenting, story
from ledger.absorbing import absorb
from ledger.campaigning import CampaignChange, change
from ledger.registering import Registration, register
from ledger.reviewing import review
from store import due
from tests.reports import (
    ALICE,
    BOB,
    NOW,
    PROFILE,
    RULES,
    carriers_say,
    heard,
    message_id,
    registration,
    scheduled,
)


def registered(database, *registrations, rules=RULES, now=NOW):
    with database.begin() as connection:
        return register(connection, registrations, rules, door="api", now=now)


def opted_out(database, number=ALICE, *, cause="api:1", profile=None, now=NOW):
    with database.begin() as connection:
        return consenting.opt_out(
            connection, number, RULES, cause=cause, messaging_profile_id=profile, reason="asked by phone", now=now
        )


def stories(database, number=1):
    with database.read() as connection:
        return story.story(connection, message_id(number), cancel_by=deadlines.cancel_by, now=NOW)


def test_new_message_is_pending_and_its_decision_kept(database):
    (answer,) = registered(database, registration(campaign_key="spring-sale"))
    assert answer.is_new
    assert answer.decision.verdict == "allow"
    shown = stories(database)
    assert (shown["message"]["ledger"], shown["message"]["class"]) == ("pending", "marketing")
    assert shown["message"]["campaign"] == "spring-sale"
    assert [each["verdict"] for each in shown["decisions"]] == ["allow"]
    asked = {verdict["policy"] for verdict in shown["decisions"][0]["verdicts"]}
    assert asked >= {"opt_out", "stale_campaign", "hold"}


def test_message_without_a_campaign_key_belongs_to_its_tcr_campaign(database):
    registered(database, registration(tcr_campaign_id="CSPRING"))
    assert stories(database)["message"]["campaign"] == "CSPRING"


def test_registering_again_is_known_and_keeps_what_is_not_said_again(database):
    first = Registration(scheduled(), "spring-sale", MessageClass.TRANSACTIONAL, ("vip",))
    registered(database, first)
    (answer,) = registered(database, registration(), now=NOW + timedelta(minutes=1))
    assert not answer.is_new
    shown = stories(database)["message"]
    assert (shown["campaign"], shown["class"], shown["tags"]) == ("spring-sale", "transactional", ["vip"])
    assert shown["registered_at"] == "2026-05-01T12:00:00Z"


@pytest.mark.parametrize(
    ("report", "said"),
    [
        pytest.param(scheduled(direction="inbound"), "only outbound", id="inbound"),
        pytest.param(scheduled(addressees=()), "no recipient", id="nobody"),
        pytest.param(replace(scheduled(), send_at=None), "no send_at", id="no time"),
    ],
)
def test_message_that_cannot_be_watched_is_refused(database, report, said):
    with pytest.raises(RequestInvalid, match=said):
        registered(database, Registration(report))
    with pytest.raises(NotFound):
        stories(database)


def test_every_field_of_telnyxs_answer_is_kept_and_shown(database):
    details = {"encoding": "GSM-7", "parts": 2, "cost": {"amount": "0.0", "currency": "USD"}, "tags": ["Greetings"]}
    registered(database, registration(details=details))
    shown = stories(database)["message"]
    assert {name: shown[name] for name in ("encoding", "parts", "cost")} == {
        name: details[name] for name in ("encoding", "parts", "cost")
    }
    assert shown["telnyx_tags"] == ["Greetings"]


def test_opt_out_by_api_cancels_what_is_scheduled(database):
    registered(database, registration(1), registration(2, to=(BOB,)))
    made = opted_out(database)
    assert [decision.verdict for decision in made.values()] == ["cancel"]
    assert stories(database, 1)["cancellation"]["reason"].endswith("(asked by phone)")
    assert stories(database, 2)["cancellation"] is None


def test_opt_out_by_api_reaches_one_profile_when_it_names_one_and_the_scope_says_so(database):
    narrow = rules(opt_out=opt_out.Settings(scope=ConsentScope.PROFILE))
    opted_out(database, profile="another-profile")
    (answer,) = registered(database, registration(1), rules=narrow)
    assert answer.decision.verdict == "allow"
    opted_out(database, profile=PROFILE, cause="api:2")
    (answer,) = registered(database, registration(2), rules=narrow)
    assert answer.decision.verdict == "cancel"


def test_same_opt_out_twice_is_recorded_once(database):
    registered(database, registration())
    opted_out(database)
    opted_out(database)
    words = [entry for entry in stories(database)["timeline"] if entry["kind"] == "consent"]
    assert len(words) == 1


def test_shadowed_policy_orders_nothing(database):
    shadowed = rules(opt_out=opt_out.Settings(mode=Mode.SHADOW))
    opted_out(database)
    (answer,) = registered(database, registration(), rules=shadowed)
    assert answer.decision.verdict == "allow"
    shown = stories(database)
    assert [(each["mode"], each["verdict"]) for each in shown["decisions"]] == [
        ("enforce", "allow"),
        ("shadow", "cancel"),
    ]
    assert shown["cancellation"] is None


def test_ended_campaign_governs_what_is_registered_after_it(database):
    with database.begin() as connection:
        change(connection, "sale", CampaignChange(status="ended"), cause="api:1", now=NOW)
    (answer,) = registered(database, registration(campaign_key="sale"))
    assert (answer.decision.verdict, answer.decision.policy) == ("cancel", "stale_campaign")


def test_campaign_that_ends_before_the_message_is_sent_cancels_it_and_extending_it_withdraws(database):
    registered(database, registration(campaign_key="sale"))
    for hours, state in ((2, "requested"), (4, "withdrawn")):
        with database.begin() as connection:
            ends_at = NOW + timedelta(hours=hours)
            change(connection, "sale", CampaignChange(ends_at=ends_at), cause=f"api:{hours}", now=NOW)
            review(connection, RULES, now=NOW, limit=10)
        assert stories(database)["cancellation"]["state"] == state


def test_campaign_told_nothing_new_orders_no_review(database):
    registered(database, registration(campaign_key="sale"))
    with database.begin() as connection:
        change(connection, "sale", CampaignChange(status="active"), cause="api:1", now=NOW)
        assert review(connection, RULES, now=NOW, limit=10) is None


def test_message_that_will_grow_too_old_is_due_for_review_by_then(database):
    aged = rules(stale_campaign=stale_campaign.Settings(max_age=timedelta(hours=1)))
    registered(database, registration(), rules=aged)
    with database.read() as connection:
        assert due.for_review(connection, now=NOW + timedelta(minutes=59), limit=10) == {}
        assert due.for_review(connection, now=NOW + timedelta(minutes=61), limit=10).keys() == {message_id()}


def test_tie_that_was_a_mistake_is_forgotten_when_it_is_corrected(database):
    uuid = "751c6a5c-0000-4000-8000-000000000001"
    for right in ("CWRONG1", "CSPRING"):
        with database.begin() as connection:
            wanted = CampaignChange(tcr_campaign_id=right, telnyx_campaign_id=uuid)
            change(connection, "spring", wanted, cause=f"api:{right}", now=NOW)
    with database.begin() as connection:
        said = replace(carriers_say(CarrierState.SUSPENDED, campaign_id="CWRONG1"), tcr_campaign_id="CWRONG1")
        absorb(connection, heard(said), RULES, now=NOW)
    (answer,) = registered(database, registration(campaign_key="spring"))
    assert answer.decision.verdict == "allow"


def test_message_to_a_number_that_no_opt_out_could_match_is_refused(database):
    with pytest.raises(RequestInvalid, match="country code"):
        registered(database, registration(to=("5557650101",)))
    with pytest.raises(NotFound):
        stories(database)
