"""What it costs to ask the policies about a message: each by itself, and all together as a decision."""

from __future__ import annotations

import argparse
import random
import statistics
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from bench import targets
from core.campaigns import Campaign
from core.consent import Consent, ConsentKind, Tier
from core.deciding import Mode, Rule, Rules, decide
from core.facts import (
    Ending,
    Facts,
    Inbound,
    MessageClass,
    Outcome,
    Person,
    Progress,
    Signal,
    SignalKind,
    Spending,
    Tally,
    Traffic,
)
from core.labels import Labels
from core.policies import catalogue

_TARGET_MICROSECONDS = 50
_NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)
_MINUTE, _HOUR, _DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
_OURS, _PROFILE = "+13125550001", "400196d4-e32b-42c2-9654-190ffd5d9fb7"
_ZONES = (None, "America/New_York", "America/Los_Angeles", "America/Chicago")
_TEXTS = ("STOP", "Stop. Thank you", "please stop by", "ok", "see you at five then", "START")


def main(arguments: list[str]) -> int:
    """Measure, print medians in microseconds, and return 1 when the target is missed."""
    parser = argparse.ArgumentParser(prog="python -m bench decide", description=__doc__)
    parser.add_argument("--messages", type=int, default=2000)
    parser.add_argument("--rounds", type=int, default=9)
    options = parser.parse_args(arguments)
    chance = random.Random(1)
    known = [_facts(number, chance) for number in range(options.messages)]
    rules = _everything()
    print(f"medians of {options.rounds} rounds over {options.messages:,} messages, in microseconds a message")
    for rule in rules:
        print(f"  {rule.name:16}{_median(lambda rule=rule: _ask(rule, known), known, options.rounds):8.1f}")
    whole = _median(lambda: _decide(known, rules), known, options.rounds)
    print(f"  {'a decision':16}{whole:8.1f}\n")
    each = whole / len(list(rules))
    return 0 if targets.target("microseconds a message and policy", each, at_most=_TARGET_MICROSECONDS) else 1


def _median(work: object, known: Sequence[Facts], rounds: int) -> float:
    """Return the median in microseconds a message; the first round is not counted."""
    assert callable(work)
    took = []
    for _ in range(rounds + 1):
        began = time.perf_counter()
        work()
        took.append((time.perf_counter() - began) * 1e6 / len(known))
    return statistics.median(took[1:])


def _ask(rule: Rule, known: Sequence[Facts]) -> None:
    for facts in known:
        rule.ask(facts)


def _decide(known: Sequence[Facts], rules: Rules) -> None:
    for facts in known:
        decide(facts, rules)


def _everything() -> Rules:
    """Return rules under which every policy acts, and looks at all that it can."""
    settings = {policy.NAME: policy.Settings(mode=Mode.ENFORCE) for policy in catalogue.OURS}
    settings["budget"] = catalogue.known()["budget"].Settings(mode=Mode.ENFORCE, daily=Decimal(1000))
    return catalogue.rules(**settings)


def _facts(number: int, chance: random.Random) -> Facts:
    """Return a message about which much is known: a third of the recipients said something, all get others too."""
    to = f"+1{chance.choice([212, 312, 415, 555])}{7_000_000 + number}"
    send_at = _NOW + timedelta(minutes=chance.randint(10, 2880))
    return Facts(
        now=_NOW,
        message_id=f"0d3c0f5a-0000-4000-8000-{number:012x}",
        send_at=send_at,
        scheduled_at=_NOW - _HOUR,
        message_class=MessageClass.MARKETING,
        messaging_profile_id=_PROFILE,
        recipients=(to,),
        from_number=_OURS,
        campaign_key="spring",
        fingerprint=f"{number % 5:032x}",
        labels=Labels(sequence="welcome", step=2, goals=frozenset({"purchase"}), about="cart", revision=1),
        consents=_consents(to, chance),
        campaigns=(Campaign("spring"),),
        people=(Person(to, chance.choice(_ZONES)),),
        traffic=tuple(_traffic(of, to, send_at, chance) for of in range(chance.randint(0, 8))),
        inbound=tuple(_inbound(of, to, chance) for of in range(chance.randint(0, 3))),
        outcomes=tuple(_outcome(of, to, chance) for of in range(chance.choice([0, 0, 0, 1, 3]))),
        signals=(Signal("order", SignalKind.GOAL, "purchase", _NOW - _MINUTE, to),) if number % 10 == 0 else (),
        tallies=tuple(Tally(_NOW - _MINUTE * 5 * of, 200, 3, 0, 1) for of in range(60, 0, -1)),
        spending=(Spending("USD", None, Decimal(10), Decimal(5), Decimal("0.01")),),
    )


def _consents(to: str, chance: random.Random) -> tuple[Consent, ...]:
    if chance.random() > 1 / 3:
        return ()
    kind = chance.choice([ConsentKind.OPT_OUT, ConsentKind.OPT_IN])
    tier = Tier.KEYWORD if kind is ConsentKind.OPT_OUT else None
    return (Consent(to, kind, _NOW - _DAY, _PROFILE, "said", "webhook", "STOP", tier),)


def _traffic(number: int, to: str, send_at: datetime, chance: random.Random) -> Traffic:
    return Traffic(
        message_id=f"1d3c0f5a-0000-4000-8000-{number:012x}",
        phone_number=to,
        progress=chance.choice(list(Progress)),
        at=send_at + timedelta(minutes=chance.randint(-1440, 1440)),
        scheduled_at=_NOW - _HOUR,
        message_class=MessageClass.MARKETING,
        campaign_key="spring",
        fingerprint=f"{chance.randint(0, 4):032x}",
        labels=Labels(about="cart", revision=1),
        from_number=_OURS,
    )


def _inbound(number: int, to: str, chance: random.Random) -> Inbound:
    at = _NOW - _MINUTE * chance.randint(1, 10_000)
    return Inbound(to, at, chance.choice(_TEXTS), None, _OURS, _PROFILE, f"text {number}")


def _outcome(number: int, to: str, chance: random.Random) -> Outcome:
    code = chance.choice(["40001", "40008", "40012"])
    at = _NOW - _DAY * (number + 1)
    return Outcome(f"m{number}", to, _OURS, "spring", Ending.FAILED, code, "it failed", at, f"failed {number}", 0.1)
