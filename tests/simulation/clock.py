"""Time in the simulation: Telnyx's clock, which is right, ours, which may not be, and one that never jumps."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

START = datetime(2026, 5, 1, 12, tzinfo=UTC)


class Clock:
    """Moves only when it is told to."""

    def __init__(self) -> None:
        self.true = START
        self.skew = timedelta()
        """How far our clocks are ahead."""

    def ours(self) -> datetime:
        return self.true + self.skew

    def seconds(self) -> float:
        """What ``time.monotonic`` would say."""
        return (self.true - START).total_seconds()

    def advance(self, span: timedelta) -> None:
        self.true += span
