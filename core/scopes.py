"""How far something reaches among the messages: all of them, or those that have one thing in common."""

from __future__ import annotations

from enum import StrEnum


class Scope(StrEnum):
    """What the messages meant have in common; the value beside it says which."""

    ALL = "all"
    CAMPAIGN = "campaign"
    SENDER = "sender"
    """The number, short code or name that a message is sent from."""
    RECIPIENT = "recipient"
    PROFILE = "profile"
    """The messaging profile."""
