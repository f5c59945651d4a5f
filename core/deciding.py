"""Decide on one scheduled message: run the policies over the facts, keep every verdict, find the strongest.

A policy is a module of ``core.policies`` with a ``NAME``, a frozen ``Settings``
and a pure ``judge(facts, settings)``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from functools import cached_property
from typing import Any

from core.deadlines import last_look
from core.facts import Facts, MessageClass, Need, Reach


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
    known_at: datetime | None = None
    """When the deciding fact reached us, where nothing was decided on it then."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One policy with its settings, ready to be asked."""

    name: str
    mode: Mode
    judge: Callable[[Facts], Verdict]
    priority: int = 1
    """At equal deadlines the lower number is cancelled first."""
    exempt: frozenset[MessageClass] = frozenset()
    """Classes that it is not asked about."""
    needs: Mapping[Need, Reach] = field(default_factory=dict)
    """What it looks at besides the message, and how far."""

    def ask(self, facts: Facts) -> Verdict:
        """Return what the policy says of a message."""
        if facts.message_class in self.exempt:
            return Verdict(Act.ALLOW, self.name, f"class {facts.message_class} is exempt")
        return self.judge(facts)


@dataclass(frozen=True)
class Rules:
    """The rules that messages are decided by, in the order in which they are asked."""

    every: tuple[Rule, ...]
    digest: str = ""
    """By which decisions tell the settings that they were made by; see ``core.policies.catalogue``."""
    settings: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """The settings themselves, as JSON values, by the policy's name."""
    file_sha256: str | None = None
    """Of the file that they were read from; None: there was none."""

    def __iter__(self) -> Iterator[Rule]:
        """Go through those that are asked, in their order."""
        return (rule for rule in self.every if rule.mode is not Mode.OFF)

    @cached_property
    def needs(self) -> Mapping[Need, tuple[Reach, ...]]:
        """Return what those that are asked look at, and how far each of them."""
        asked = [rule.needs for rule in self]
        return {need: tuple(needs[need] for needs in asked if need in needs) for needs in asked for need in needs}


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

    def review_after(self, now: datetime) -> datetime | None:
        """Return when to decide again without being asked.

        A moment that has passed calls for nothing: it would for ever, since a verdict may go on naming it.
        """
        return min((said.until for _, said in self.verdicts if said.until and said.until > now), default=None)


def decide(facts: Facts, rules: Rules) -> list[Decision]:
    """Return what the rules' verdicts on a message come to; see ``combine``."""
    heard = [(rule, rule.ask(facts)) for rule in rules]
    return combine(heard, is_last=facts.is_last or facts.now >= last_look(facts.send_at))


def combine(heard: Sequence[tuple[Rule, Verdict]], *, is_last: bool) -> list[Decision]:
    """Return the decision that stands, followed by one for each shadowed policy that objects.

    The strongest verdict stands: cancel before hold before allow. From the last
    look on there is no later moment to decide at, so what is held is cancelled.
    """
    verdicts = tuple((rule.mode, verdict) for rule, verdict in heard)

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
        )

    objections = [(rule, verdict) for rule, verdict in heard if verdict.act is not Act.ALLOW]
    enforced = [pair for pair in objections if pair[0].mode is Mode.ENFORCE]
    shadowed = [decision(*pair) for pair in objections if pair[0].mode is Mode.SHADOW]
    if enforced:
        strongest = min(enforced, key=lambda pair: (pair[1].act is not Act.CANCEL, pair[0].priority))
        return [decision(*strongest), *shadowed]
    return [_allowed(verdicts), *shadowed]


def _allowed(verdicts: tuple[tuple[Mode, Verdict], ...]) -> Decision:
    enforced = [verdict.policy for mode, verdict in verdicts if mode is Mode.ENFORCE]
    return Decision(
        verdict=Act.ALLOW,
        policy=None,
        mode=Mode.ENFORCE,
        reason=f"no policy objects; asked were {', '.join(enforced)}" if enforced else "no policy is enforced",
        facts={},
        event_id=None,
        since=None,
        verdicts=verdicts,
        priority=1,
    )
