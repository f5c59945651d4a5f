"""What one source of recovery is asked for, and what came of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class SourceName(StrEnum):
    """Telnyx's own records that recovery reads."""

    FAILED_DELIVERIES = "failed_deliveries"
    """Events that no URL of ours took."""
    OPT_OUTS = "opt_outs"
    DELIVERED = "delivered"
    """Events that somebody took: it may have been somebody else, or a database that is gone."""
    MESSAGES = "messages"
    """Messages whose end nobody told us."""


#: How far a source has come: the end of its window, or the last ``seq`` it looked at.
Reached = str | int


@dataclass(frozen=True, slots=True)
class Window:
    """What is asked for."""

    since: datetime
    until: datetime
    reached: Reached | None
    """Where the last time ended that everything was asked for."""
    is_dry: bool
    """Only look: nothing is written."""
    is_asked_for: bool
    """An operator named ``since``, so what is not due by itself is asked for too."""
    is_scheduled: bool
    """Nobody waits for it, and it comes again soon: what is much may be left for the next time."""


@dataclass(slots=True)
class Tally:
    """What one source came to so far."""

    reported: int = 0
    """What Telnyx told of."""
    held: int = 0
    """Of that, what was known here."""
    healed: int = 0
    """Of that, what was missing and has been taken in."""
    failed: int = 0
    """Of that, what could not be read or found."""
