"""Consent: who refused further messages, and whether the refusal still stands.

Sources: https://developers.telnyx.com/docs/messaging/messages/advanced-opt-in-out (keywords, autoresponse_type),
https://support.telnyx.com/en/articles/1270091-sms-opt-out-keywords-and-stop-words (whole message only).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

#: An opt-out may be this much ahead of our clock; an opt-in may not be ahead of it at all.
FUTURE_LIMIT = timedelta(minutes=5)

#: Telnyx writes down a refusal within moments of the text that says it, on a clock of its own.
SAME_WORD = timedelta(minutes=1)


class ConsentKind(StrEnum):
    """What a recipient said."""

    OPT_OUT = "opt_out"
    OPT_IN = "opt_in"
    DOUBT = "doubt"
    """Something that may be an opt-out, until somebody settles it."""
    DISMISSED = "dismissed"
    """An operator's word that a text was no opt-out."""
    LISTED = "listed"
    """The sender's own word: the number is on a do-not-contact list."""
    DELISTED = "delisted"
    """The number is on that list no more."""


class Tier(StrEnum):
    """How plainly a refusal was said."""

    KEYWORD = "keyword"
    """By a word that is an opt-out in itself, or Telnyx read it so."""
    PHRASE = "phrase"
    """A reasonable person reads it so."""
    DOUBTFUL = "doubtful"
    """It may mean something else."""
    EVIDENCE = "evidence"
    """Telnyx refused a message because of it."""


class Language(StrEnum):
    """The languages in which texts are read."""

    ENGLISH = "en"
    SPANISH = "es"
    FRENCH = "fr"
    PORTUGUESE = "pt"
    GERMAN = "de"


class Meaning(StrEnum):
    """What an operator says a text meant."""

    OPT_OUT = "opt_out"
    NOTHING = "nothing"


class ConsentScope(StrEnum):
    """How far an opt-out reaches."""

    ALL = "all"
    """Every messaging profile."""
    PROFILE = "profile"
    """Only the messaging profile it was sent to."""


#: What settings decide about, and operators.
UNCERTAIN = frozenset({Tier.PHRASE, Tier.DOUBTFUL})
#: The words by which somebody is in or out.
_PLAIN = frozenset({ConsentKind.OPT_OUT, ConsentKind.OPT_IN})
#: The word by which a doubt is settled bears this and the id of the event that raised it.
SETTLING = "settled:"
#: Of words at the same instant the higher outranks the lower.
_RANKS = {
    kind: rank
    for rank, kind in enumerate((ConsentKind.DISMISSED, ConsentKind.OPT_IN, ConsentKind.DOUBT, ConsentKind.OPT_OUT))
}


@dataclass(frozen=True, slots=True)
class Consent:
    """One word of one recipient, with its evidence."""

    phone_number: str
    kind: ConsentKind
    effective_at: datetime
    messaging_profile_id: str | None
    """None speaks for every profile."""
    event_id: str
    source: str
    """The way it came: ``webhook``, ``failover``, ``api``, ``telnyx_api`` for what Telnyx's own records
    told, or ``list`` for a do-not-contact list."""
    evidence: str | None = None
    """What was said: the keyword, the reason given by API, or the list's name."""
    tier: Tier | None = None
    """None for what was not read from a text: it came by API, or from Telnyx's own list."""
    languages: tuple[Language, ...] = ()
    """In which it was said; none for what counts in every language."""

    @property
    def is_certain(self) -> bool:
        """Return True for what no setting and no operator may read otherwise."""
        return is_certain(self.tier, self.languages)

    @property
    def is_answered(self) -> bool:
        """Return True for an opt-out that Telnyx has read: it answers each by itself, and cannot be kept from that."""
        is_flagged = self.tier is Tier.KEYWORD and not self.languages
        return is_flagged or (self.tier is None and self.source == "telnyx_api")


def is_certain(tier: Tier | None, languages: Collection[Language]) -> bool:
    """Return True for what counts under any settings, said in these languages and so plainly."""
    return tier not in UNCERTAIN and (not languages or Language.ENGLISH in languages)


