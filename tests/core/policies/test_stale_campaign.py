"""What a campaign that is over, paused or not registered does to its messages, and what their own age does."""

from datetime import timedelta

import pytest

from core.campaigns import Campaign, CampaignStatus, CarrierState, carrier_stamp
from core.deciding import Act, Mode
from core.facts import MessageClass
from core.policies import stale_campaign
from core.policies.stale_campaign import Instead
from tests.policy_cases import NOW, judged

SECOND, MINUTE, HOUR = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1)
SEND_AT = NOW + 3 * HOUR
SCHEDULED_AT = NOW - HOUR
HOLDING = {"paused": Instead.HOLD, "unregistered": Instead.HOLD}
PAUSED, ENDED = {"status": CampaignStatus.PAUSED}, {"status": CampaignStatus.ENDED}
PASSED = {"ends_at": SEND_AT - SECOND}
TOO_OLD = {"max_age": HOUR - SECOND}


def campaign(**held):
    return {"campaigns": (Campaign("sale", **held),)}


def carriers(state, *, minutes_ago=0, key="CSALE"):
    """Return the carriers' row of a campaign with their word on it."""
    stamp = carrier_stamp(state, NOW - timedelta(minutes=minutes_ago), "told")
    return Campaign(key, carrier_state=state, carrier_stamp=stamp, carrier_event_id=f"{key}-{state}")


def registered(*states):
    """Return our campaign and the carriers' rows that it is tied to."""
    return {"campaigns": (Campaign("sale"), *states)}


@pytest.mark.parametrize(
    ("settings", "known", "act"),
    [
        pytest.param({}, {}, Act.ALLOW, id="no campaign"),
        pytest.param({}, campaign(), Act.ALLOW, id="active"),
        pytest.param({}, campaign(**ENDED), Act.CANCEL, id="ended"),
        pytest.param({}, campaign(**PAUSED), Act.CANCEL, id="paused"),
        pytest.param({"paused": Instead.HOLD}, campaign(**PAUSED), Act.HOLD, id="paused, which holds"),
        pytest.param({"unregistered": Instead.HOLD}, campaign(**PAUSED), Act.CANCEL, id="paused, another holds"),
        pytest.param(HOLDING, campaign(**ENDED), Act.CANCEL, id="ended, whatever holds"),
        pytest.param(HOLDING, campaign(**PAUSED, **PASSED), Act.CANCEL, id="paused, which holds, and ends in time"),
        pytest.param({}, campaign(**PASSED), Act.CANCEL, id="ends a second before sending"),
        pytest.param(HOLDING, campaign(**PASSED), Act.CANCEL, id="ends a second before sending, whatever holds"),
        pytest.param({}, campaign(ends_at=SEND_AT), Act.CANCEL, id="ends as it is sent"),
        pytest.param({}, campaign(ends_at=SEND_AT + MINUTE), Act.CANCEL, id="ends as it is sent at the latest"),
        pytest.param({}, campaign(ends_at=SEND_AT + MINUTE + SECOND), Act.ALLOW, id="ends once it must be sent"),
        pytest.param({}, {"campaigns": (Campaign("sale"), Campaign("other", **ENDED))}, Act.CANCEL, id="tied to ended"),
        pytest.param(
            HOLDING,
            {"campaigns": (Campaign("sale", **PAUSED), Campaign("other", **ENDED))},
            Act.CANCEL,
            id="paused, which holds, and tied to ended",
        ),
        pytest.param(
            {"exempt": frozenset({MessageClass.TRANSACTIONAL})},
            {**campaign(**ENDED), "message_class": MessageClass.TRANSACTIONAL},
            Act.ALLOW,
            id="an exempt class",
        ),
    ],
)
def test_our_own_word_on_a_campaign(settings, known, act):
    assert judged(stale_campaign, settings, known).act is act


