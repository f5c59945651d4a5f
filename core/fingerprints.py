"""Fingerprints: by which texts that say the same are known, without keeping the texts."""

from __future__ import annotations

import hashlib
import unicodedata

#: Which quotes and dashes a text has depends on the editor that it was written in; some signs nobody sees.
_PLAIN = str.maketrans(
    {
        **dict.fromkeys("\u2018\u2019\u201a\u201b\u2032\u00b4\u0060", "'"),
        **dict.fromkeys("\u201c\u201d\u201e\u201f\u2033\u00ab\u00bb", '"'),
        **dict.fromkeys("\u2010\u2011\u2012\u2013\u2014\u2015\u2212", "-"),
        **dict.fromkeys("\u200b\u200c\u200d\u2060\ufeff\u00ad", None),
    }
)


def fingerprint(text: str) -> str:
    """Return 32 hexadecimal digits, the same for texts that differ in case, width, spaces, quotes and dashes only."""
    # Signs first: among what they are normalised to there are spaces.
    plain = unicodedata.normalize("NFKC", text.translate(_PLAIN))
    said = " ".join(plain.casefold().split())
    return hashlib.sha256(said.encode("utf-8", "surrogatepass")).hexdigest()[:32]
