"""Consent: who refused further messages, and whether the refusal still stands.

Sources: https://developers.telnyx.com/docs/messaging/messages/advanced-opt-in-out (keywords, autoresponse_type),
https://support.telnyx.com/en/articles/1270091-sms-opt-out-keywords-and-stop-words (whole message only).
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

#: An opt-out may be this much ahead of our clock; an opt-in may not be ahead of it at all.
FUTURE_LIMIT = timedelta(minutes=5)

#: Telnyx writes down a refusal within moments of the text that says it, on a clock of its own.
SAME_WORD = timedelta(minutes=1)

STOP_WORDS = frozenset({"stop", "stopall", "stop all", "unsubscribe", "cancel", "end", "quit"})
START_WORDS = frozenset({"start", "unstop"})


class ConsentKind(StrEnum):
    """What a recipient said."""

    OPT_OUT = "opt_out"
    OPT_IN = "opt_in"


class ConsentScope(StrEnum):
    """How far an opt-out reaches."""

    ALL = "all"
    """Every messaging profile."""
    PROFILE = "profile"
    """Only the messaging profile it was sent to."""


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
    """The way it came: ``webhook``, ``failover``, ``api``, or ``telnyx_api`` for what Telnyx's own records told."""
    evidence: str | None = None
    """What was said: the keyword, or the reason given by API."""


def effective_at(kind: ConsentKind, occurred_at: datetime, received_at: datetime) -> datetime:
    """Return when a word counts from: when it was said, but never far after we heard it.

    A clock gone wrong must not outrank later words. One that is ahead by
    minutes, or ours that is behind, must not let an opt-in that was said first
    outrank an opt-out: so only opt-outs may count from later than they were heard.
    """
    ahead = FUTURE_LIMIT if kind is ConsentKind.OPT_OUT else timedelta()
    return min(occurred_at, received_at + ahead)


def reading(text: str | None, autoresponse_type: str | None) -> ConsentKind | None:
    """Return what an inbound text says about consent, or None when it says nothing.

    Telnyx's own reading is authoritative where it gives one. Otherwise refusing
    is read generously (``"Stop!"`` counts, though Telnyx does not block on it),
    and consenting only as Telnyx itself defines it.
    """
    told = (autoresponse_type or "").strip().upper()
    if told == "STOP":
        return ConsentKind.OPT_OUT
    if told == "START":
        return ConsentKind.OPT_IN
    if told in {"HELP", "INFO"}:
        return None
    if text is None:
        return None
    if _folded(text) in STOP_WORDS:
        return ConsentKind.OPT_OUT
    if text.strip().lower() in START_WORDS:
        return ConsentKind.OPT_IN
    return None


def _folded(text: str) -> str:
    """Return the text as keywords are compared: full-width letters, case, spaces and marks around it do not count."""
    folded = unicodedata.normalize("NFKC", text)
    visible = "".join(char for char in folded if unicodedata.category(char) != "Cf").casefold()
    letters = [index for index, char in enumerate(visible) if char.isalnum()]
    if not letters:
        return ""
    return " ".join(visible[letters[0] : letters[-1] + 1].split())


def standing_opt_out(
    history: Iterable[Consent], *, messaging_profile_id: str | None, scope: ConsentScope
) -> Consent | None:
    """Return the opt-out of one recipient that governs a message from this profile, or None.

    The latest word counts and STOP wins a tie, judged per profile: a START sent
    to one profile lifts no STOP that was sent to another. Words for every
    profile (``None``) are part of each profile's history.
    """
    words = list(history)
    # A message of which nobody told the profile could be from any: then every opt-out governs it.
    if scope is ConsentScope.PROFILE and messaging_profile_id is not None:
        return _last_word(words, messaging_profile_id)
    profiles: set[str | None] = {word.messaging_profile_id for word in words if word.messaging_profile_id}
    standing = [word for profile in profiles or {None} if (word := _last_word(words, profile))]
    return max(standing, key=_weight, default=None)


def is_known(history: Iterable[Consent], opt_out: Consent) -> bool:
    """Return True when a recipient's history ends in a refusal by the time of this opt-out: it says nothing new.

    So an opt-out that Telnyx lists is the text that we heard, unless the recipient has let us in since.
    """
    heard = [word for word in history if word.effective_at <= opt_out.effective_at + SAME_WORD]
    return _last_word(heard, opt_out.messaging_profile_id) is not None


def _last_word(words: list[Consent], profile: str | None) -> Consent | None:
    """Return the opt-out that one profile's history ends in, or None."""
    heard = [word for word in words if word.messaging_profile_id in {None, profile}]
    last = max(heard, key=_weight, default=None)
    return last if last and last.kind is ConsentKind.OPT_OUT else None


def _weight(word: Consent) -> tuple[datetime, bool, str]:
    return word.effective_at, word.kind is ConsentKind.OPT_OUT, word.event_id