def effective_at(kind: ConsentKind, occurred_at: datetime, received_at: datetime) -> datetime:
    """Return when a word counts from: when it was said, but never far after we heard it.

    A clock gone wrong must not outrank later words. One that is ahead by
    minutes, or ours that is behind, must not let an opt-in that was said first
    outrank an opt-out: so an opt-in never counts from later than it was heard.
    """
    ahead = timedelta() if kind is ConsentKind.OPT_IN else FUTURE_LIMIT
    return min(occurred_at, received_at + ahead)


def standing_opt_out(
    history: Iterable[Consent], *, messaging_profile_id: str | None, scope: ConsentScope
) -> Consent | None:
    """Return the opt-out of one recipient that governs a message from this profile, or None.

    The latest word counts and STOP wins a tie, judged per profile: a START sent
    to one profile lifts no STOP that was sent to another. Words for every
    profile (``None``) are part of each profile's history, also of one that
    nobody has written to yet.

    A message of which nobody told the profile may be from any that was ever
    written to, and every opt-out of one of them governs it.
    """
    words = list(history)
    if scope is ConsentScope.PROFILE and messaging_profile_id is not None:
        return _last_word(words, messaging_profile_id)
    profiles = {messaging_profile_id, *(word.messaging_profile_id for word in words)} - {None}
    standing = [word for profile in profiles or {None} if (word := _last_word(words, profile))]
    return max(standing, key=_weight, default=None)


def open_words(history: Iterable[Consent], tier: Tier) -> list[Consent]:
    """Return one recipient's uncertain words of a tier that nobody has settled, the latest last.

    A later opt-out or opt-in settles one too, if it concerns the same messaging profile.
    """
    words = list(history)
    settled = _settled(words)
    plain = [word for word in words if word.kind in _PLAIN and settlement_of(word.event_id) not in settled]
    asked = [word for word in words if word.tier is tier and settlement_of(word.event_id) not in settled]
    return sorted((word for word in asked if not any(_ends(later, word) for later in plain)), key=_weight)


def settlement_of(event_id: str) -> str:
    """Return the id of the word by which the word of an event is settled: so it is settled once."""
    return f"{SETTLING}{event_id}"


def is_known(history: Iterable[Consent], opt_out: Consent) -> bool:
    """Return True when a recipient's history ends in a refusal by the time of this opt-out: it says nothing new.

    So an opt-out that Telnyx lists is the text that we heard, unless the recipient has let us in since. What settings
    or operators may read otherwise is no such text.
    """
    heard = [word for word in history if word.is_certain and word.effective_at <= opt_out.effective_at + SAME_WORD]
    return _last_word(heard, opt_out.messaging_profile_id) is not None


def _last_word(words: Sequence[Consent], profile: str | None) -> Consent | None:
    """Return the opt-out that one profile's history ends in, or None; doubts are no opt-outs."""
    dismissed = {word.event_id for word in words if word.kind is ConsentKind.DISMISSED}
    heard = [
        word
        for word in words
        if word.kind in _PLAIN
        and word.messaging_profile_id in {None, profile}
        and not (dismissed and settlement_of(word.event_id) in dismissed)
    ]
    last = max(heard, key=_weight, default=None)
    return last if last and last.kind is ConsentKind.OPT_OUT else None


def _settled(words: Iterable[Consent]) -> set[str]:
    """Return the ids of the words that settle others."""
    return {word.event_id for word in words if word.event_id.startswith(SETTLING)}


def _ends(later: Consent, word: Consent) -> bool:
    """Return True when a plain word settles an uncertain one by having been said after it."""
    profiles = {later.messaging_profile_id, word.messaging_profile_id} - {None}
    return len(profiles) <= 1 and _weight(later) > _weight(word)


def _weight(word: Consent) -> tuple[datetime, int, str]:
    return word.effective_at, _RANKS[word.kind], word.event_id
