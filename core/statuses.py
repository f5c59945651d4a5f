"""Telnyx's delivery statuses and the one order in which they may follow each other.

Deliveries arrive in any order, so a status is not a step but a height: merging
keeps the higher one. Sources: https://developers.telnyx.com/docs/messaging/messages/receiving-webhooks
(webhook statuses) and the answer of the cancel call (``cancelled``).

::

    scheduled ── queued ── sending ── sent ── delivery_unconfirmed ── delivered ── read
        └────── cancelled                └─── unknown              └─ sending_failed, delivery_failed, expired
"""

from __future__ import annotations

from enum import StrEnum


class Status(StrEnum):
    """The status of one message for one recipient, in Telnyx's words."""

    SCHEDULED = "scheduled"
    QUEUED = "queued"
    CANCELLED = "cancelled"
    SENDING = "sending"
    SENT = "sent"
    DELIVERY_UNCONFIRMED = "delivery_unconfirmed"
    UNKNOWN = "unknown"
    DELIVERED = "delivered"
    SENDING_FAILED = "sending_failed"
    DELIVERY_FAILED = "delivery_failed"
    EXPIRED = "expired"
    READ = "read"
    RECEIVED = "received"
    WEBHOOK_DELIVERED = "webhook_delivered"


#: ``cancelled`` lies below ``sending``: when Telnyx reports that a message went
#: out after all, the report wins over what the cancel call answered.
RANK_OF_CANCELLED = 2
#: A word Telnyx has added since: above what can be cancelled, below what is certain.
RANK_OF_UNKNOWN_WORD = 3
#: The carrier never said: any certain end replaces it, whichever came first.
RANK_OF_UNCONFIRMED = 8

_RANKS: dict[str, int] = {
    Status.SCHEDULED: 0,
    Status.QUEUED: 1,
    Status.CANCELLED: RANK_OF_CANCELLED,
    Status.SENDING: 4,
    Status.SENT: 5,
    Status.DELIVERY_UNCONFIRMED: RANK_OF_UNCONFIRMED,
    Status.UNKNOWN: RANK_OF_UNCONFIRMED,
    Status.DELIVERED: 9,
    Status.SENDING_FAILED: 9,
    Status.DELIVERY_FAILED: 9,
    Status.EXPIRED: 9,
    Status.READ: 10,
    Status.RECEIVED: 9,
    Status.WEBHOOK_DELIVERED: 9,
}


def rank_of(status: str, *, final: bool = False) -> int:
    """Return how far along a message with this status is, 0 to 10.

    ``final`` says that the word came in an event that ends the message, which
    places a word we do not know yet.
    """
    return _RANKS.get(status, RANK_OF_UNCONFIRMED if final else RANK_OF_UNKNOWN_WORD)


def has_left(rank: int) -> bool:
    """Return True when a message of this rank is past cancelling and was not cancelled."""
    return rank > RANK_OF_CANCELLED


def has_ended(rank: int) -> bool:
    """Return True when nothing more is to be expected of a message of this rank."""
    return rank == RANK_OF_CANCELLED or rank >= RANK_OF_UNCONFIRMED
