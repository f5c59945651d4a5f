"""Cancel what would be sent too late, as its own label tells: ``expires:2026-05-01T12:00:00Z``."""

from __future__ import annotations

from dataclasses import dataclass

from core.deadlines import ACCURACY
from core.deciding import Act, Mode, Verdict
from core.facts import Facts, MessageClass

NAME = "expired"
PRIORITY = 1
SOURCE = "practice: what was true when it was written need not be when it is sent"
_LABEL = "expires:"


@dataclass(frozen=True, slots=True)
class Settings:
    """Which classes are spared, and what becomes of a message whose label cannot be read."""

    mode: Mode = Mode.ENFORCE
    on_unknown: Act = Act.HOLD
    exempt: frozenset[MessageClass] = frozenset()


def judge(facts: Facts, settings: Settings) -> Verdict:
    """Return ``cancel`` when the message may be sent at or after its expiry; Telnyx is a minute late at times."""
    expires_at = facts.labels.expires_at
    sent_by = facts.send_at + ACCURACY
    times = {
        "expires_at": expires_at.isoformat() if expires_at else None,
        "send_at": facts.send_at.isoformat(),
        "sent_by": sent_by.isoformat(),
    }
    if expires_at is not None and sent_by >= expires_at:
        return Verdict(
            Act.CANCEL,
            NAME,
            f"the message expires at {times['expires_at']} and may be sent as late as {times['sent_by']}",
            times,
        )
    unreadable = [tag for tag in facts.labels.malformed if tag.startswith(_LABEL)]
    if unreadable:
        return Verdict(
            settings.on_unknown,
            NAME,
            f"the label {unreadable[0]!r} tells no time with its zone, such as 'expires:2026-05-01T12:00:00Z'",
            {**times, "malformed": unreadable},
        )
    if expires_at is None:
        return Verdict(Act.ALLOW, NAME, "the message does not expire", times)
    return Verdict(Act.ALLOW, NAME, f"the message is sent before it expires at {times['expires_at']}", times)
