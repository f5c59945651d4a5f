"""Decide on one scheduled message: run the policies over the facts, keep every verdict, find the strongest.

A policy is a module of ``core.policies`` with a ``NAME``, a frozen ``Settings``
and a pure ``judge(facts, settings)``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from core.campaigns import Campaign
from core.consent import Consent
from core.deadlines import last_look
from core.holds import Hold


class MessageClass(StrEnum):
    """What a message is for; policies may spare some classes."""

    MARKETING = "marketing"
    TRANSACTIONAL = "transactional"
    OTP = "otp"


class Mode(StrEnum):
    """Whether a policy acts."""

    ENFORCE = "enforce"
    SHADOW = "shadow"
    """Its verdict is recorded and nothing is done."""
    OFF = "off"


class Act(StrEnum):
    """What a policy wants done with a message."""

    ALLOW = "allow"
    HOLD = "hold"
    """It may go only if nobody objects any more when it is looked at for the last time."""
    CANCEL = "cancel"


@dataclass(frozen=True, slots=True)
class Facts:
    """All that is known of one scheduled message at one moment, gathered before any policy runs."""

    now: datetime
    message_id: str
    send_at: datetime
    scheduled_at: datetime
    message_class: MessageClass
    messaging_profile_id: str | None
    recipients: tuple[str, ...]
    consents: tuple[Consent, ...] = ()
    """The consent history of every recipient."""
    campaigns: tuple[Campaign, ...] = ()
    """The message's own campaign first, then those it is tied to through its carriers' registration."""
    holds: tuple[Hold, ...] = ()
    """The gates that an operator has set and that this message meets."""
    is_last: bool = False
    """Nobody will look again, though it may be earlier than usual: a crowd has to be begun with in time."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What one policy says, and why."""

    act: Act
    policy: str
    reason: str
    facts: Mapping[str, Any] = field(default_factory=dict)
    """The facts that the reason rests on, as JSON values."""
    event_id: str | None = None
    """The event that the deciding fact came from."""
    until: datetime | None = None
    """The verdict may change by then, although nothing happens: look again."""
    since: datetime | None = None
    """When the deciding fact came to be, where whoever asks may have come late."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One policy with its settings, ready to be asked."""

    name: str
    mode: Mode
    judge: Callable[[Facts], Verdict]
    priority: int = 1
    """At equal deadlines the lower number is cancelled first."""


@dataclass(frozen=True, slots=True)
class Decision:
    """All verdicts on one message at one moment, and the one that stands."""

    verdict: Act
    policy: str | None
    """The policy that decided; None when none objects."""
    mode: Mode
    reason: str
    facts: Mapping[str, Any]
    event_id: str | None
    since: datetime | None
    verdicts: tuple[tuple[Mode, Verdict], ...]
    priority: int
    review_at: datetime | None
    """When to decide again without being asked."""


def decide(facts: Facts, rules: Sequence[Rule]) -> list[Decision]:
    """Return the decision that stands, followed by one for each shadowed policy that objects.

    The strongest verdict stands: cancel before hold before allow. From the last
    look on there is no later moment to decide at, so what is held is cancelled.
    """
    heard = tuple((rule, rule.judge(facts)) for rule in rules if rule.mode is not Mode.OFF)
    verdicts = tuple((rule.mode, verdict) for rule, verdict in heard)
    review_at = min((verdict.until for _, verdict in heard if verdict.until), default=None)
    is_last = facts.is_last or facts.now >= last_look(facts.send_at)

    def decision(rule: Rule, verdict: Verdict) -> Decision:
        is_held_to_the_last = is_last and verdict.act is Act.HOLD
        return Decision(
            verdict=Act.CANCEL if is_held_to_the_last else verdict.act,
            policy=verdict.policy,
            mode=rule.mode,
            reason=f"{verdict.reason}; it still was at the last look" if is_held_to_the_last else verdict.reason,
            facts=verdict.facts,
            event_id=verdict.event_id,
            since=verdict.since,
            verdicts=verdicts,
            priority=rule.priority,
            review_at=review_at,
        )

    objections = [(rule, verdict) for rule, verdict in heard if verdict.act is not Act.ALLOW]
    enforced = [pair for pair in objections if pair[0].mode is Mode.ENFORCE]
    shadowed = [decision(*pair) for pair in objections if pair[0].mode is Mode.SHADOW]
    if enforced:
        strongest = min(enforced, key=lambda pair: (pair[1].act is not Act.CANCEL, pair[0].priority))
        return [decision(*strongest), *shadowed]
    return [_allowed(verdicts, review_at), *shadowed]


def _allowed(verdicts: tuple[tuple[Mode, Verdict], ...], review_at: datetime | None) -> Decision:
    enforced = [verdict for mode, verdict in verdicts if mode is Mode.ENFORCE]
    return Decision(
        verdict=Act.ALLOW,
        policy=None,
        mode=Mode.ENFORCE,
        reason="; ".join(verdict.reason for verdict in enforced) or "no policy is enforced",
        facts={verdict.policy: dict(verdict.facts) for verdict in enforced},
        event_id=None,
        since=None,
        verdicts=verdicts,
        priority=1,
        review_at=review_at,
    )
