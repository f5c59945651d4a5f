"""When a number that keeps failing is left alone, as a table."""

from datetime import timedelta

import pytest

from core.deciding import Act, Mode
from core.facts import Ending, MessageClass, Need, Reach
from core.policies import soft_failures
from tests.core.policies.failed import delivered, forgiven, outcome
from tests.policy_cases import ALICE, BOB, NOW, judged

SECOND, HOUR, DAY = timedelta(seconds=1), timedelta(hours=1), timedelta(days=1)
SEND_AT = NOW + 3 * HOUR


def known(*outcomes, signals=(), **more):
    return {"outcomes": outcomes, "signals": signals, **more}


def streak(*codes, days=(3, 2, 1), **more):
    """Failures so many days ago."""
    told = codes or ("40006", "40008", "40004")
    return [outcome(code, NOW - ago * DAY, of=f"m{ago}", **more) for code, ago in zip(told, days, strict=True)]


@pytest.mark.parametrize(
    ("settings", "told", "act"),
    [
        pytest.param({}, known(), Act.ALLOW, id="nothing failed"),
        pytest.param({}, known(*streak()), Act.HOLD, id="three in a row over two days"),
        pytest.param({}, known(*streak()[1:]), Act.ALLOW, id="two"),
        pytest.param({}, known(*streak(None, "99999", "40005")), Act.HOLD, id="what nobody explained counts"),
        pytest.param({}, known(*streak("40006", "40003", "40006")), Act.ALLOW, id="one was our number's fault"),
        pytest.param({}, known(*streak("40014", "40011", "40318")), Act.ALLOW, id="we sent more than goes through"),
        pytest.param({}, known(*streak("40006", "40002", "40006")), Act.ALLOW, id="one was the text's fault"),
        pytest.param({}, known(*streak("40006", "40300", "40006")), Act.ALLOW, id="one was a refusal"),
        pytest.param({}, known(*streak("40006", "40012", "40006")), Act.ALLOW, id="one was for good"),
        pytest.param({}, known(*streak(ending=Ending.UNCONFIRMED)), Act.ALLOW, id="nobody confirmed their delivery"),
        pytest.param({}, known(*streak(number=BOB)), Act.ALLOW, id="somebody else's"),
        pytest.param({}, known(*streak(number=BOB), recipients=(ALICE, BOB)), Act.HOLD, id="one of a group"),
        pytest.param({"streak": 4}, known(*streak()), Act.ALLOW, id="three, and it takes four"),
        pytest.param({}, known(*streak(), delivered(NOW)), Act.ALLOW, id="delivered since"),
        pytest.param({}, known(*streak(), delivered(NOW - 2.5 * DAY)), Act.ALLOW, id="delivered between"),
        pytest.param({}, known(*streak(), signals=(forgiven(NOW - DAY),)), Act.ALLOW, id="forgiven"),
        pytest.param(
            {}, known(*streak(), signals=(forgiven(NOW - 3 * DAY - SECOND),)), Act.HOLD, id="forgiven before all that"
        ),
        pytest.param({"spread": 2 * DAY}, known(*streak()), Act.HOLD, id="spread over just so long"),
        pytest.param({"spread": 2 * DAY + SECOND}, known(*streak()), Act.ALLOW, id="spread over a second less"),
        pytest.param(
            {"rest": DAY + 3 * HOUR + SECOND}, known(*streak()), Act.HOLD, id="sent a second before the rest is over"
        ),
        pytest.param({"rest": DAY + 3 * HOUR}, known(*streak()), Act.ALLOW, id="sent when the rest is over"),
        pytest.param({"within": 3 * DAY + 3 * HOUR}, known(*streak()), Act.HOLD, id="the first is just not too old"),
        pytest.param(
            {"within": 3 * DAY + 3 * HOUR - SECOND}, known(*streak()), Act.ALLOW, id="the first is a second too old"
        ),
        pytest.param({}, known(*streak(rate=0.5)), Act.HOLD, id="half of everything failed"),
        pytest.param({}, known(*streak(rate=0.51)), Act.ALLOW, id="more than half of everything failed: an outage"),
        pytest.param({"outage_rate": 1.0}, known(*streak(rate=1.0)), Act.HOLD, id="outages count all the same"),
        pytest.param({}, known(*streak()[:2], *streak(rate=0.9)[2:]), Act.ALLOW, id="one fell into an outage"),
        pytest.param({}, known(*streak(), message_class=MessageClass.OTP), Act.ALLOW, id="somebody waits for a code"),
        pytest.param({}, known(*streak(), message_class=MessageClass.TRANSACTIONAL), Act.HOLD, id="any other class"),
    ],
)
def test_soft_failures(settings, told, act):
    assert judged(soft_failures, settings, told).act is act


def test_verdict_tells_the_streak_and_until_when_the_number_is_left_alone():
    failed = streak("40006", None, "40008")
    verdict = judged(soft_failures, {}, known(*failed))
    assert verdict.reason == (
        "+15557650101 failed 3 times in a row from 2026-04-28 12:00:00 to 2026-04-30 12:00:00 UTC (last 40008 "
        "Undeliverable); it is left alone until 2026-05-07 12:00:00 UTC"
    )
    assert verdict.facts == {
        "phone_number": ALICE,
        "failures": 3,
        "first_at": "2026-04-28T12:00:00+00:00",
        "last_at": "2026-04-30T12:00:00+00:00",
        "codes": ["40006", None, "40008"],
        "message_ids": ["m3", "m2", "m1"],
        "rested_at": "2026-05-07T12:00:00+00:00",
        "streak": 3,
        "spread_seconds": 172800,
        "outage_rate": 0.5,
    }
    assert (verdict.policy, verdict.event_id) == ("soft_failures", failed[-1].event_id)
    assert (verdict.since, verdict.until) == (NOW - DAY, None)


def test_title_is_telnyx_own_and_a_missing_code_is_told():
    titled = judged(soft_failures, {}, known(*streak(title="Not today")))
    assert "(last 40004 Not today)" in titled.reason
    assert "(last without a code)" in judged(soft_failures, {}, known(*streak(None, None, None))).reason


def test_allowance_tells_how_close_it_was():
    verdict = judged(soft_failures, {}, known(*streak()[1:]))
    assert verdict.reason == "no recipient's number keeps failing"
    assert verdict.facts == {
        "recipients": [ALICE],
        "failures": 2,
        "streak": 3,
        "spread_seconds": 172800,
        "rest_seconds": 604800,
    }
    assert (verdict.event_id, verdict.until) == (None, None)


def test_policy_is_off_by_default_and_needs_failures_and_pardons_as_far_back_as_they_count():
    assert soft_failures.Settings().mode is Mode.OFF
    assert soft_failures.PRIORITY == 1
    back = Reach(30 * DAY)
    assert soft_failures.needs(soft_failures.Settings()) == {Need.OUTCOMES: back, Need.SIGNALS: back}
