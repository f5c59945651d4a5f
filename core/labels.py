"""Labels: the tags of a message that tell policies what it belongs to, and until when it makes sense.

A tag travels with a message through every door, so labels need nothing but what every sender has already:
``sequence:welcome`` ``step:2`` ``until:purchase`` ``about:appointment-42`` ``revision:3``
``expires:2026-05-01T12:00:00Z`` ``priority:1``. Any other tag is the sender's own.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime

#: Of messages that nobody ranked.
PRIORITY = 5
_PRIORITIES = range(10)
_LARGEST = 10**12


@dataclass(frozen=True, slots=True)
class Labels:
    """What the tags of a message tell."""

    sequence: str | None = None
    """The series of messages that it is part of."""
    step: int | None = None
    """Its place in the series."""
    goals: frozenset[str] = field(default_factory=frozenset)
    """It is to bring one of these about, and has no purpose once that is done."""
    about: str | None = None
    """What it speaks of, such as an appointment."""
    revision: int | None = None
    """Which state of that it tells."""
    expires_at: datetime | None = None
    """From then on it makes no sense."""
    priority: int = PRIORITY
    """0 is the most important, 9 the least."""
    malformed: tuple[str, ...] = ()
    """Tags that begin like a label and cannot be read."""


def read(tags: Iterable[str] | None) -> Labels:
    """Return what tags tell; the last of several of one kind counts, and all ``until``."""
    told: dict[str, object] = {}
    goals: set[str] = set()
    malformed: list[str] = []
    for tag in tags or ():
        kind, colon, value = tag.partition(":")
        if not colon or kind not in _READ:
            continue
        try:
            if kind == "until":
                goals.add(_name(value))
            else:
                name, reader = _READ[kind]
                told[name] = reader(value)
        except (ValueError, OverflowError):
            malformed.append(tag)
    return Labels(goals=frozenset(goals), malformed=tuple(malformed), **told)  # type: ignore[arg-type]  # by _READ


def unread(tags: Iterable[str] | None) -> list[str]:
    """Return the tags that tell policies nothing: the sender's own, misspelt labels, and those that cannot be read."""
    given = list(tags or ())
    malformed = read(given).malformed
    return [tag for tag in given if tag in malformed or not tag.startswith(tuple(f"{kind}:" for kind in _READ))]


def _name(value: str) -> str:
    if not value.strip():
        raise ValueError("is empty")
    return value.strip()


def _number(value: str) -> int:
    if not (value.isascii() and value.isdigit()) or len(value) > len(str(_LARGEST)):
        raise ValueError("is no whole number")
    return int(value)


def _priority(value: str) -> int:
    number = _number(value)
    if number not in _PRIORITIES:
        raise ValueError("is not between 0 and 9")
    return number


def _instant(value: str) -> datetime:
    at = datetime.fromisoformat(value)
    if at.tzinfo is None:
        raise ValueError("has no zone")
    return at.astimezone(UTC)


_READ = {
    "sequence": ("sequence", _name),
    "step": ("step", _number),
    "until": ("goals", _name),
    "about": ("about", _name),
    "revision": ("revision", _number),
    "expires": ("expires_at", _instant),
    "priority": ("priority", _priority),
}
