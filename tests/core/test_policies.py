"""Each policy's table of cases reads as its specification."""

from datetime import timedelta

import pytest

from core.campaigns import Campaign, CampaignStatus
from core.consent import Consent, ConsentKind, ConsentScope
from core.deciding import Act, Mode, decide
from core.facts import MessageClass
from core.policies import opt_out, stale_campaign
from core.policies.catalogue import rules
from tests.policy_cases import ALICE, BOB, NOW, facts, judged

SECOND = timedelta(seconds=1)


def said(kind, number=ALICE, hours_ago=1, profile="spring"):
    return Consent(number, kind, NOW - timedelta(hours=hours_ago), profile, f"{number}-{kind}", "webhook", "STOP")


STOP, START = ConsentKind.OPT_OUT, ConsentKind.OPT_IN


@pytest.mark.parametrize(
    ("settings", "known", "act"),
    [
        pytest.param({}, {}, Act.ALLOW, id="nothing said"),
        pytest.param({}, {"consents": (said(STOP),)}, Act.CANCEL, id="opted out"),
        pytest.param({}, {"consents": (said(STOP, hours_ago=2), said(START))}, Act.ALLOW, id="opted in again"),
        pytest.param({}, {"consents": (said(STOP, BOB),)}, Act.ALLOW, id="somebody else opted out"),
        pytest.param({}, {"consents": (said(STOP, BOB),), "recipients": (ALICE, BOB)}, Act.CANCEL, id="one of a group"),
        pytest.param({}, {"consents": (said(STOP, profile="autumn"),)}, Act.CANCEL, id="to another profile"),
        pytest.param(
            {"scope": ConsentScope.PROFILE},
            {"consents": (said(STOP, profile="autumn"),)},
            Act.ALLOW,
            id="to another profile, and opt-outs reach one profile only",
        ),
        pytest.param({}, {"consents": (said(STOP),), "message_class": MessageClass.OTP}, Act.CANCEL, id="even a code"),
        pytest.param(
            {"exempt": frozenset({MessageClass.OTP})},
            {"consents": (said(STOP),), "message_class": MessageClass.OTP},
            Act.ALLOW,
            id="a code, and codes are exempt",
        ),
        pytest.param(
            {}, {"consents": (said(STOP),), "scheduled_at": NOW}, Act.CANCEL, id="scheduled after the opt-out"
        ),
    ],
)
def test_opt_out(settings, known, act):
    assert judged(opt_out, settings, known).act is act


def decided(known, **modes):
    chosen = rules(
        opt_out=opt_out.Settings(mode=modes.get("opt_out", Mode.ENFORCE)),
        stale_campaign=stale_campaign.Settings(mode=modes.get("stale_campaign", Mode.ENFORCE)),
    )
    return decide(facts(**known), chosen)


ENDED = (Campaign("sale", status=CampaignStatus.ENDED),)
BOTH_OBJECT = {"consents": (said(STOP),), "campaigns": ENDED}


def test_no_objection_is_kept_as_a_decision_with_every_verdict():
    (decision,) = decided({})
    assert (decision.verdict, decision.policy) == (Act.ALLOW, None)
    asked = [rule.name for rule in rules()]
    assert asked[:3] == ["hold", "opt_out", "do_not_contact"]
    assert [verdict.policy for _, verdict in decision.verdicts] == asked


def test_opt_out_comes_before_other_reasons():
    (decision,) = decided(BOTH_OBJECT)
    assert (decision.verdict, decision.policy, decision.priority) == (Act.CANCEL, "opt_out", 0)
    assert decision.event_id == f"{ALICE}-{STOP}"


def test_shadowed_policy_is_recorded_and_does_not_decide():
    standing, shadowed = decided({"consents": (said(STOP),)}, opt_out=Mode.SHADOW)
    assert (standing.verdict, standing.mode) == (Act.ALLOW, Mode.ENFORCE)
    assert (shadowed.verdict, shadowed.policy, shadowed.mode) == (Act.CANCEL, "opt_out", Mode.SHADOW)


def test_shadowed_policy_does_not_hide_one_that_is_enforced():
    standing, shadowed = decided(BOTH_OBJECT, opt_out=Mode.SHADOW)
    assert (standing.verdict, standing.policy) == (Act.CANCEL, "stale_campaign")
    assert shadowed.policy == "opt_out"


def test_policy_that_is_off_is_not_asked():
    (decision,) = decided({"consents": (said(STOP),)}, opt_out=Mode.OFF)
    assert decision.verdict is Act.ALLOW
    assert [verdict.policy for _, verdict in decision.verdicts][:2] == ["hold", "do_not_contact"]
