"""What really happened in a simulation, written down by the world itself and not by what is tested."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from tests.simulation.clock import START

#: After a fault so much time may pass until everything that waits for it is tried again: a lease, a pause, a backoff.
RECOVERY = timedelta(seconds=95)


@dataclass(frozen=True)
class Moment:
    """One moment on both clocks."""

    true: datetime
    ours: datetime


@dataclass(frozen=True)
class Said:
    """What was said of a campaign, and when by our clock."""

    at: datetime
    status: str


@dataclass
class Gate:
    """A hold."""

    id: str
    scope: str
    value: str | None
    placed_at: datetime
    expires_at: datetime
    lifted_at: datetime | None = None

    def covers(self, number: str, campaign: str | None) -> bool:
        return self.scope == "all" or self.value == (number if self.scope == "recipient" else campaign)

    def stands(self, now: datetime) -> bool:
        return self.lifted_at is None and now < self.expires_at


@dataclass
class Record:
    """Written as it happens."""

    acked: dict[str, Moment] = field(default_factory=dict)
    """Events that were answered 200, and when first."""
    closed: dict[str, Moment] = field(default_factory=dict)
    campaigns: dict[str, list[Said]] = field(default_factory=dict)
    gates: list[Gate] = field(default_factory=list)
    drains: list[Moment] = field(default_factory=list)
    """Ends of drains that nothing disturbed, nor anything that was still to be recovered from."""
    drains_checked: int = 0
    deaths: list[Moment] = field(default_factory=list)
    surprises: dict[str, set[str]] = field(default_factory=dict)
    """What happened to messages at Telnyx that nobody of ours did."""
    clock_moved: timedelta = timedelta()
    """By how much our clocks were set, in all: so far what they say of two moments may be wrong."""
    disturbed_until: datetime = START

    def disturb(self, now: datetime, span: timedelta = RECOVERY) -> None:
        self.disturbed_until = max(self.disturbed_until, now + span)

    def is_calm(self, now: datetime) -> bool:
        return now >= self.disturbed_until
