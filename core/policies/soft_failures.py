"""Hold what goes to a number that keeps failing for reasons that might pass, until it has been left alone for a while.

Each failure alone says little: a phone is off, a carrier has trouble. So it takes a streak without any delivery
between, over some days, and a failure counts for nothing when most of everything failed around then: that was an
outage, and no word about the number.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta

from core import failures, strikes
from core.deciding import Act, Mode, Verdict
from core.facts import Facts, MessageClass, Need, Outcome, Reach
from core.failures import FailureClass

NAME = "soft_failures"
PRIORITY = 1
SOURCE = f"practice: soft bounces of mailing lists; which failures may pass: {failures.SOURCE}"

#: What may have been the number's fault, and may pass.
_OF_THE_NUMBER = {FailureClass.RECIPIENT, FailureClass.TRANSIENT}


@dataclass(frozen=True, slots=True)
class Settings:
    """How long a streak has to be, and for how long it keeps messages back."""

    mode: Mode = Mode.OFF
    streak: int = field(default=3, metadata={"doc": "so many failures in a row are a streak", "least": 2, "most": 100})
    spread: timedelta = field(
        default=timedelta(days=2), metadata={"doc": "the least time from the first failure of a streak to its last"}
    )
    rest: timedelta = field(
        default=timedelta(days=7), metadata={"doc": "so long after the last failure the number is tried again"}
    )
    within: timedelta = field(default=timedelta(days=30), metadata={"doc": "how long a failure counts"})
    outage_rate: float = field(
        default=0.5,
        metadata={
            "doc": "when more than this part of all messages failed around then, a failure does not count",
            "least": 0,
            "most": 1,
        },
    )
    exempt: frozenset[MessageClass] = frozenset({MessageClass.OTP, MessageClass.COMPLIANCE})


def needs(settings: Settings) -> Mapping[Need, Reach]:
    """Return what failed, and what was forgiven."""
    return {Need.OUTCOMES: Reach(settings.within), Need.SIGNALS: Reach(settings.within)}


def judge(facts: Facts, settings: Settings) -> Verdict:
    """Return ``hold`` when a recipient's number has failed so often in a row, and has not been left alone since."""
    longest = 0
    for number in facts.recipients:
        streak = [each for each in strikes.against(facts, number, settings.within) if _counts(each, settings)]
        if _is_long(streak, settings) and facts.send_at < streak[-1].at + settings.rest:
            return _held(streak, settings)
        longest = max(longest, len(streak))
    told = {
        "recipients": list(facts.recipients),
        "failures": longest,
        "streak": settings.streak,
        "spread_seconds": int(settings.spread.total_seconds()),
        "rest_seconds": int(settings.rest.total_seconds()),
    }
    return Verdict(Act.ALLOW, NAME, "no recipient's number keeps failing", told)


def _counts(failed: Outcome, settings: Settings) -> bool:
    failure = failures.of(failed.code)
    is_soft = failure.about in _OF_THE_NUMBER and not failure.is_permanent
    return is_soft and (failed.failure_rate is None or failed.failure_rate <= settings.outage_rate)


def _is_long(streak: list[Outcome], settings: Settings) -> bool:
    return len(streak) >= settings.streak and streak[-1].at - streak[0].at >= settings.spread


def _held(streak: list[Outcome], settings: Settings) -> Verdict:
    first, last = streak[0], streak[-1]
    rested_at = last.at + settings.rest
    return Verdict(
        Act.HOLD,
        NAME,
        f"{last.phone_number} failed {len(streak)} times in a row from {first.at:%Y-%m-%d %H:%M:%S} to "
        f"{last.at:%Y-%m-%d %H:%M:%S} UTC (last {_named(last)}); it is left alone until {rested_at:%Y-%m-%d %H:%M:%S} "
        "UTC",
        {
            "phone_number": last.phone_number,
            "failures": len(streak),
            "first_at": first.at.isoformat(),
            "last_at": last.at.isoformat(),
            "codes": [each.code for each in streak],
            "message_ids": [each.message_id for each in streak],
            "rested_at": rested_at.isoformat(),
            "streak": settings.streak,
            "spread_seconds": int(settings.spread.total_seconds()),
            "outage_rate": settings.outage_rate,
        },
        event_id=last.event_id,
        since=last.at,
    )


def _named(failed: Outcome) -> str:
    if failed.code is None:
        return "without a code"
    return f"{failed.code} {failed.title or failures.of(failed.code).title}"
