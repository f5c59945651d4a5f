"""Keep back, or take back, what an operator holds. It has no settings: a gate that could be switched off is none."""

from __future__ import annotations

from core.deciding import Act, Verdict
from core.facts import Facts
from core.holds import Hold, HoldKind

NAME = "hold"
PRIORITY = 1


def judge(facts: Facts) -> Verdict:
    """Return ``cancel`` for what was stopped in panic, ``hold`` for what is held, with the longest-standing gate."""
    standing = [hold for hold in facts.holds if not hold.has_expired(facts.now)]
    if not standing:
        return Verdict(Act.ALLOW, NAME, "nothing is held")
    first = min(standing, key=lambda hold: (hold.kind is not HoldKind.PANIC, hold.placed_at, hold.id))
    return Verdict(
        Act.CANCEL if first.kind is HoldKind.PANIC else Act.HOLD,
        NAME,
        f"{_told(first)}: {first.reason}",
        {
            "hold": first.id,
            "kind": first.kind,
            "scope": first.scope,
            "value": first.value,
            "placed_at": first.placed_at.isoformat(),
            "placed_by": first.placed_by,
            "expires_at": first.expires_at.isoformat() if first.expires_at else None,
        },
        event_id=first.cause,
        since=first.placed_at,
        known_at=first.placed_at,
    )


def _told(hold: Hold) -> str:
    what = f"{hold.scope} {hold.value}" if hold.value else "everything"
    return f"{what} was stopped in panic" if hold.kind is HoldKind.PANIC else f"{what} is held"
