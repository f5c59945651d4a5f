"""Where an accepted event stands, and what became of a delivery of it."""

from __future__ import annotations

from enum import StrEnum


class InboxStatus(StrEnum):
    """Where an accepted event stands."""

    PENDING = "pending"
    """Not applied yet."""
    APPLIED = "applied"
    IGNORED = "ignored"
    """Kept and shown; it changes no state."""
    INVALID = "invalid"
    """A dead letter: signed by Telnyx, but it cannot be read."""
    STALE = "stale"
    """A dead letter: signed by Telnyx, but its timestamp was too far from our clock."""
    CONFLICT = "conflict"
    """A dead letter: another content under the id of an event that we already held."""
    PARKED = "parked"
    """A dead letter: applying it kept failing."""


#: In which order events are applied: what may be an opt-out, all else that is new, and then what is applied again,
#: since a replay of a million must not keep an opt-out of today waiting.
URGENT, USUAL, REPLAYED, REPLAYED_WITHOUT_EFFECTS = PRIORITIES = range(4)

DEAD = (InboxStatus.INVALID, InboxStatus.STALE, InboxStatus.CONFLICT, InboxStatus.PARKED)
#: What stands for all of these where a status is asked for.
ANY_DEAD = "dead"


def statuses_of(word: str | None) -> tuple[InboxStatus, ...]:
    """Return the statuses that a word asks for: none for None, all dead letters for ``dead``, else its own."""
    if word is None:
        return ()
    return DEAD if word == ANY_DEAD else (InboxStatus(word),)


class Acceptance(StrEnum):
    """What became of one delivery, once it is committed."""

    ACCEPTED = "accepted"
    DUPLICATE = "duplicate"
    """The event was here before; this delivery is counted."""
    QUARANTINED = "quarantined"
    """Kept as a dead letter, because it cannot be read."""
    HELD = "held"
    """Kept as a dead letter, because its signature is too old or too new."""
