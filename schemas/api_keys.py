"""Which of Telnyx's API keys may be used through us, told by their digests so that no setting holds a key."""

from __future__ import annotations

import hashlib
import re

_DIGEST = re.compile(r"[0-9a-f]{64}")


def digest(api_key: str) -> str:
    """Return the SHA-256 of a key in hexadecimal, as ``printf %s KEY | sha256sum | cut -d' ' -f1`` prints it."""
    return hashlib.sha256(api_key.encode()).hexdigest()


def digests(raw: str) -> frozenset[str]:
    """Return the comma-separated digests.

    Raises ValueError with what is wrong, never with the text itself: what was pasted here may be a key.
    """
    texts = [text.strip().lower() for text in raw.split(",") if text.strip()]
    if not texts:
        raise ValueError(
            "names no key; list SHA-256 digests, or leave it unset to let every key in that Telnyx accepts"
        )
    for place, text in enumerate(texts, start=1):
        if not _DIGEST.fullmatch(text):
            raise ValueError(
                f"has no SHA-256 digest in place {place}; give the 64 digits that sha256sum prints for the bare key,"
                " and not the dash behind them"
            )
    return frozenset(texts)
