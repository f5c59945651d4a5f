"""What commands say of requests in doubt: how many there are, and what can be done about them."""

from __future__ import annotations


def told(number: int, which: str = "") -> str:
    """Return in one line that so many requests are in doubt, and the remedy; ``which`` says which these are."""
    subject = f"{number:,} requests {which}".rstrip()
    return (
        f"{subject} are in doubt: Telnyx may hold their messages, and nobody can cancel one without its id. Find it at"
        " Telnyx, by number and time, and GET it through /v2 here, or `rescind import` its id"
    )
