"""What an operator stops: a hold keeps messages back until somebody decides, a panic takes them back."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from core.scopes import Scope

#: A gate that nobody lifts opens by itself after this, unless it is said until when it stands.
STANDS_FOR = timedelta(hours=24)
#: A time further ahead is a slip of the hand; what is to stand longer is said to stand for ever.
LONGEST = timedelta(days=90)


class HoldKind(StrEnum):
    """What becomes of the messages that are held."""

    HOLD = "hold"
    """They stay scheduled, and are cancelled at their last look if they are still held then."""
    PANIC = "panic"
    """They are cancelled at once, and no new ones are let in."""


class HoldState(StrEnum):
    """Whether it holds anything at the moment."""

    STANDING = "standing"
    EXPIRED = "expired"
    LIFTED = "lifted"


@dataclass(frozen=True, slots=True)
class Hold:
    """One gate, with how far it reaches."""

    id: str
    kind: HoldKind
    scope: Scope
    value: str
    """Which campaign, sender, recipient or profile; empty when all are meant."""
    reason: str
    placed_at: datetime
    placed_by: str
    expires_at: datetime | None

    @property
    def cause(self) -> str:
        """Return the name under which decisions give it as their cause."""
        return cause_of(self.id)

    def has_expired(self, now: datetime) -> bool:
        """Return True when it has opened by itself."""
        return self.expires_at is not None and self.expires_at <= now

    def covers(
        self, *, campaigns: Collection[str], sender: str | None, recipients: Collection[str], profile: str | None
    ) -> bool:
        """Return True when it holds a message of this description."""
        match self.scope:
            case Scope.ALL:
                return True
            case Scope.CAMPAIGN:
                return self.value in campaigns
            case Scope.SENDER:
                return self.value == sender
            case Scope.RECIPIENT:
                return self.value in recipients
            case Scope.PROFILE:
                return self.value == profile


def cause_of(hold_id: str) -> str:
    """Return the name under which decisions give a hold as their cause."""
    return f"hold:{hold_id}"
