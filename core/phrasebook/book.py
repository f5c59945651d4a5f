"""What a phrasebook is made of.

All of it is written as texts are compared: in lower case, without accents and
apostrophes, the words parted by single spaces. Patterns are regular expressions
that no text, however long, keeps busy: what is repeated is taken or left word by
word, and never given back.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Phrasebook:
    """How one language says "no more messages"."""

    keywords: frozenset[str]
    """A text that is nothing but one of them is an opt-out."""
    bare: frozenset[str]
    """Words that refuse by themselves, with nothing around them but fillers."""
    fillers: re.Pattern[str]
    """What adds nothing: please, thanks, curses."""
    request: re.Pattern[str]
    """A whole sentence, less its fillers, that refuses further messages."""
    doubt: re.Pattern[str]
    """A part of a text that may refuse, or may mean something else."""
    short_doubt: re.Pattern[str]
    """The same for texts of up to three words: words that are too common to mean anything in longer ones."""
    harmless: re.Pattern[str]
    """Parts that look like a refusal and are none; they are taken out before doubts are looked for."""


def words(text: str) -> frozenset[str]:
    """Return the words of a text."""
    return frozenset(text.split())


def one_of(text: str) -> str:
    """Return the pattern of any one of these words."""
    return f"(?:{'|'.join(text.split())})"


def many_of(text: str) -> str:
    """Return the pattern of as many more of these words as there are."""
    return rf"(?: {one_of(text)}\b)*+"


def after_any(text: str, pattern: str) -> str:
    """Return the pattern of something with any number of these words before it."""
    return rf"(?:{one_of(text)} )*{pattern}"


def any_of(*patterns: str) -> re.Pattern[str]:
    """Return one pattern for all of these, at the bounds of words."""
    return re.compile(rf"\b(?:{'|'.join(patterns)})\b")


def sentence(patterns: Iterable[str], *, before: Iterable[str], after: Iterable[str]) -> re.Pattern[str]:
    """Return the pattern of a sentence that one of these makes up, with or without what may stand before and after."""
    lead, tail = "|".join(before), "|".join(after)
    return re.compile(rf"(?:(?:{lead}) )*(?:{'|'.join(patterns)})(?: (?:{tail}))*")
