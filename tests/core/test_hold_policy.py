"""What an operator's gates do to a message, as a table."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from core.consent import Consent, ConsentKind
from core.deadlines import last_look
from core.deciding import Act, decide
from core.facts import Facts, MessageClass
from core.holds import Hold, HoldKind
from core.policies.catalogue import rules
from core.scopes import Scope

NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)
SEND_AT = NOW + timedelta(hours=3)
ALICE = "+15557650101"
SECOND = timedelta(seconds=1)
RULES = rules()
MESSAGE = Facts(
    now=NOW,
    message_id="0d3c0f5a-0000-4000-8000-000000000001",
    send_at=SEND_AT,
    scheduled_at=NOW,
    message_class=MessageClass.MARKETING,
    messaging_profile_id=None,
    recipients=(ALICE,),
)


def gate(kind=HoldKind.HOLD, *, placed=NOW - timedelta(hours=1), until=None, of="h1", scope=Scope.ALL, value=""):
    return Hold(of, kind, scope, value, "prices are wrong", placed, "cli", until)


@pytest.mark.parametrize(
    ("gates", "at", "verdict"),
    [
        ((), NOW, Act.ALLOW),
        ((gate(),), NOW, Act.HOLD),
        ((gate(),), last_look(SEND_AT) - SECOND, Act.HOLD),
        ((gate(),), last_look(SEND_AT), Act.CANCEL),
        ((gate(),), SEND_AT, Act.CANCEL),
        ((gate(until=NOW + SECOND),), NOW, Act.HOLD),
        ((gate(until=NOW),), NOW, Act.ALLOW),
        ((gate(until=last_look(SEND_AT)),), last_look(SEND_AT), Act.ALLOW),
        ((gate(until=last_look(SEND_AT) + SECOND),), last_look(SEND_AT), Act.CANCEL),
        ((gate(HoldKind.PANIC),), NOW, Act.CANCEL),
        ((gate(HoldKind.PANIC, until=NOW),), NOW, Act.ALLOW),
        ((gate(), gate(HoldKind.PANIC, placed=NOW, of="h2")), NOW, Act.CANCEL),
    ],
)
def test_gate_holds_until_the_last_look_and_panic_at_once(gates, at, verdict):
    decision, *_ = decide(replace(MESSAGE, now=at, holds=gates), RULES)

    assert decision.verdict is verdict
    assert decision.policy == (None if verdict is Act.ALLOW else "hold")


def test_decision_names_the_gate_its_reason_and_that_it_outlasted_the_last_look():
    decision, *_ = decide(
        replace(MESSAGE, now=last_look(SEND_AT), holds=(gate(scope=Scope.CAMPAIGN, value="spring"),)), RULES
    )

    assert decision.reason == "campaign spring is held: prices are wrong; it still was at the last look"
    assert (decision.facts["hold"], decision.event_id) == ("h1", "hold:h1")


def test_opt_out_stands_before_a_gate_and_both_are_recorded():
    refusal = Consent(
        phone_number=ALICE,
        kind=ConsentKind.OPT_OUT,
        effective_at=NOW,
        messaging_profile_id=None,
        event_id="e1",
        source="webhook",
        evidence="STOP",
    )

    decision, *_ = decide(replace(MESSAGE, holds=(gate(HoldKind.PANIC),), consents=(refusal,)), RULES)

    assert (decision.verdict, decision.policy) == (Act.CANCEL, "opt_out")
    assert [verdict.act for _, verdict in decision.verdicts][:3] == [Act.CANCEL, Act.CANCEL, Act.ALLOW]


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
    hold = gate(scope=scope, value=value)

    assert covers is hold.covers(
        campaigns={"spring", "CSPRING"}, sender="+15557650900", recipients=(ALICE,), profile="p1"
    )
