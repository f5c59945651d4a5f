"""What an operator stops: a hold keeps messages back until somebody decides, a panic takes them back."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from core.scopes import Scope


class HoldKind(StrEnum):
    """What becomes of the messages that are held."""

    HOLD = "hold"
    """They stay scheduled, and are cancelled at their last look if they are still held then."""
    PANIC = "panic"
    """They are cancelled at once, and no new ones are let in."""


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
