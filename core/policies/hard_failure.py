"""Cancel what goes to a number that cannot be reached, whoever writes to it: a landline, or no number at all.

Only codes that put it down to the number for good count; see ``core.failures``. What failed for its sender, its
content or its campaign says nothing of the number, and neither does a delivery that nobody confirmed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta

from core import failures, strikes
from core.deciding import Act, Mode, Verdict
from core.facts import Facts, MessageClass, Need, Outcome, Reach
from core.failures import Failure, FailureClass

NAME = "hard_failure"
PRIORITY = 1
SOURCE = failures.SOURCE


@dataclass(frozen=True, slots=True)
class Settings:
    """How many such failures it takes, and how long each counts."""

    mode: Mode = Mode.OFF
    strikes: int = field(default=1, metadata={"doc": "so many such failures give a number up", "least": 1, "most": 100})
    within: timedelta = field(
        default=timedelta(days=365),
        metadata={"doc": "how long a failure counts: numbers are given to somebody else after a while"},
    )
    exempt: frozenset[MessageClass] = frozenset()


def needs(settings: Settings) -> Mapping[Need, Reach]:
    """Return what failed, and what was forgiven."""
    return {Need.OUTCOMES: Reach(settings.within), Need.SIGNALS: Reach(settings.within)}


def judge(facts: Facts, settings: Settings) -> Verdict:
    """Return ``cancel`` when a recipient's number failed for good so often, with no delivery and no pardon since."""
    most = 0
    for number in facts.recipients:
        struck = [each for each in strikes.against(facts, number, settings.within) if _is_final(failures.of(each.code))]
        if len(struck) >= settings.strikes:
            return _cancelled(struck, settings)
        most = max(most, len(struck))
    told = {"recipients": list(facts.recipients), "failures": most, "strikes": settings.strikes}
    return Verdict(Act.ALLOW, NAME, _spared(most), told)


def _is_final(failure: Failure) -> bool:
    return failure.about is FailureClass.RECIPIENT and failure.is_permanent


def _spared(most: int) -> str:
    return "no recipient's number has failed for good" + (f" more than {most} times" if most else "")


def _cancelled(struck: list[Outcome], settings: Settings) -> Verdict:
    """Return the verdict on a number; the failure that decides is the one by which it was enough."""
    deciding = struck[settings.strikes - 1]
    failure = failures.of(deciding.code)
    often = "" if len(struck) == 1 else f" {len(struck)} times, the first"
    return Verdict(
        Act.CANCEL,
        NAME,
        f"{deciding.phone_number} failed for good{often} at {struck[0].at:%Y-%m-%d %H:%M:%S} UTC "
        f"({deciding.code} {deciding.title or failure.title}), and nothing was delivered to it since",
        {
            "phone_number": deciding.phone_number,
            "code": deciding.code,
            "title": deciding.title or failure.title,
            "class": failure.about,
            "certainty": failure.certainty,
            "failed_at": deciding.at.isoformat(),
            "message_id": deciding.message_id,
            "failures": len(struck),
            "strikes": settings.strikes,
        },
        event_id=deciding.event_id,
        since=deciding.at,
    )
