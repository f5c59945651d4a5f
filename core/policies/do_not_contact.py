"""Cancel what goes to a number on one of the sender's own do-not-contact lists.

Such a list is the sender's word and not the recipient's: a START takes nobody off it, only the sender does.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from core.consent import Consent, ConsentKind
from core.deciding import Act, Mode, Verdict
from core.facts import Facts, MessageClass

NAME = "do_not_contact"
PRIORITY = 0
SOURCE = "practice: lists of those who asked by other ways, complained, or sued; 47 CFR 64.1200(d)"

#: What a list says of a number.
_LISTS = {ConsentKind.LISTED, ConsentKind.DELISTED}


@dataclass(frozen=True, slots=True)
class Settings:
    """Which classes may reach a listed number all the same; by default none."""

    mode: Mode = Mode.ENFORCE
    exempt: frozenset[MessageClass] = frozenset()


def judge(facts: Facts, settings: Settings) -> Verdict:  # noqa: ARG001 - there is nothing to set about a list
    """Return ``cancel`` when any recipient is on a list."""
    for number in facts.recipients if facts.consents else ():
        listed = _standing(word for word in facts.consents if word.phone_number == number)
        if listed is not None:
            since = f"{listed.effective_at:%Y-%m-%d %H:%M:%S} UTC"
            return Verdict(
                Act.CANCEL,
                NAME,
                f"{number} is on the list {listed.evidence} as of {since}",
                {"phone_number": number, "list": listed.evidence, "as_of": listed.effective_at.isoformat()},
                event_id=listed.event_id,
            )
    return Verdict(Act.ALLOW, NAME, "no recipient is on a list", {"recipients": list(facts.recipients)})


def lists(words: Iterable[Consent]) -> dict[str | None, Consent]:
    """Return, of what was said of one number, the words by which it is on lists where it still is, by the list."""
    last: dict[str | None, Consent] = {}
    for word in sorted((word for word in words if word.kind in _LISTS), key=_rank):
        last[word.evidence] = word
    return {name: word for name, word in last.items() if word.kind is ConsentKind.LISTED}


def _standing(words: Iterable[Consent]) -> Consent | None:
    """Return the word that put one number on a list where it still is, the oldest of several; None: it is on none."""
    return min(lists(words).values(), key=_rank, default=None)


def _rank(word: Consent) -> tuple[object, ...]:
    """At the same instant being listed outranks being taken off."""
    return word.effective_at, word.kind is ConsentKind.LISTED, word.event_id
