"""Send nobody more than so many messages in a rolling window, or in a calendar day.

What was sent always counts. Of what is pending the more important goes first, by its label ``priority``, then what
is to be sent earlier, then what was scheduled earlier. What there is no room for is held, since what goes before it
may yet be cancelled, and is cancelled at its last look. So nothing has to be decided again when a rival comes or goes.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from operator import attrgetter
from zoneinfo import ZoneInfo

from core.deciding import Act, Mode, Verdict
from core.facts import Facts, MessageClass, Need, Progress, Reach, Traffic
from core.precedence import Rank, in_the_way

NAME = "frequency_cap"
PRIORITY = 1
SOURCE = (
    "practice; for 3 in 24 hours on one subject: Florida Telephone Solicitation Act, Fla. Stat. 501.616(6)(b), "
    "https://www.flsenate.gov/Session/Bill/2021/1120"
)
#: What is pending at a last look is sent within the five days that Telnyx schedules ahead, and may depend on it.
_AHEAD = timedelta(days=5)
#: No calendar day is longer than that.
_DAY = timedelta(days=2)
_HOUR = timedelta(hours=1)
_AT = attrgetter("at")


class Per(StrEnum):
    """Of what time messages are counted."""

    ROLLING = "rolling"
    """Of any window of the length that is set."""
    DAY = "day"
    """Of a calendar day."""


class Same(StrEnum):
    """Which messages are counted together."""

    ALL = "all"
    CAMPAIGN = "campaign"
    """Those of one campaign; those that belong to none count as those of one."""


@dataclass(frozen=True, slots=True)
class Settings:
    """How many messages a recipient gets in which time; exempt classes are neither capped nor counted."""

    mode: Mode = Mode.OFF
    most: int = field(
        default=3, metadata={"doc": "so many a recipient gets, this one included", "least": 1, "most": 1000}
    )
    per: Per = field(default=Per.ROLLING, metadata={"doc": "in any window of a length, or in a calendar day"})
    window: timedelta = field(
        default=timedelta(hours=24), metadata={"doc": "its length; two messages exactly so far apart are not in one"}
    )
    time_zone: ZoneInfo = field(default=ZoneInfo("UTC"), metadata={"doc": "of calendar days"})
    same: Same = field(default=Same.ALL, metadata={"doc": "count all messages together, or those of one campaign"})
    count_failed: bool = field(default=False, metadata={"doc": "whether a message counts that was not delivered"})
    exempt: frozenset[MessageClass] = frozenset({MessageClass.TRANSACTIONAL, MessageClass.OTP, MessageClass.COMPLIANCE})


def needs(settings: Settings) -> Mapping[Need, Reach]:
    """Return the traffic within the window, and all that may decide what of it goes."""
    return {Need.TRAFFIC: Reach(_DAY if settings.per is Per.DAY else max(settings.window, _AHEAD))}


def judge(facts: Facts, settings: Settings) -> Verdict:
    """Return ``hold`` when as many as may go to a recipient go before this one."""

    def crowd(at: datetime, going: Sequence[Traffic]) -> Sequence[Traffic]:
        return _of_day(at, going, settings) if settings.per is Per.DAY else _of_window(at, going, settings)

    mine = (facts.labels.priority, facts.send_at, facts.scheduled_at, facts.message_id)
    counted = [other for other in facts.traffic if _counts(other, facts, settings)]
    for number in facts.recipients:
        rivals = [other for other in counted if other.phone_number == number]
        if len(rivals) >= settings.most and (before := in_the_way(facts.send_at, mine, rivals, _rank, crowd)):
            return _over(number, before, facts, settings)
    return Verdict(
        Act.ALLOW,
        NAME,
        f"no recipient gets more than {_limit(facts, settings)} with it",
        _limits(facts, settings) | {"recipients": list(facts.recipients), "looked_at": len(counted)},
    )


def _rank(message: Traffic) -> Rank:
    return message.labels.priority, message.at, message.scheduled_at, message.message_id


def _counts(other: Traffic, facts: Facts, settings: Settings) -> bool:
    if other.message_class in settings.exempt:
        return False
    if other.progress is Progress.FAILED and not settings.count_failed:
        return False
    return settings.same is Same.ALL or other.campaign_key == facts.campaign_key


def _of_window(at: datetime, going: Sequence[Traffic], settings: Settings) -> Sequence[Traffic]:
    """Return as many as may go that one window holds together with one more at a moment, if there are so many.

    It need not be a window that ends with that moment: what is more important may be sent later.
    """
    most = settings.most
    place = bisect_left(going, at, key=_AT)
    for first in range(max(place - most, 0), min(place, len(going) - most) + 1):
        earliest, latest = going[first].at, going[first + most - 1].at
        if max(latest, at) - min(earliest, at) < settings.window:
            return going[first : first + most]
    return ()


def _of_day(at: datetime, going: Sequence[Traffic], settings: Settings) -> Sequence[Traffic]:
    if len(going) < settings.most:
        return ()
    zone = settings.time_zone
    day = at.astimezone(zone).date()
    same_day = [each for each in going if each.at.astimezone(zone).date() == day]
    return same_day[: settings.most] if len(same_day) >= settings.most else ()


def _over(number: str, before: Sequence[Traffic], facts: Facts, settings: Settings) -> Verdict:
    pending = sum(each.progress is Progress.PENDING for each in before)
    return Verdict(
        Act.HOLD,
        NAME,
        f"{number} gets no more than {_limit(facts, settings)}, and as many go before it: "
        f"{len(before) - pending} sent and {pending} pending, the first at {before[0].at:%Y-%m-%d %H:%M:%S} UTC",
        _limits(facts, settings)
        | {
            "phone_number": number,
            "before": [
                {
                    "message_id": each.message_id,
                    "at": each.at.isoformat(),
                    "progress": each.progress,
                    "priority": each.labels.priority,
                }
                for each in before
            ],
        },
        since=max(each.scheduled_at for each in before),
    )


def _limit(facts: Facts, settings: Settings) -> str:
    many = "1 message" if settings.most == 1 else f"{settings.most} messages"
    of = f" of campaign {facts.campaign_key}" if settings.same is Same.CAMPAIGN and facts.campaign_key else ""
    if settings.per is Per.DAY:
        day = facts.send_at.astimezone(settings.time_zone).date()
        return f"{many}{of} on {day} in {settings.time_zone.key}"
    return f"{many}{of} in {settings.window / _HOUR:g} hours"


def _limits(facts: Facts, settings: Settings) -> dict[str, object]:
    told: dict[str, object] = {"most": settings.most, "per": settings.per, "same": settings.same}
    if settings.per is Per.DAY:
        told["day"] = facts.send_at.astimezone(settings.time_zone).date().isoformat()
        told["time_zone"] = settings.time_zone.key
    else:
        told["window_seconds"] = int(settings.window.total_seconds())
    if settings.same is Same.CAMPAIGN:
        told["campaign"] = facts.campaign_key
    return told
