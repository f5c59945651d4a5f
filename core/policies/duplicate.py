"""Send nobody the same words twice within some time.

Of those that are pending the one to be sent first stays, and the others are held: it may yet be cancelled. What was
sent cannot be taken back, so what would repeat it is cancelled. Words are the same when they have one fingerprint,
see ``core.fingerprints``, and are of one class.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from core.deciding import Act, Mode, Verdict
from core.facts import Facts, MessageClass, Need, Progress, Reach, Traffic
from core.precedence import Rank, in_the_way

NAME = "duplicate"
PRIORITY = 1
SOURCE = "practice: a job that runs twice, a list imported twice, a loop (https://www.twilio.com/docs/api/errors/14107)"


@dataclass(frozen=True, slots=True)
class Settings:
    """Within which time words are a repetition."""

    mode: Mode = Mode.OFF
    #: The same words at the same hour every day may be meant.
    within: timedelta = field(
        default=timedelta(hours=24), metadata={"doc": "messages less than that apart are duplicates"}
    )
    on_unknown: Act = Act.ALLOW
    """What is done with a message whose words are not known, such as a picture alone."""
    exempt: frozenset[MessageClass] = frozenset({MessageClass.TRANSACTIONAL, MessageClass.OTP, MessageClass.COMPLIANCE})


def needs(settings: Settings) -> Mapping[Need, Reach]:
    """Return the traffic within the time, and what goes before that."""
    return {Need.TRAFFIC: Reach(2 * settings.within)}


def judge(facts: Facts, settings: Settings) -> Verdict:
    """Return ``cancel`` when the words were sent, ``hold`` when they are to be sent before, and allow others."""
    if facts.fingerprint is None:
        return Verdict(settings.on_unknown, NAME, "its words are not known", {"on_unknown": settings.on_unknown})

    def crowd(at: datetime, going: Sequence[Traffic]) -> Sequence[Traffic]:
        return [each for each in going if abs(each.at - at) < settings.within]

    mine = (facts.send_at, facts.scheduled_at, facts.message_id)
    for number in facts.recipients:
        twins = [other for other in facts.traffic if other.phone_number == number and _is_twin(other, facts)]
        if twins and (before := in_the_way(facts.send_at, mine, twins, _rank, crowd)):
            return _repeats(before, facts, settings)
    told = {"fingerprint": facts.fingerprint, "within_seconds": int(settings.within.total_seconds())}
    return Verdict(Act.ALLOW, NAME, f"no recipient gets these words twice in {_told(settings)}", told)


def _rank(message: Traffic) -> Rank:
    return message.at, message.scheduled_at, message.message_id


def _is_twin(other: Traffic, facts: Facts) -> bool:
    """Return True for the same words; those that were not delivered were not heard."""
    return (
        other.fingerprint == facts.fingerprint
        and other.message_class is facts.message_class
        and other.progress is not Progress.FAILED
    )


def _repeats(before: Sequence[Traffic], facts: Facts, settings: Settings) -> Verdict:
    twin = min(before, key=lambda each: (not _has_gone(each, facts), _rank(each)))
    is_sent = _has_gone(twin, facts)
    told = "was sent" if is_sent else "is to be sent"
    return Verdict(
        Act.CANCEL if is_sent else Act.HOLD,
        NAME,
        f"message {twin.message_id} {told} to {twin.phone_number} at {twin.at:%Y-%m-%d %H:%M:%S} UTC with the same "
        f"words, within {_told(settings)} of it",
        {
            "phone_number": twin.phone_number,
            "twin": twin.message_id,
            "at": twin.at.isoformat(),
            "progress": twin.progress,
            "fingerprint": facts.fingerprint,
            "within_seconds": int(settings.within.total_seconds()),
        },
        since=twin.scheduled_at,
    )


def _has_gone(twin: Traffic, facts: Facts) -> bool:
    """Return True when nothing can keep it any more; what was let go at its last look still could be."""
    return twin.progress is Progress.SENT and twin.at <= facts.now


def _told(settings: Settings) -> str:
    return f"{settings.within / timedelta(hours=1):g} hours"
