"""Which failures count against a number: those since something was last delivered to it, or they were forgiven."""

from __future__ import annotations

from datetime import datetime, timedelta

from core.facts import Ending, Facts, Outcome, SignalKind


def against(facts: Facts, number: str, within: timedelta) -> list[Outcome]:
    """Return what failed to a number within a time before this message is sent, oldest first.

    Told from the time of sending and not from the present, so that it does not change while the message waits.
    """
    if not facts.outcomes:
        return []
    cleared_at = _cleared_at(facts, number)
    oldest = facts.send_at - within
    return [
        each
        for each in facts.outcomes
        if each.phone_number == number
        and each.ending is Ending.FAILED
        and each.at >= oldest
        and (cleared_at is None or each.at > cleared_at)
    ]


def _cleared_at(facts: Facts, number: str) -> datetime | None:
    """Return when the number was last known, or said, to be well."""
    delivered = [each.at for each in facts.outcomes if each.phone_number == number and each.ending is Ending.DELIVERED]
    forgiven = [each.at for each in facts.signals if each.kind is SignalKind.FORGIVEN and each.phone_number == number]
    return max((*delivered, *forgiven), default=None)
