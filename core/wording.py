"""What an inbound text says about being texted: an opt-out, an opt-in, something doubtful, or nothing.

A text is read in tiers, by the books in ``core.phrasebook``, whatever the
settings are; what is done about each tier is for the policy ``opt_out``. Consent
is read only as Telnyx itself defines it. All that is compared is folded first:
case, accents, marks, invisible characters and full-width letters do not count.

Sources: https://developers.telnyx.com/docs/messaging/messages/advanced-opt-in-out (keywords, autoresponse_type);
47 CFR 64.1200(a)(10) (words that are an opt-out in themselves, and any other reasonable means).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from core.consent import ConsentKind, Language, Tier, is_certain
from core.phrasebook.book import Phrasebook
from core.phrasebook.english import ENGLISH
from core.phrasebook.french import FRENCH
from core.phrasebook.german import GERMAN
from core.phrasebook.portuguese import PORTUGUESE
from core.phrasebook.spanish import SPANISH

#: A text that is nothing but one of these lifts an opt-out, exactly as written at Telnyx.
START_WORDS = frozenset({"start", "unstop"})
BOOKS: Mapping[Language, Phrasebook] = {
    Language.ENGLISH: ENGLISH,
    Language.SPANISH: SPANISH,
    Language.FRENCH: FRENCH,
    Language.PORTUGUESE: PORTUGUESE,
    Language.GERMAN: GERMAN,
}
#: Signs that say "no entry" or "stop" in every language; alone they may be one.
_STOP_SIGNS = frozenset("\N{OCTAGONAL SIGN}\N{NO ENTRY}\N{NO ENTRY SIGN}")
#: A phrase has one of so many words; longer texts are only searched for doubts.
_LONGEST = 1_600
_SHORT = 3

_WORD = re.compile(r"[^\W_]+")
_SENTENCE = re.compile(r"[.!?;:\n\N{HORIZONTAL ELLIPSIS}\N{INVERTED EXCLAMATION MARK}\N{INVERTED QUESTION MARK}]+")
_STRETCHED = re.compile(r"([a-z])\1{2,}")
_APOSTROPHES = str.maketrans(
    dict.fromkeys("'`\N{ACUTE ACCENT}\N{RIGHT SINGLE QUOTATION MARK}\N{LEFT SINGLE QUOTATION MARK}")
)
#: What somebody quotes, or reacts to, is not what they say.
_QUOTED = re.compile(r"\"[^\"]*\"|[\u201c\u201e][^\u201c\u201d]*[\u201c\u201d]|\u00ab[^\u00bb]*\u00bb")


@dataclass(frozen=True, slots=True)
class Reading:
    """What a text says about being texted."""

    kind: ConsentKind
    tier: Tier
    languages: tuple[Language, ...] = ()
    """Those in which it says so; none when Telnyx told, or it is a sign."""

    @property
    def is_certain(self) -> bool:
        """Return True for what counts as consent under any settings."""
        return is_certain(self.tier, self.languages)


@lru_cache(maxsize=1_000)
def read(text: str | None, autoresponse_type: str | None) -> Reading | None:
    """Return what an inbound text says about being texted, or None when it says nothing.

    Telnyx's own reading is authoritative where it gives one. An event is read several times on its way, and most
    people say the same, so what was read lately is remembered.
    """
    told = (autoresponse_type or "").strip().upper()
    if told == "STOP":
        return Reading(ConsentKind.OPT_OUT, Tier.KEYWORD)
    if told == "START":
        return Reading(ConsentKind.OPT_IN, Tier.KEYWORD)
    if told in {"HELP", "INFO"} or text is None:
        return None
    if text.strip().lower() in START_WORDS:
        return Reading(ConsentKind.OPT_IN, Tier.KEYWORD, (Language.ENGLISH,))
    return _refusal(text[:_LONGEST])


def _refusal(text: str) -> Reading | None:
    said = _Said.of(text)
    found = {language: tier for language, book in BOOKS.items() if (tier := _tier(said, book))}
    if not found:
        if not said.whole and _STOP_SIGNS & set(text):
            return Reading(ConsentKind.DOUBT, Tier.DOUBTFUL)
        return None
    tier = min(found.values(), key=_STRONGEST.index)
    kind = ConsentKind.DOUBT if tier is Tier.DOUBTFUL else ConsentKind.OPT_OUT
    # English is read under every setting, so what is plain in English needs no other language.
    is_english = found.get(Language.ENGLISH) is tier
    return Reading(kind, tier, (Language.ENGLISH,) if is_english else tuple(found))


_STRONGEST = (Tier.KEYWORD, Tier.PHRASE, Tier.DOUBTFUL)


@dataclass(frozen=True, slots=True)
class _Said:
    """A text as it is compared."""

    whole: str
    """Its words, parted by single spaces."""
    sentences: tuple[str, ...]
    """The words of each sentence in the same way, stretched letters cut down to one: ``stooop`` is stop."""

    @classmethod
    def of(cls, text: str) -> _Said:
        folded = _folded(text)
        own = _QUOTED.sub(lambda quoted: " " if len(_WORD.findall(quoted[0])) >= _SHORT else quoted[0], folded)
        spoken = own if _WORD.search(own) else folded
        sentences = (" ".join(_WORD.findall(_STRETCHED.sub(r"\1", each))) for each in _SENTENCE.split(spoken))
        return cls(" ".join(_WORD.findall(folded)), tuple(each for each in sentences if each))


def _tier(said: _Said, book: Phrasebook) -> Tier | None:
    """Return how plainly a text refuses in one language, or None when it does not."""
    if said.whole in book.keywords:
        return Tier.KEYWORD
    sentences = [" ".join(book.fillers.sub(" ", each).split()) for each in said.sentences]
    left = " ".join(each for each in sentences if each)
    if left and book.bare.issuperset(left.split()):
        return Tier.PHRASE
    if any(book.request.fullmatch(each) for each in (*sentences, left)):
        return Tier.PHRASE
    plain = book.harmless.sub(" ", " ".join(said.sentences))
    if book.doubt.search(plain) or (len(left.split()) <= _SHORT and book.short_doubt.search(plain)):
        return Tier.DOUBTFUL
    return None


def _folded(text: str) -> str:
    """Return a text without what does not count: full-width letters, case, accents, apostrophes, what is invisible."""
    apart = unicodedata.normalize("NFKD", unicodedata.normalize("NFKC", text).casefold())
    return "".join(char for char in apart if unicodedata.category(char) not in {"Cf", "Mn"}).translate(_APOSTROPHES)
