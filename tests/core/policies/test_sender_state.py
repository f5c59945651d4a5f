"""When a sender's queue is kept back, as a table."""

from datetime import timedelta

import pytest

from core.deciding import Act, Mode
from core.facts import Ending, MessageClass, Need, Reach
from core.policies import sender_state
from tests.core.policies.failed import OURS, delivered, outcome
from tests.policy_cases import NOW, judged

SECOND, MINUTE, HOUR = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1)


def known(*outcomes, **more):
    return {"from_number": OURS, "sender_outcomes": outcomes, **more}


def refused(code="40315", ago=MINUTE, **more):
    return outcome(code, NOW - ago, **more)


@pytest.mark.parametrize(
    ("settings", "told", "act"),
    [
        pytest.param({}, known(), Act.ALLOW, id="nothing failed"),
        *(
            pytest.param({}, known(refused(code)), Act.HOLD, id=code)
            for code in (
                *("40003", "40010", "40011", "40013", "40014", "40016"),
                *("40312", "40314", "40315", "40320", "40329", "40333"),
            )
        ),
        *(
            pytest.param({}, known(refused(code)), Act.ALLOW, id=f"{code} is not the sender's")
            for code in ("40001", "40002", "40008", "40015", "40300", "40301", "40309", "99999", None)
        ),
        pytest.param({}, known(refused(ending=Ending.UNCONFIRMED)), Act.ALLOW, id="nobody confirmed it"),
        pytest.param({}, known(refused(), delivered(NOW)), Act.ALLOW, id="delivered since"),
        pytest.param({}, known(delivered(NOW - HOUR / 2), refused()), Act.HOLD, id="delivered before"),
        pytest.param({}, known(refused(ago=HOUR)), Act.HOLD, id="just within the time"),
        pytest.param({}, known(refused(ago=HOUR + SECOND)), Act.ALLOW, id="a second too long ago"),
        pytest.param({"within": 2 * HOUR}, known(refused(ago=HOUR + SECOND)), Act.HOLD, id="within a longer time"),
        pytest.param({"strikes": 2}, known(refused()), Act.ALLOW, id="one of two"),
        pytest.param({"strikes": 2}, known(refused(ago=HOUR), refused()), Act.HOLD, id="two of two"),
        pytest.param({"strikes": 2}, known(refused(ago=HOUR + SECOND), refused()), Act.ALLOW, id="one is too old"),
        pytest.param({"strikes": 2}, known(refused("40001"), refused()), Act.ALLOW, id="one was the recipient's"),
        pytest.param({}, known(refused(), from_number=None), Act.ALLOW, id="no sender yet"),
        pytest.param({"on_unknown": Act.HOLD}, {"from_number": None}, Act.HOLD, id="no sender yet, and that holds"),
        pytest.param(
            {"exempt": frozenset({MessageClass.OTP})},
            known(refused(), message_class=MessageClass.OTP),
            Act.ALLOW,
            id="an exempt class",
        ),
    ],
)
def test_sender_state(settings, told, act):
    assert judged(sender_state, settings, told).act is act


def test_verdict_tells_what_the_sender_was_refused_for_and_when_that_is_too_old():
    last = refused("40010", title="Not 10DLC registered!", of="m1")
    verdict = judged(sender_state, {}, known(last))
    assert verdict.reason == (
        "a message from +15557650900 failed for what is wrong with the campaign, last at 2026-05-01 11:59:00 UTC "
        "(40010 Not 10DLC registered!)"
    )
    assert verdict.facts == {
        "from_number": OURS,
        "refused": 1,
        "code": "40010",
        "title": "Not 10DLC registered!",
        "class": "campaign",
        "last_at": "2026-05-01T11:59:00+00:00",
        "message_id": "m1",
        "strikes": 1,
        "within_seconds": 3600,
    }
    assert (verdict.policy, verdict.event_id, verdict.since) == ("sender_state", last.event_id, last.at)
    assert verdict.until == NOW + 59 * MINUTE + SECOND


def test_sender_is_looked_at_again_as_soon_as_too_few_refusals_are_left():
    refusals = [refused(ago=ago * MINUTE, of=f"m{ago}") for ago in (30, 20, 10)]
    verdict = judged(sender_state, {"strikes": 2}, known(*refusals))
    assert verdict.reason == (
        "3 messages from +15557650900 failed for what is wrong with the sender, last at 2026-05-01 11:50:00 UTC "
        "(40315 Unhealthy 'from' address)"
    )
    assert verdict.until == NOW + 40 * MINUTE + SECOND
    assert (verdict.since, verdict.event_id, verdict.facts["refused"]) == (refusals[1].at, refusals[2].event_id, 3)
    again = known(*refusals, now=verdict.until)
    assert judged(sender_state, {"strikes": 2}, again).act is Act.ALLOW
    just_before = known(*refusals, now=verdict.until - SECOND)
    assert judged(sender_state, {"strikes": 2}, just_before).act is Act.HOLD


def test_allowance_tells_who_was_looked_at():
    verdict = judged(sender_state, {"strikes": 2}, known(refused()))
    assert verdict.reason == "+15557650900 is not being refused"
    assert verdict.facts == {"from_number": OURS, "refused": 1, "strikes": 2, "within_seconds": 3600}
    unknown = judged(sender_state, {}, {"from_number": None})
    assert (unknown.reason, unknown.facts) == ("its sender is not known yet", {"on_unknown": Act.ALLOW})


def test_policy_is_off_by_default_and_needs_what_its_sender_was_refused():
    assert sender_state.Settings().mode is Mode.OFF
    assert sender_state.PRIORITY == 1
    assert sender_state.needs(sender_state.Settings()) == {Need.SENDER_OUTCOMES: Reach(HOUR)}
