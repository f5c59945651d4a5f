"""What is held because the money of its day is spent, or is to be spent by what goes out before it."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from core.deciding import Act, Mode
from core.facts import MessageClass, Need, Reach, Signal, SignalKind, Spending
from core.policies import budget
from core.policies.budget import Purse
from tests.policy_cases import ALICE, NOW, judged

SECOND, HOUR, DAY = timedelta(seconds=1), timedelta(hours=1), timedelta(days=1)
MIDNIGHT = datetime(2026, 5, 2, tzinfo=UTC)
ON = {"mode": Mode.ENFORCE}
CAPPED = {**ON, "daily": Decimal("10.00")}


def limit(at=NOW, profile="spring", of="limit-1", kind=SignalKind.SPEND_LIMIT):
    return Signal(of, kind, profile, at)


def spending(spent="0", before="0", this="0.01", *, currency="USD", profile=None):
    return Spending(currency, profile, Decimal(spent), Decimal(before), Decimal(this))


@pytest.mark.parametrize(
    ("limits", "send_at", "act"),
    [
        pytest.param([], NOW + HOUR, Act.ALLOW, id="none was reached"),
        pytest.param([limit()], NOW + HOUR, Act.HOLD, id="reached on its day"),
        pytest.param([limit(profile="autumn")], NOW + HOUR, Act.ALLOW, id="another profile's"),
        pytest.param([limit(kind=SignalKind.GOAL)], NOW + HOUR, Act.ALLOW, id="another kind of signal"),
        pytest.param([limit()], MIDNIGHT - SECOND, Act.HOLD, id="a second before midnight"),
        pytest.param([limit()], MIDNIGHT, Act.ALLOW, id="at midnight"),
        pytest.param([limit()], MIDNIGHT + SECOND, Act.ALLOW, id="a second after midnight"),
        pytest.param([limit(MIDNIGHT - DAY)], NOW + HOUR, Act.HOLD, id="as the day began"),
        pytest.param([limit(MIDNIGHT - DAY - SECOND)], NOW + HOUR, Act.ALLOW, id="on the day before"),
        pytest.param([limit(profile="autumn"), limit()], NOW + HOUR, Act.HOLD, id="among others"),
    ],
)
def test_limit_at_telnyx_holds_until_midnight(limits, send_at, act):
    verdict = judged(budget, ON, {"signals": tuple(limits), "send_at": send_at})
    assert (verdict.act, verdict.policy) == (act, "budget")
    assert verdict.until == (MIDNIGHT if act is Act.HOLD else None)


def test_limit_is_told_with_its_event_and_the_first_of_several_counts():
    known = {"signals": (limit(NOW - SECOND, of="b"), limit(NOW, of="c"), limit(NOW - SECOND, of="a"))}
    verdict = judged(budget, ON, known)

    assert verdict.reason == (
        "messaging profile spring reached its spend limit at Telnyx at 2026-05-01 11:59:59 UTC, "
        "which counts until midnight UTC"
    )
    assert verdict.facts == {
        "messaging_profile_id": "spring",
        "reached_at": "2026-05-01T11:59:59+00:00",
        "counts_until": "2026-05-02T00:00:00+00:00",
        "send_at": "2026-05-01T15:00:00+00:00",
    }
    assert (verdict.event_id, verdict.since, verdict.until) == ("a", NOW - SECOND, MIDNIGHT)


def test_limit_at_telnyx_counts_whatever_our_own_cap_says():
    known = {"signals": (limit(),), "spending": (spending(),)}
    assert "at Telnyx" in judged(budget, CAPPED, known).reason


def test_message_without_a_profile_has_no_limit_at_telnyx():
    known = {"signals": (limit(),), "messaging_profile_id": None}
    verdict = judged(budget, ON, known)
    assert (verdict.act, verdict.reason) == (Act.ALLOW, "no limit at Telnyx was reached, and no cap is set")
    assert verdict.facts == {"messaging_profile_id": None, "day": "2026-05-01"}


@pytest.mark.parametrize(
    ("settings", "told", "act"),
    [
        pytest.param({}, [spending()], Act.ALLOW, id="nothing spent"),
        pytest.param({}, [spending("9.99", "0", "0.01")], Act.ALLOW, id="just what may be spent"),
        pytest.param({}, [spending("9.99", "0", "0.010001")], Act.HOLD, id="the least bit more"),
        pytest.param({}, [spending("0", "9.99", "0.02")], Act.HOLD, id="by what goes out before"),
        pytest.param({}, [spending("5", "4.99", "0.02")], Act.HOLD, id="by both"),
        pytest.param({}, [spending("5", "4.98", "0.02")], Act.ALLOW, id="both leave room"),
        pytest.param({}, [spending("99", currency="EUR"), spending()], Act.ALLOW, id="in another currency"),
        pytest.param({"currency": "EUR"}, [spending("99", currency="EUR"), spending()], Act.HOLD, id="in the one set"),
        pytest.param(
            {}, [spending("99", profile="spring"), spending()], Act.ALLOW, id="by its profile, counted with all"
        ),
        pytest.param(
            {"scope": Purse.PROFILE},
            [spending(), spending("99", profile="spring")],
            Act.HOLD,
            id="by its profile alone",
        ),
        pytest.param({"scope": Purse.PROFILE}, [spending("99"), spending(profile="spring")], Act.ALLOW, id="by others"),
        pytest.param({}, [], Act.ALLOW, id="nothing is known of prices"),
        pytest.param({}, [spending("99", currency="EUR")], Act.ALLOW, id="nothing is known in this currency"),
        pytest.param({"on_unknown": Act.HOLD}, [], Act.HOLD, id="nothing is known, which holds"),
        pytest.param({"on_unknown": Act.CANCEL}, [], Act.CANCEL, id="nothing is known, which cancels"),
        pytest.param({"daily": None}, [spending("99")], Act.ALLOW, id="no cap"),
    ],
)
def test_our_own_cap(settings, told, act):
    verdict = judged(budget, {**CAPPED, **settings}, {"spending": tuple(told)})
    assert (verdict.act, verdict.policy, verdict.until, verdict.event_id) == (act, "budget", None, None)


def test_cap_is_told_with_all_that_adds_up_to_it():
    verdict = judged(budget, CAPPED, {"spending": (spending("6.5", "3.49", "0.02"),)})

    assert verdict.reason == (
        "with this message all messages would cost USD 10.0100 on 2026-05-01, more than the 10.00 of a day"
    )
    assert verdict.facts == {
        "day": "2026-05-01",
        "currency": "USD",
        "messaging_profile_id": None,
        "spent": "6.5",
        "pending_before": "3.49",
        "this": "0.02",
        "daily": "10.00",
    }


def test_room_under_the_cap_of_a_profile_is_told_too():
    verdict = judged(budget, {**CAPPED, "scope": Purse.PROFILE}, {"spending": (spending("1", profile="spring"),)})

    assert verdict.reason == (
        "with this message messaging profile spring would cost USD 1.0100 on 2026-05-01, within the 10.00 of a day"
    )
    assert verdict.facts["messaging_profile_id"] == "spring"


def test_prices_that_are_not_known_are_told():
    verdict = judged(budget, CAPPED, {})
    assert verdict.reason == "nothing is known of prices in USD yet"
    assert verdict.facts == {"currency": "USD", "on_unknown": "allow"}


@pytest.mark.parametrize(
    ("message_class", "act"),
    [
        (MessageClass.MARKETING, Act.HOLD),
        (MessageClass.TRANSACTIONAL, Act.ALLOW),
        (MessageClass.OTP, Act.ALLOW),
        (MessageClass.COMPLIANCE, Act.ALLOW),
    ],
)
def test_marketing_alone_waits_for_money(message_class, act):
    known = {"signals": (limit(),), "message_class": message_class, "recipients": (ALICE,)}
    assert judged(budget, ON, known).act is act


def test_it_is_off_by_default_and_looks_at_costs_only_for_a_cap():
    settings = budget.Settings()
    assert (settings.mode, settings.daily, settings.currency) == (Mode.OFF, None, "USD")
    assert (settings.scope, settings.on_unknown) == (Purse.ALL, Act.ALLOW)
    assert budget.needs(settings) == {Need.SIGNALS: Reach(DAY)}
    assert budget.needs(budget.Settings(daily=Decimal(1))) == {
        Need.SIGNALS: Reach(DAY),
        Need.SPENDING: Reach(7 * DAY),
    }
    assert [*Purse] == ["all", "profile"]
    assert budget.PRIORITY == 1
