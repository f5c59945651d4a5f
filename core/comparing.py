"""Compare how messages were decided on with how other rules decide: how many more, how many fewer, and which."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from core.deciding import Act, Mode

#: So many examples of each kind are kept.
EXAMPLES = 5
_STRENGTH = {Act.ALLOW: 0, Act.HOLD: 1, Act.CANCEL: 2}


@dataclass(frozen=True, slots=True)
class Opinion:
    """What was, or would be, done with a message, and why."""

    act: Act
    reason: str


@dataclass(frozen=True, slots=True)
class Pair:
    """One message, decided on twice: as it was at the time, and as other rules decide with what was known then."""

    message_id: str
    at: datetime
    then: Opinion
    now: Opinion


@dataclass(slots=True)
class Comparison:
    """What other rules change, for one policy or for all together."""

    mode: Mode | None = None
    """In which the policy is now; None: all together."""
    cancel_then: int = 0
    cancel_now: int = 0
    hold_then: int = 0
    hold_now: int = 0
    more: int = 0
    """Messages on which the word is stronger now: cancel before hold before allow."""
    fewer: int = 0
    """Messages on which it is weaker."""
    same: int = 0
    examples_of_more: list[Pair] = field(default_factory=list)
    """The first of them, as they were added."""
    examples_of_fewer: list[Pair] = field(default_factory=list)

    @property
    def tried(self) -> int:
        """Return how many messages were compared."""
        return self.more + self.fewer + self.same

    def add(self, pair: Pair) -> None:
        """Count one message."""
        self.cancel_then += pair.then.act is Act.CANCEL
        self.cancel_now += pair.now.act is Act.CANCEL
        self.hold_then += pair.then.act is Act.HOLD
        self.hold_now += pair.now.act is Act.HOLD
        risen = _STRENGTH[pair.now.act] - _STRENGTH[pair.then.act]
        if risen == 0:
            self.same += 1
        elif risen > 0:
            self.more += 1
            self.examples_of_more += [pair][: EXAMPLES - len(self.examples_of_more)]
        else:
            self.fewer += 1
            self.examples_of_fewer += [pair][: EXAMPLES - len(self.examples_of_fewer)]
