"""How verdicts combine: every one is kept, the strongest stands, and what is held to the last is cancelled."""

from datetime import timedelta

import pytest

from core.deadlines import last_look
from core.deciding import Act, Mode, Rule, Rules, Verdict, decide
from core.facts import MessageClass, Need, Reach
from core.labels import Labels
from tests.policy_cases import NOW, facts

SECOND = timedelta(seconds=1)
ALLOW, HOLD, CANCEL = Act
ENFORCE, SHADOW, OFF = Mode


def rule(name, act, mode=ENFORCE, priority=1, **said):
    verdict = Verdict(act, name, f"{name} says {act}", {"of": name}, **said)
    return Rule(name, mode, lambda _: verdict, priority)


def decided(*rules, **known):
    return decide(facts(**known), Rules(rules))


@pytest.mark.parametrize(
    ("rules", "act", "policy"),
    [
        pytest.param([], ALLOW, None, id="nobody is asked"),
        pytest.param([rule("a", ALLOW)], ALLOW, None, id="nobody objects"),
        pytest.param([rule("a", HOLD), rule("b", CANCEL)], CANCEL, "b", id="cancel is stronger than hold"),
        pytest.param([rule("a", ALLOW), rule("b", HOLD)], HOLD, "b", id="hold is stronger than allow"),
        pytest.param([rule("a", CANCEL), rule("b", CANCEL)], CANCEL, "a", id="of equals the first"),
        pytest.param([rule("a", CANCEL, priority=1), rule("b", CANCEL, priority=0)], CANCEL, "b", id="or more urgent"),
        pytest.param(
            [rule("a", HOLD, priority=0), rule("b", CANCEL, priority=1)], CANCEL, "b", id="strength before urgency"
        ),
        pytest.param([rule("a", CANCEL, SHADOW), rule("b", HOLD)], HOLD, "b", id="a shadow does not act"),
        pytest.param([rule("a", CANCEL, OFF)], ALLOW, None, id="what is off is not asked"),
    ],
)
def test_strongest_enforced_verdict_stands(rules, act, policy):
    decision, *_ = decided(*rules)
    assert (decision.verdict, decision.policy, decision.mode) == (act, policy, ENFORCE)
    assert [verdict.policy for _, verdict in decision.verdicts] == [each.name for each in rules if each.mode != OFF]


def test_decision_is_made_of_the_verdict_that_stands_and_keeps_all():
    later, since = NOW + timedelta(hours=1), NOW - SECOND
    a = rule("a", CANCEL, priority=0, event_id="its event", since=since)
    b = rule("b", ALLOW, SHADOW, until=later)

    (decision,) = decided(a, b)

    assert (decision.reason, decision.facts) == ("a says cancel", {"of": "a"})
    assert (decision.event_id, decision.since, decision.priority) == ("its event", since, 0)
    assert decision.review_after(NOW) == later
    assert [(mode, verdict.act) for mode, verdict in decision.verdicts] == [(ENFORCE, CANCEL), (SHADOW, ALLOW)]


def test_each_shadow_that_objects_is_a_decision_beside():
    rules = [rule("a", ALLOW), rule("b", CANCEL, SHADOW), rule("c", HOLD, SHADOW), rule("d", ALLOW, SHADOW)]

    stands, *shadows = decided(*rules)

    assert (stands.verdict, stands.mode) == (ALLOW, ENFORCE)
    assert [(each.policy, each.verdict, each.mode) for each in shadows] == [("b", CANCEL, SHADOW), ("c", HOLD, SHADOW)]
    assert all(each.verdicts == stands.verdicts for each in shadows)


def test_earliest_time_at_which_a_verdict_may_change_is_the_next_look():
    soon, later = NOW + SECOND, NOW + 2 * SECOND
    assert decided(rule("a", ALLOW, until=later), rule("b", ALLOW, until=soon))[0].review_after(NOW) == soon
    assert decided(rule("a", ALLOW))[0].review_after(NOW) is None


def test_time_that_has_passed_calls_for_no_look_and_hides_none_to_come():
    later = NOW + SECOND
    (decision,) = decided(
        rule("a", ALLOW, until=NOW - SECOND), rule("b", ALLOW, until=NOW), rule("c", ALLOW, until=later)
    )
    assert decision.review_after(NOW) == later
    assert decision.review_after(later) is None


@pytest.mark.parametrize(
    ("now", "is_last", "act"),
    [
        pytest.param(last_look(NOW) - SECOND, False, HOLD, id="before the last look"),
        pytest.param(last_look(NOW), False, CANCEL, id="from the last look on"),
        pytest.param(last_look(NOW) - timedelta(hours=9), True, CANCEL, id="at one that is earlier than usual"),
    ],
)
def test_what_is_held_is_cancelled_when_nobody_will_look_again(now, is_last, act):
    (decision,) = decided(rule("a", HOLD), send_at=NOW, now=now, is_last=is_last)
    assert decision.verdict is act
    assert decision.reason == ("a says hold" if act is HOLD else "a says hold; it still was at the last look")


def test_what_is_allowed_or_cancelled_is_so_at_the_last_look_too():
    assert decided(rule("a", ALLOW), is_last=True)[0].verdict is ALLOW
    assert decided(rule("a", CANCEL), is_last=True)[0].reason == "a says cancel"


def test_what_nobody_objects_to_names_who_was_asked():
    (decision,) = decided(rule("a", ALLOW), rule("b", ALLOW), rule("c", ALLOW, SHADOW), rule("d", ALLOW, OFF))
    assert decision.reason == "no policy objects; asked were a, b"
    assert (decision.facts, decision.event_id, decision.since, decision.priority) == ({}, None, None, 1)
    assert decided(rule("c", ALLOW, SHADOW))[0].reason == "no policy is enforced"


def test_class_that_is_exempt_is_not_asked_about():
    sparing = Rule("a", ENFORCE, rule("a", CANCEL).judge, exempt=frozenset({MessageClass.OTP}))
    verdict = sparing.ask(facts(message_class=MessageClass.OTP))
    assert (verdict.act, verdict.policy, verdict.reason) == (ALLOW, "a", "class otp is exempt")
    assert sparing.ask(facts(message_class=MessageClass.MARKETING)).act is CANCEL


def test_what_is_needed_is_what_those_that_are_asked_need():
    near, far = Reach(timedelta(hours=1), of_labelled="goals"), Reach(timedelta(days=1))
    judge = rule("a", ALLOW).judge
    rules = Rules(
        (
            Rule("a", ENFORCE, judge, needs={Need.INBOUND: near}),
            Rule("b", SHADOW, judge, needs={Need.INBOUND: far, Need.SIGNALS: near}),
            Rule("c", OFF, judge, needs={Need.TRAFFIC: far}),
        )
    )
    assert rules.needs == {Need.INBOUND: (near, far), Need.SIGNALS: (near,)}
    assert near.concerns(Labels(goals=frozenset({"paid"})), MessageClass.OTP)
    assert not near.concerns(Labels(sequence="x"), MessageClass.OTP)
    assert far.concerns(Labels(), MessageClass.OTP)