@pytest.mark.parametrize(
    ("state", "by_default", "holding"),
    [
        (CarrierState.ACTIVE, Act.ALLOW, Act.ALLOW),
        (CarrierState.DORMANT, Act.CANCEL, Act.HOLD),
        (CarrierState.SUSPENDED, Act.CANCEL, Act.HOLD),
        (CarrierState.REJECTED, Act.CANCEL, Act.HOLD),
        (CarrierState.EXPIRED, Act.CANCEL, Act.CANCEL),
    ],
)
def test_carriers_word_on_a_campaign(state, by_default, holding):
    known = registered(carriers(state))
    assert judged(stale_campaign, {}, known).act is by_default
    assert judged(stale_campaign, {"unregistered": Instead.HOLD}, known).act is holding
    assert judged(stale_campaign, {"paused": Instead.HOLD}, known).act is by_default
    assert judged(stale_campaign, {}, campaign(carrier_state=state)).act is by_default


@pytest.mark.parametrize(
    ("known", "act"),
    [
        pytest.param(
            registered(carriers(CarrierState.SUSPENDED, minutes_ago=2), carriers(CarrierState.ACTIVE, key="uuid")),
            Act.ALLOW,
            id="suspended and let in again since, under its other name",
        ),
        pytest.param(
            registered(carriers(CarrierState.SUSPENDED), carriers(CarrierState.ACTIVE, key="uuid", minutes_ago=2)),
            Act.CANCEL,
            id="suspended since",
        ),
        pytest.param(
            registered(carriers(CarrierState.EXPIRED, minutes_ago=2), carriers(CarrierState.ACTIVE, key="uuid")),
            Act.CANCEL,
            id="expired outranks what is said later",
        ),
    ],
)
def test_carriers_last_word_counts(known, act):
    assert judged(stale_campaign, {}, known).act is act


@pytest.mark.parametrize(
    ("max_age", "known", "act"),
    [
        pytest.param(HOUR, {}, Act.ALLOW, id="exactly as old as allowed"),
        pytest.param(HOUR, {"now": NOW + SECOND}, Act.CANCEL, id="a second older"),
        pytest.param(HOUR, {"now": NOW - SECOND}, Act.ALLOW, id="a second younger"),
        pytest.param(None, {"now": NOW + timedelta(days=5)}, Act.ALLOW, id="nothing is too old"),
    ],
)
def test_age_of_a_message(max_age, known, act):
    assert judged(stale_campaign, {"max_age": max_age}, known).act is act


@pytest.mark.parametrize(
    ("max_age", "until"),
    [
        pytest.param(2 * HOUR, NOW + HOUR + SECOND, id="long before it is sent"),
        pytest.param(4 * HOUR - SECOND, SEND_AT, id="a second before it is sent"),
        pytest.param(4 * HOUR, None, id="as it is sent"),
        pytest.param(None, None, id="never"),
    ],
)
def test_message_that_grows_too_old_before_it_is_sent_is_looked_at_again(max_age, until):
    settings = {**HOLDING, "max_age": max_age}
    assert judged(stale_campaign, settings, {}).until == until
    assert judged(stale_campaign, settings, campaign(**PAUSED)).until == until
    assert judged(stale_campaign, settings, campaign(**ENDED)).until is None
    if until is not None:
        assert judged(stale_campaign, settings, {"now": until - SECOND}).act is Act.ALLOW
        for known in ({"now": until}, {"now": until, **campaign(**PAUSED)}):
            aged = judged(stale_campaign, settings, known)
            assert (aged.act, aged.until) == (Act.CANCEL, None)


def test_end_is_told_with_the_word_that_it_came_by():
    verdict = judged(stale_campaign, {}, campaign(**ENDED, status_event_id="campaign:sale"))

    assert (verdict.policy, verdict.reason) == ("stale_campaign", "campaign sale is ended")
    assert (verdict.facts, verdict.event_id) == ({"campaign": "sale", "status": "ended"}, "campaign:sale")


def test_pause_is_told_the_same_way_whatever_is_done():
    known = campaign(**PAUSED, status_event_id="campaign:sale")
    verdict = judged(stale_campaign, {"paused": Instead.HOLD}, known)

    assert (verdict.reason, verdict.event_id) == ("campaign sale is paused", "campaign:sale")
    assert verdict.facts == judged(stale_campaign, {}, known).facts == {"campaign": "sale", "status": "paused"}


