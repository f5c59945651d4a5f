"""Failures and pardons as policies are told of them."""

from __future__ import annotations

from datetime import datetime

from core.facts import Ending, Outcome, Signal, SignalKind
from tests.policy_cases import ALICE, NOW

OURS = "+15557650900"


def outcome(
    code: str | None = "40012",
    at: datetime = NOW,
    *,
    number: str = ALICE,
    ending: Ending = Ending.FAILED,
    rate: float | None = None,
    title: str | None = None,
    of: str = "m",
) -> Outcome:
    return Outcome(
        message_id=of,
        phone_number=number,
        from_number=OURS,
        campaign_key=None,
        ending=ending,
        code=code,
        title=title,
        at=at,
        event_id=f"event of {of} at {at:%H:%M:%S}",
        failure_rate=rate,
    )


def delivered(at: datetime, *, number: str = ALICE) -> Outcome:
    return outcome(None, at, number=number, ending=Ending.DELIVERED)


def forgiven(at: datetime, *, number: str = ALICE) -> Signal:
    return Signal(f"forgiven at {at}", SignalKind.FORGIVEN, "ported", at, number)
