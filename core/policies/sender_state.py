"""Hold what is sent from a number that Telnyx or the carriers refuse: the next message would be refused as well.

The fault is with the number, its registration or its account, so nothing is held against the recipients. What is
delivered from it shows that it is well again, and so does time: after a while it is tried once more.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from core import failures
from core.deciding import Act, Mode, Verdict
from core.facts import Ending, Facts, MessageClass, Need, Outcome, Reach

NAME = "sender_state"
PRIORITY = 1
SOURCE = failures.SOURCE
_SECOND = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class Settings:
    """How many messages have to be refused, and within which time."""

    mode: Mode = Mode.OFF
    strikes: int = field(default=1, metadata={"doc": "so many refusals keep a sender back", "least": 1, "most": 50})
    within: timedelta = field(default=timedelta(hours=1), metadata={"doc": "how long a refusal counts"})
    on_unknown: Act = field(
        default=Act.ALLOW, metadata={"doc": "what is done with a message of which Telnyx is to choose the sender"}
    )
    exempt: frozenset[MessageClass] = frozenset()


def needs(settings: Settings) -> Mapping[Need, Reach]:
    """Return how messages from the same sender fared."""
    return {Need.SENDER_OUTCOMES: Reach(settings.within)}


def judge(facts: Facts, settings: Settings) -> Verdict:
    """Return ``hold`` when so many of the sender's messages were refused within the time, and none delivered since."""
    if facts.from_number is None:
        return Verdict(settings.on_unknown, NAME, "its sender is not known yet", {"on_unknown": settings.on_unknown})
    refused = _refused(facts, settings)
    if len(refused) >= settings.strikes:
        return _held(facts.from_number, refused, settings)
    told = {
        "from_number": facts.from_number,
        "refused": len(refused),
        "strikes": settings.strikes,
        "within_seconds": int(settings.within.total_seconds()),
    }
    return Verdict(Act.ALLOW, NAME, f"{facts.from_number} is not being refused", told)


def _refused(facts: Facts, settings: Settings) -> list[Outcome]:
    """Return what was refused since the sender's last delivery and is not older than the time, oldest first."""
    refused: list[Outcome] = []
    oldest = facts.now - settings.within
    for each in reversed(facts.sender_outcomes):
        if each.at < oldest or each.ending is Ending.DELIVERED:
            break
        if each.ending is Ending.FAILED and each.code in failures.OF_SENDERS:
            refused.append(each)
    return refused[::-1]


def _held(sender: str, refused: Sequence[Outcome], settings: Settings) -> Verdict:
    last = refused[-1]
    failure = failures.of(last.code)
    # From then on too few are left that are not too old.
    until = refused[-settings.strikes].at + settings.within + _SECOND
    often = "a message" if len(refused) == 1 else f"{len(refused)} messages"
    return Verdict(
        Act.HOLD,
        NAME,
        f"{often} from {sender} failed for what is wrong with the {failure.about}, last at "
        f"{last.at:%Y-%m-%d %H:%M:%S} UTC ({last.code} {last.title or failure.title})",
        {
            "from_number": sender,
            "refused": len(refused),
            "code": last.code,
            "title": last.title or failure.title,
            "class": failure.about,
            "last_at": last.at.isoformat(),
            "message_id": last.message_id,
            "strikes": settings.strikes,
            "within_seconds": int(settings.within.total_seconds()),
        },
        event_id=last.event_id,
        until=until,
        since=refused[settings.strikes - 1].at,
    )
