"""Put numbers on a do-not-contact list, or take them off, and decide again on what is scheduled for them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from core.consent import Consent, ConsentKind
from core.deciding import Act, Rules
from core.policies import do_not_contact
from ledger import consenting
from store import consents, holds
from store.consents import HeardConsent


@dataclass(frozen=True, slots=True)
class Entry:
    """One list, as it stood at a time, and whether numbers are put on it or taken off."""

    name: str
    as_of: datetime
    kind: ConsentKind = ConsentKind.LISTED

    def event_id(self, phone_number: str) -> str:
        """Return the id under which this says something of a number: once, however often it is imported."""
        return f"{self.kind}:{self.name}:{self.as_of.isoformat()}:{phone_number}"


@dataclass(frozen=True, slots=True)
class Taken:
    """What came of some numbers."""

    new: int = 0
    """Put on the list, or taken off it."""
    known: int = 0
    """On it already when they were to be put on it, or not on it when they were to be taken off."""
    overruled: int = 0
    """Still otherwise, since the list says so as of a later time."""
    cancelling: int = 0
    """Pending messages to them that are cancelled."""

    def __add__(self, other: Taken) -> Taken:
        """Return the sums of both."""
        return Taken(
            self.new + other.new,
            self.known + other.known,
            self.overruled + other.overruled,
            self.cancelling + other.cancelling,
        )


def take(
    connection: sa.Connection, entry: Entry, phone_numbers: Collection[str], rules: Rules, *, now: datetime
) -> Taken:
    """Record what a list says of some hundred numbers, and decide on what is scheduled for them."""
    # The first of all locks, as in ``consenting.hear``.
    holds.keep(connection)
    consents.lock_recipients(connection, phone_numbers)
    words = [_word(entry, number, now) for number in sorted(set(phone_numbers))]
    before = consents.of(connection, phone_numbers)
    decided = consenting.hear(connection, words, rules, now=now)
    came_to = Counter(_came_to(before.get(each.word.phone_number, []), each.word) for each in words)
    cancelling = sum(each.verdict is Act.CANCEL for each in decided.values())
    return Taken(**came_to, cancelling=cancelling)


def _came_to(before: Sequence[Consent], word: Consent) -> str:
    """Return what came of a word of a list, as ``Taken`` calls it."""
    is_wanted_on = word.kind is ConsentKind.LISTED
    was_on, is_on = (word.evidence in do_not_contact.lists(said) for said in (before, [*before, word]))
    if is_on != is_wanted_on:
        return "overruled"
    return "known" if was_on == is_on else "new"


def _word(entry: Entry, phone_number: str, now: datetime) -> HeardConsent:
    word = Consent(
        phone_number=phone_number,
        kind=entry.kind,
        effective_at=min(entry.as_of, now),
        messaging_profile_id=None,
        event_id=entry.event_id(phone_number),
        source="list",
        evidence=entry.name,
    )
    return HeardConsent(word, occurred_at=entry.as_of, received_at=now)
