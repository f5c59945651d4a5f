"""What an operator's gates do to a message, as a table."""

from datetime import timedelta

import pytest

from core.consent import Consent, ConsentKind
from core.deadlines import last_look
from core.deciding import Act, decide
from core.holds import Hold, HoldKind
from core.policies import hold
from core.policies.catalogue import rules
from core.scopes import Scope
from tests.policy_cases import ALICE, NOW, facts

SEND_AT = NOW + timedelta(hours=3)
LAST = last_look(SEND_AT)
SECOND, HOUR = timedelta(seconds=1), timedelta(hours=1)
PANIC = HoldKind.PANIC
RULES = rules()


def gate(kind=HoldKind.HOLD, *, placed=NOW - HOUR, until=None, of="h1", scope=Scope.ALL, value=""):
    return Hold(of, kind, scope, value, "prices are wrong", placed, "cli", until)


@pytest.mark.parametrize(
    ("gates", "at", "verdict", "of"),
    [
        pytest.param((), NOW, Act.ALLOW, None, id="none"),
        pytest.param((gate(),), NOW, Act.HOLD, "h1", id="held"),
        pytest.param((gate(),), LAST - SECOND, Act.HOLD, "h1", id="a second before the last look"),
        pytest.param((gate(),), LAST, Act.CANCEL, "h1", id="at the last look"),
        pytest.param((gate(),), SEND_AT, Act.CANCEL, "h1", id="as it is sent"),
        pytest.param((gate(until=NOW + SECOND),), NOW, Act.HOLD, "h1", id="expires in a second"),
        pytest.param((gate(until=NOW),), NOW, Act.ALLOW, None, id="expires now"),
        pytest.param((gate(until=LAST),), LAST, Act.ALLOW, None, id="expires at the last look"),
        pytest.param((gate(until=LAST + SECOND),), LAST, Act.CANCEL, "h1", id="expires a second later"),
        pytest.param((gate(PANIC),), NOW, Act.CANCEL, "h1", id="panic"),
        pytest.param((gate(PANIC, until=NOW + SECOND),), NOW, Act.CANCEL, "h1", id="panic for another second"),
        pytest.param((gate(PANIC, until=NOW),), NOW, Act.ALLOW, None, id="panic that is over"),
        pytest.param((gate(), gate(PANIC, placed=NOW, of="h2")), NOW, Act.CANCEL, "h2", id="panic goes before a hold"),
        pytest.param((gate(placed=NOW), gate(of="h2")), NOW, Act.HOLD, "h2", id="the longest-standing is named"),
        pytest.param((gate(of="h2"), gate(of="h1")), NOW, Act.HOLD, "h1", id="of equals always the same"),
        pytest.param(
            (gate(until=NOW), gate(placed=NOW, of="h2")), NOW, Act.HOLD, "h2", id="what is over counts no more"
        ),
    ],
)
def test_gate_holds_until_the_last_look_and_panic_at_once(gates, at, verdict, of):
    decision, *_ = decide(facts(now=at, holds=gates), RULES)

    assert decision.verdict is verdict
    assert decision.policy == (None if verdict is Act.ALLOW else "hold")
    assert decision.facts.get("hold") == of
    assert decision.event_id == (f"hold:{of}" if of else None)


@pytest.mark.parametrize(
    ("standing", "reason"),
    [
        (gate(), "everything is held: prices are wrong"),
        (gate(PANIC), "everything was stopped in panic: prices are wrong"),
        (gate(scope=Scope.CAMPAIGN, value="spring"), "campaign spring is held: prices are wrong"),
        (gate(PANIC, scope=Scope.SENDER, value="+1555"), "sender +1555 was stopped in panic: prices are wrong"),
    ],
)
def test_reason_says_what_is_held_how_and_why(standing, reason):
    verdict = hold.judge(facts(holds=(standing,)))
    assert (verdict.reason, verdict.policy) == (reason, "hold")


@pytest.mark.parametrize("until", [None, NOW + HOUR])
def test_gate_is_told_with_who_set_it_and_until_when(until):
    verdict = hold.judge(facts(holds=(gate(scope=Scope.CAMPAIGN, value="spring", until=until),)))

    assert verdict.facts == {
        "hold": "h1",
        "kind": "hold",
        "scope": "campaign",
        "value": "spring",
        "placed_at": "2026-05-01T11:00:00+00:00",
        "placed_by": "cli",
        "expires_at": until and "2026-05-01T13:00:00+00:00",
    }
    assert (verdict.event_id, verdict.since, verdict.known_at, verdict.until) == (
        "hold:h1",
        NOW - HOUR,
        NOW - HOUR,
        None,
    )


def test_message_that_no_gate_holds_says_so():
    verdict = hold.judge(facts())
    assert (verdict.act, verdict.reason, verdict.facts, verdict.event_id) == (Act.ALLOW, "nothing is held", {}, None)


def test_decision_tells_that_the_gate_outlasted_the_last_look():
    decision, *_ = decide(facts(now=LAST, holds=(gate(scope=Scope.CAMPAIGN, value="spring"),)), RULES)
    assert decision.reason == "campaign spring is held: prices are wrong; it still was at the last look"


def test_opt_out_stands_before_a_gate_and_both_are_recorded():
    refusal = Consent(ALICE, ConsentKind.OPT_OUT, NOW, None, "e1", "webhook", "STOP")

    decision, *_ = decide(facts(holds=(gate(PANIC),), consents=(refusal,)), RULES)

    assert (decision.verdict, decision.policy) == (Act.CANCEL, "opt_out")
    objecting = {verdict.policy for _, verdict in decision.verdicts if verdict.act is Act.CANCEL}
    assert objecting == {"hold", "opt_out"}


@pytest.mark.parametrize(
    ("scope", "value", "covers"),
    [
        (Scope.ALL, "", True),
        (Scope.CAMPAIGN, "spring", True),
        (Scope.CAMPAIGN, "CSPRING", True),
        (Scope.CAMPAIGN, "autumn", False),
        (Scope.SENDER, "+15557650900", True),
        (Scope.SENDER, ALICE, False),
        (Scope.RECIPIENT, ALICE, True),
        (Scope.RECIPIENT, "+15557650900", False),
        (Scope.PROFILE, "p1", True),
        (Scope.PROFILE, "p2", False),
    ],
)
def test_gate_reaches_what_is_in_its_scope(scope, value, covers):
    within = gate(scope=scope, value=value).covers(
        campaigns={"spring", "CSPRING"}, sender="+15557650900", recipients=(ALICE,), profile="p1"
    )
    assert within is covers
