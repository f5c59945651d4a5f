"""Opt-out keywords and the block rules they make.

Telnyx acts on a keyword only when it is the whole message, in any case; "please
stop" makes no rule. A rule stands per messaging profile and recipient.
https://developers.telnyx.com/docs/messaging/messages/advanced-opt-in-out
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

_STOP = frozenset({"STOP", "STOPALL", "STOP ALL", "UNSUBSCRIBE", "CANCEL", "END", "QUIT"})
_START = frozenset({"START", "UNSTOP"})


def keyword_of(text: str) -> str | None:
    """Say what Telnyx makes of an inbound text: ``STOP``, ``START``, ``HELP``, or nothing."""
    word = text.strip().upper()
    if word in _STOP:
        return "STOP"
    if word in _START:
        return "START"
    return "HELP" if word == "HELP" else None


@dataclass(frozen=True, slots=True)
class BlockRule:
    """One recipient who may not be written to by one messaging profile."""

    profile_id: str
    recipient: str
    sender: str
    keyword: str
    created_at: datetime

    def as_telnyx(self) -> dict[str, Any]:
        """Give a row of ``GET /v2/messaging_optouts``, where ``to`` is the person who opted out."""
        return {
            "from": self.sender,
            "to": self.recipient,
            "messaging_profile_id": self.profile_id,
            "keyword": self.keyword,
            "created_at": self.created_at.isoformat(sep=" ", timespec="microseconds"),
        }


class BlockRules:
    """The rules in force, by messaging profile and recipient."""

    def __init__(self) -> None:
        self._rules: dict[tuple[str, str], BlockRule] = {}

    def __iter__(self) -> Iterator[BlockRule]:
        return iter(list(self._rules.values()))

    def blocks(self, profile_id: str, recipient: str) -> bool:
        """Whether the profile may not write to the recipient."""
        return (profile_id, recipient) in self._rules

    def heed(self, kind: str | None, rule: BlockRule) -> None:
        """Add the rule on ``STOP``, lift it on ``START``, ignore anything else."""
        key = (rule.profile_id, rule.recipient)
        if kind == "STOP":
            self._rules.setdefault(key, rule)
        elif kind == "START":
            self._rules.pop(key, None)
