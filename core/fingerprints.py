"""Fingerprints: by which texts that say the same are known, without keeping the texts."""

from __future__ import annotations

import hashlib
import unicodedata


def fingerprint(text: str) -> str:
    """Return 32 hexadecimal digits that are the same for texts that differ in case, width and spaces only."""
    said = " ".join(unicodedata.normalize("NFKC", text).casefold().split())
    return hashlib.sha256(said.encode("utf-8", "surrogatepass")).hexdigest()[:32]
