"""When a number is taken for dead, as a table."""

from datetime import timedelta

import pytest

from core.deciding import Act, Mode
from core.facts import Ending, MessageClass, Need, Reach, Signal, SignalKind
from core.policies import hard_failure
from tests.core.policies.failed import delivered, forgiven, outcome
from tests.policy_cases import ALICE, BOB, NOW, judged

SECOND, HOUR, DAY = timedelta(seconds=1), timedelta(hours=1), timedelta(days=1)
SEND_AT = NOW + 3 * HOUR


def known(*outcomes, signals=(), **more):
    return {"outcomes": outcomes, "signals": signals, **more}


@pytest.mark.parametrize(
    ("settings", "told", "act"),
    [
        pytest.param({}, known(), Act.ALLOW, id="nothing failed"),
        pytest.param({}, known(outcome("40001")), Act.CANCEL, id="a landline"),
        pytest.param({}, known(outcome("40012")), Act.CANCEL, id="no such number"),
        pytest.param({}, known(outcome("40310")), Act.CANCEL, id="an invalid address"),
        pytest.param({}, known(outcome("40008")), Act.ALLOW, id="undeliverable, which may resolve"),
        pytest.param({}, known(outcome("40006")), Act.ALLOW, id="carrier is down"),
        pytest.param({}, known(outcome("40003")), Act.ALLOW, id="our number is blocked"),
        pytest.param({}, known(outcome("40010")), Act.ALLOW, id="campaign is not registered"),
        pytest.param({}, known(outcome("40015")), Act.ALLOW, id="spam"),
        pytest.param({}, known(outcome("40301")), Act.ALLOW, id="the two do not go together"),
        pytest.param({}, known(outcome("40300")), Act.ALLOW, id="a refusal is a matter of consent"),
        pytest.param({}, known(outcome("99999")), Act.ALLOW, id="an unknown code"),
        pytest.param({}, known(outcome(None)), Act.ALLOW, id="no code"),
        pytest.param(
            {}, known(outcome("40012", ending=Ending.UNCONFIRMED)), Act.ALLOW, id="a delivery that nobody confirmed"
        ),
        pytest.param({}, known(outcome(number=BOB)), Act.ALLOW, id="somebody else's number"),
        pytest.param({}, known(outcome(number=BOB), recipients=(ALICE, BOB)), Act.CANCEL, id="one of a group"),
        pytest.param({}, known(outcome(), delivered(NOW + SECOND)), Act.ALLOW, id="delivered a second later"),
        pytest.param({}, known(outcome(), delivered(NOW)), Act.ALLOW, id="delivered at the same time"),
        pytest.param({}, known(delivered(NOW - SECOND), outcome()), Act.CANCEL, id="delivered a second before"),
        pytest.param(
            {}, known(outcome(), delivered(NOW + SECOND, number=BOB)), Act.CANCEL, id="delivered to somebody else"
        ),
        pytest.param({}, known(outcome(), signals=(forgiven(NOW),)), Act.ALLOW, id="forgiven"),
        pytest.param({}, known(outcome(), signals=(forgiven(NOW - SECOND),)), Act.CANCEL, id="forgiven, failed again"),
        pytest.param(
            {}, known(outcome(), signals=(forgiven(NOW, number=BOB),)), Act.CANCEL, id="somebody else was forgiven"
        ),
        pytest.param(
            {},
            known(outcome(), signals=(Signal("s", SignalKind.GOAL, "sale", NOW + HOUR, ALICE),)),
            Act.CANCEL,
            id="another signal",
        ),
        pytest.param({"strikes": 2}, known(outcome()), Act.ALLOW, id="one of two strikes"),
        pytest.param({"strikes": 2}, known(outcome(), outcome("40001", NOW + HOUR)), Act.CANCEL, id="two of two"),
        pytest.param(
            {"strikes": 2}, known(outcome(), outcome("40008", NOW + HOUR)), Act.ALLOW, id="one and one that may pass"
        ),
        pytest.param(
            {"strikes": 2},
            known(outcome(), outcome(number=BOB), recipients=(ALICE, BOB)),
            Act.ALLOW,
            id="strikes of two numbers are not added",
        ),
        pytest.param({"within": DAY}, known(outcome(at=SEND_AT - DAY)), Act.CANCEL, id="just within the time"),
        pytest.param({"within": DAY}, known(outcome(at=SEND_AT - DAY - SECOND)), Act.ALLOW, id="a second too old"),
        pytest.param({}, known(outcome(), message_class=MessageClass.COMPLIANCE), Act.CANCEL, id="every class"),
        pytest.param(
            {"exempt": frozenset({MessageClass.OTP})},
            known(outcome(), message_class=MessageClass.OTP),
            Act.ALLOW,
            id="an exempt class",
        ),
    ],
)
def test_hard_failure(settings, told, act):
    assert judged(hard_failure, settings, told).act is act


def test_verdict_tells_the_failure_that_it_rests_on():
    failed = outcome("40012", NOW - HOUR, title="Invalid destination", of="m1")
    verdict = judged(hard_failure, {}, known(failed))
    assert verdict.reason == (
        "+15557650101 failed for good at 2026-05-01 11:00:00 UTC (40012 Invalid destination), and nothing was "
        "delivered to it since"
    )
    assert verdict.facts == {
        "phone_number": ALICE,
        "code": "40012",
        "title": "Invalid destination",
        "class": "recipient",
        "certainty": "inferred",
        "failed_at": "2026-05-01T11:00:00+00:00",
        "message_id": "m1",
        "failures": 1,
        "strikes": 1,
    }
    assert (verdict.policy, verdict.event_id) == ("hard_failure", failed.event_id)
    assert (verdict.since, verdict.until) == (NOW - HOUR, None)


def test_verdict_on_several_failures_names_the_one_by_which_it_was_enough():
    struck = [outcome("40001", NOW - hours * HOUR, of=f"m{hours}") for hours in (3, 2, 1)]
    verdict = judged(hard_failure, {"strikes": 2}, known(*struck))
    assert verdict.reason == (
        "+15557650101 failed for good 3 times, the first at 2026-05-01 09:00:00 UTC (40001 Not routable), and nothing "
        "was delivered to it since"
    )
    assert (verdict.facts["message_id"], verdict.facts["failures"], verdict.facts["strikes"]) == ("m2", 3, 2)
    assert (verdict.event_id, verdict.since) == (struck[1].event_id, struck[1].at)


def test_allowance_tells_how_close_it_was():
    spared = judged(hard_failure, {"strikes": 3}, known(outcome(), outcome("40001", NOW + HOUR)))
    assert spared.reason == "no recipient's number has failed for good more than 2 times"
    assert spared.facts == {"recipients": [ALICE], "failures": 2, "strikes": 3}
    clean = judged(hard_failure, {}, known())
    assert clean.reason == "no recipient's number has failed for good"
    assert clean.facts == {"recipients": [ALICE], "failures": 0, "strikes": 1}


def test_policy_is_off_by_default_and_needs_failures_and_pardons_as_far_back_as_they_count():
    assert hard_failure.Settings().mode is Mode.OFF
    assert hard_failure.PRIORITY == 1
    back = Reach(DAY)
    assert hard_failure.needs(hard_failure.Settings(within=DAY)) == {Need.OUTCOMES: back, Need.SIGNALS: back}
