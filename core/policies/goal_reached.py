"""Cancel what was to bring something about that has come about: the order is placed, the appointment is confirmed.

A goal is a standing order: it governs messages scheduled before it was signalled and after.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta

from core.deciding import Act, Mode, Verdict
from core.facts import Facts, MessageClass, Need, Reach, Signal, SignalKind

NAME = "goal_reached"
PRIORITY = 1
SOURCE = (
    "practice: the exit rules of journeys, such as https://www.twilio.com/docs/segment/engage/journeys/v2/exit-rules"
)


@dataclass(frozen=True, slots=True)
class Settings:
    """Which goals count: those reached since the message was scheduled, and by default those shortly before it."""

    mode: Mode = Mode.ENFORCE
    before_scheduling: bool = field(
        default=True, metadata={"doc": "a goal counts for messages that are scheduled once it was reached, too"}
    )
    remembered: timedelta = field(
        default=timedelta(days=30), metadata={"doc": "for how long before scheduling a goal counts"}
    )
    exempt: frozenset[MessageClass] = frozenset()


def needs(settings: Settings) -> Mapping[Need, Reach]:
    """Return how far back it looks for goals, from when a message was scheduled."""
    return {Need.SIGNALS: Reach(_back(settings), of_labelled="goals")}


def judge(facts: Facts, settings: Settings) -> Verdict:
    """Return ``cancel`` when one of the recipients has reached one of the message's goals."""
    goals = sorted(facts.labels.goals)
    if not goals:
        return Verdict(Act.ALLOW, NAME, "the message has no goal")
    counts_from = facts.scheduled_at - _back(settings)
    reached = [each for each in facts.signals if _is_reached(each, facts) and each.at >= counts_from]
    if reached:
        return _met(min(reached, key=lambda each: (each.at, each.id)), facts)
    looked_at = {"goals": goals, "recipients": list(facts.recipients), "counts_from": counts_from.isoformat()}
    return Verdict(Act.ALLOW, NAME, f"no recipient has reached {' or '.join(goals)}", looked_at)


def _back(settings: Settings) -> timedelta:
    return settings.remembered if settings.before_scheduling else timedelta()


def _is_reached(signal: Signal, facts: Facts) -> bool:
    return (
        signal.kind is SignalKind.GOAL
        and signal.value in facts.labels.goals
        and signal.phone_number in facts.recipients
    )


def _met(signal: Signal, facts: Facts) -> Verdict:
    when = signal.at.strftime("%Y-%m-%d %H:%M:%S UTC")
    before = ", before the message was scheduled" if signal.at < facts.scheduled_at else ""
    return Verdict(
        Act.CANCEL,
        NAME,
        f"{signal.phone_number} reached {signal.value} at {when}{before}",
        {
            "goal": signal.value,
            "phone_number": signal.phone_number,
            "reached_at": signal.at.isoformat(),
            "scheduled_at": facts.scheduled_at.isoformat(),
        },
        event_id=signal.id,
        since=signal.at,
    )