def test_end_to_come_is_told_with_both_times():
    verdict = judged(stale_campaign, {}, campaign(**PASSED, status_event_id="campaign:sale"))

    assert verdict.reason == (
        "campaign sale ends at 2026-05-01T14:59:59+00:00 and the message may be sent as late as"
        " 2026-05-01T15:01:00+00:00"
    )
    assert verdict.facts == {
        "campaign": "sale",
        "ends_at": "2026-05-01T14:59:59+00:00",
        "send_at": "2026-05-01T15:00:00+00:00",
        "sent_by": "2026-05-01T15:01:00+00:00",
    }
    assert (verdict.policy, verdict.event_id) == ("stale_campaign", "campaign:sale")


@pytest.mark.parametrize("treatment", Instead)
def test_lost_registration_is_told_with_our_name_and_the_carriers(treatment):
    known = registered(carriers(CarrierState.SUSPENDED))
    verdict = judged(stale_campaign, {"unregistered": treatment}, known)

    assert verdict.reason == "the 10DLC registration of campaign sale is suspended"
    assert verdict.facts == {"campaign": "sale", "registration": "CSALE", "carrier_state": "suspended"}
    assert (verdict.policy, verdict.event_id) == ("stale_campaign", "CSALE-suspended")


def test_age_is_told_with_what_it_is_measured_by():
    verdict = judged(stale_campaign, TOO_OLD, campaign())

    assert verdict.reason == "the message was scheduled longer ago than 3599s"
    assert verdict.facts == {
        "campaigns": ["sale"],
        "scheduled_at": "2026-05-01T11:00:00+00:00",
        "max_age_seconds": 3599,
    }
    assert (verdict.policy, verdict.event_id) == ("stale_campaign", None)


@pytest.mark.parametrize(
    ("settings", "known", "reason", "told"),
    [
        ({}, {}, "the message belongs to no campaign", {"campaigns": []}),
        ({}, registered(Campaign("CSALE")), "campaign sale is active", {"campaigns": ["sale", "CSALE"]}),
        (
            {"max_age": 9 * HOUR},
            campaign(),
            "campaign sale is active and the message is not older than 9h",
            {"campaigns": ["sale"], "scheduled_at": SCHEDULED_AT.isoformat(), "max_age_seconds": 32400},
        ),
        (
            {"max_age": HOUR},
            {},
            "the message belongs to no campaign and the message is not older than 1h",
            {"campaigns": [], "scheduled_at": SCHEDULED_AT.isoformat(), "max_age_seconds": 3600},
        ),
    ],
)
def test_what_is_not_stale_says_why(settings, known, reason, told):
    verdict = judged(stale_campaign, settings, known)
    assert (verdict.act, verdict.policy, verdict.reason, verdict.facts) == (Act.ALLOW, "stale_campaign", reason, told)


@pytest.mark.parametrize(
    ("settings", "known", "reason"),
    [
        pytest.param(HOLDING, campaign(**PAUSED, **PASSED), "ends at", id="a pause that is outlived by no message"),
        pytest.param(
            HOLDING,
            {"campaigns": (Campaign("sale", **PAUSED), carriers(CarrierState.EXPIRED))},
            "expired",
            id="expired",
        ),
        pytest.param({**HOLDING, **TOO_OLD}, campaign(**PAUSED), "longer ago", id="too old"),
        pytest.param({}, campaign(**PAUSED, **PASSED), "is paused", id="of equals our own word first"),
        pytest.param(TOO_OLD, registered(carriers(CarrierState.DORMANT)), "dormant", id="age last"),
        pytest.param(
            HOLDING,
            {"campaigns": (Campaign("sale", **PAUSED), carriers(CarrierState.DORMANT))},
            "is paused",
            id="of what holds our own word first",
        ),
    ],
)
def test_reason_that_stands_is_the_one_that_cannot_pass(settings, known, reason):
    assert reason in judged(stale_campaign, settings, known).reason


def test_by_default_it_acts_at_once_and_spares_nobody():
    settings = stale_campaign.Settings()
    assert (settings.mode, settings.exempt, settings.max_age) == (Mode.ENFORCE, frozenset(), None)
    assert (settings.paused, settings.unregistered) == (Instead.CANCEL, Instead.CANCEL)
    assert [*Instead] == ["cancel", "hold"]
    assert stale_campaign.PRIORITY == 1
