"""When a message has lost its purpose because its goal is reached."""

from datetime import timedelta

import pytest

from core import labels
from core.deciding import Act, Mode
from core.facts import MessageClass, Need, Reach, Signal, SignalKind
from core.policies import goal_reached
from core.policies.catalogue import rules
from tests.policy_cases import ALICE, BOB, NOW, judged

SECOND, DAY = timedelta(seconds=1), timedelta(days=1)
SCHEDULED_AT = NOW - timedelta(hours=1)
REMEMBERED = SCHEDULED_AT - 30 * DAY


def goal(at=NOW, value="purchase", number=ALICE, kind=SignalKind.GOAL, of="order-1"):
    return Signal(of, kind, value, at, number)


def told(*signals, tags=("until:purchase",), **more):
    return {"labels": labels.read(tags), "signals": signals, **more}


@pytest.mark.parametrize(
    ("settings", "known", "act"),
    [
        pytest.param({}, {"signals": (goal(),)}, Act.ALLOW, id="no label"),
        pytest.param({}, told(), Act.ALLOW, id="not reached"),
        pytest.param({}, told(goal()), Act.CANCEL, id="reached"),
        pytest.param({}, told(goal(value="visit")), Act.ALLOW, id="another goal"),
        pytest.param({}, told(goal(value="Purchase")), Act.ALLOW, id="a name is told apart by case"),
        pytest.param({}, told(goal(number=BOB)), Act.ALLOW, id="somebody else"),
        pytest.param({}, told(goal(number=None)), Act.ALLOW, id="nobody in particular"),
        pytest.param({}, told(goal(number=BOB), recipients=(ALICE, BOB)), Act.CANCEL, id="one of a group"),
        pytest.param({}, told(goal(kind=SignalKind.REVISION)), Act.ALLOW, id="a revision of that name"),
        pytest.param({}, told(goal(), tags=("until:visit", "until:purchase")), Act.CANCEL, id="one of two goals"),
        pytest.param({}, told(goal(SCHEDULED_AT)), Act.CANCEL, id="as it was scheduled"),
        pytest.param({}, told(goal(SCHEDULED_AT - SECOND)), Act.CANCEL, id="before it was scheduled"),
        pytest.param({}, told(goal(REMEMBERED)), Act.CANCEL, id="as long ago as is remembered"),
        pytest.param({}, told(goal(REMEMBERED - SECOND)), Act.ALLOW, id="a second longer ago"),
        pytest.param({"remembered": DAY}, told(goal(SCHEDULED_AT - DAY)), Act.CANCEL, id="a day remembered"),
        pytest.param({"remembered": DAY}, told(goal(SCHEDULED_AT - DAY - SECOND)), Act.ALLOW, id="more than a day"),
        pytest.param({"before_scheduling": False}, told(goal(SCHEDULED_AT)), Act.CANCEL, id="only since: at once"),
        pytest.param({"before_scheduling": False}, told(goal(SCHEDULED_AT - SECOND)), Act.ALLOW, id="only since"),
        pytest.param(
            {"exempt": frozenset({MessageClass.OTP})},
            told(goal(), message_class=MessageClass.OTP),
            Act.ALLOW,
            id="an exempt class",
        ),
    ],
)
def test_goal_reached(settings, known, act):
    assert judged(goal_reached, settings, known).act is act


def test_first_time_that_it_was_reached_is_told():
    verdict = judged(goal_reached, {}, told(goal(NOW, of="c"), goal(NOW - SECOND, of="b"), goal(NOW - SECOND, of="a")))
    assert verdict.reason == f"{ALICE} reached purchase at 2026-05-01 11:59:59 UTC"
    assert verdict.facts == {
        "goal": "purchase",
        "phone_number": ALICE,
        "reached_at": "2026-05-01T11:59:59+00:00",
        "scheduled_at": "2026-05-01T11:00:00+00:00",
    }
    assert (verdict.event_id, verdict.since, verdict.until) == ("a", NOW - SECOND, None)


def test_goal_that_was_reached_before_scheduling_is_told_as_such():
    verdict = judged(goal_reached, {}, told(goal(SCHEDULED_AT - SECOND)))
    assert verdict.reason.endswith("at 2026-05-01 10:59:59 UTC, before the message was scheduled")
    at_once = judged(goal_reached, {}, told(goal(SCHEDULED_AT)))
    assert "before" not in at_once.reason


def test_goal_that_is_not_reached_is_told_with_when_it_would_count_from():
    verdict = judged(goal_reached, {}, told(tags=("until:visit", "until:purchase")))
    assert verdict.reason == "no recipient has reached purchase or visit"
    assert verdict.facts == {
        "goals": ["purchase", "visit"],
        "recipients": [ALICE],
        "counts_from": "2026-04-01T11:00:00+00:00",
    }
    assert judged(goal_reached, {}, {}).reason == "the message has no goal"


def test_it_acts_by_default_and_looks_as_far_back_as_it_remembers():
    (rule,) = [rule for rule in rules() if rule.name == "goal_reached"]
    assert (rule.mode, rule.priority, rule.exempt) == (Mode.ENFORCE, 1, frozenset())
    assert rule.needs == {Need.SIGNALS: Reach(30 * DAY, "goals")}
    since_only = goal_reached.needs(goal_reached.Settings(before_scheduling=False))
    assert since_only == {Need.SIGNALS: Reach(timedelta(), "goals")}
