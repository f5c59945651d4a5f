"""A policy of our own: what would be sent on one of the days that we name is kept back."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from zoneinfo import ZoneInfo

from core.deciding import Act, Mode, Verdict
from core.facts import Facts, MessageClass

NAME = "quiet_days"
#: 0 is for the word of recipients themselves.
PRIORITY = 1
SOURCE = "our own promise to customers, of 3 March 2026"


@dataclass(frozen=True, slots=True)
class Settings:
    """Which days are quiet, and where. Each field is a key of the table, read by its type."""

    mode: Mode = Mode.OFF
    exempt: frozenset[MessageClass] = frozenset({MessageClass.TRANSACTIONAL, MessageClass.OTP, MessageClass.COMPLIANCE})
    days: frozenset[str] = field(default=frozenset(), metadata={"doc": "the days, such as '2026-12-24'"})
    time_zone: ZoneInfo = field(default=ZoneInfo("UTC"), metadata={"doc": "in which those days are counted"})

    def __post_init__(self) -> None:
        """Raise ValueError for what is no day: it becomes an error with the file and the line."""
        for day in self.days:
            try:
                date.fromisoformat(day)
            except ValueError:
                raise ValueError(f"days holds {day!r}, which is no day; write it as '2026-12-24'") from None


def judge(facts: Facts, settings: Settings) -> Verdict:
    """Return ``hold`` for a message that would be sent on a quiet day. Pure: all it knows is what it is given.

    The day may be taken off the list before the message is due, so it is held; at its last look it is cancelled.
    """
    day = facts.send_at.astimezone(settings.time_zone).date().isoformat()
    looked_at = {"day": day, "time_zone": settings.time_zone.key}
    if day in settings.days:
        return Verdict(Act.HOLD, NAME, f"it would be sent on {day}, a quiet day in {settings.time_zone.key}", looked_at)
    return Verdict(Act.ALLOW, NAME, f"{day} is no quiet day in {settings.time_zone.key}", looked_at)
