"""Hold what would go beyond a day's money: a limit that a messaging profile has reached at Telnyx, or a cap of ours.

A limit at Telnyx is known by its event, and counts until midnight UTC, when Telnyx counts anew. Our own cap is
compared with what the messages of the day have cost, and what those are expected to cost that go out before this one:
so those that go out last lose. What is held is cancelled at its last look if there still is no money for it then.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from enum import StrEnum

from core.deciding import Act, Mode, Verdict
from core.facts import Facts, MessageClass, Need, Reach, Signal, SignalKind, Spending

NAME = "budget"
PRIORITY = 1
SOURCE = "https://developers.telnyx.com/docs/messaging/messages/configurable-spend-limits"

_DAY = timedelta(days=1)
_CODE = re.compile(r"[A-Z]{3}")
#: What was paid in the last week tells what is to be paid.
_PRICES = timedelta(days=7)


class Purse(StrEnum):
    """Which messages spend of one cap."""

    ALL = "all"
    PROFILE = "profile"
    """Those of one messaging profile; each has the whole cap for itself."""


@dataclass(frozen=True, slots=True)
class Settings:
    """How much may be spent in a UTC day; the limits that are set at Telnyx count besides."""

    mode: Mode = Mode.OFF
    daily: Decimal | None = field(default=None, metadata={"doc": "what a UTC day may cost; absent: no cap of ours"})
    currency: str = field(default="USD", metadata={"doc": "in which that is, and in which Telnyx tells costs"})
    scope: Purse = field(default=Purse.ALL, metadata={"doc": "one cap for all messages, or one for each profile"})
    on_unknown: Act = Act.ALLOW
    """What is done while nothing is known of prices."""
    exempt: frozenset[MessageClass] = frozenset({MessageClass.TRANSACTIONAL, MessageClass.OTP, MessageClass.COMPLIANCE})

    def __post_init__(self) -> None:
        """Raise ValueError for no code of ISO 4217: no cost is told in it, so the cap would never be reached."""
        if _CODE.fullmatch(self.currency) is None:
            raise ValueError(f"currency is {self.currency[:20]!r}; write three capital letters, such as 'USD'")


def needs(settings: Settings) -> Mapping[Need, Reach]:
    """Return the limits reached within a day, and with a cap what was spent and is expected."""
    limits = {Need.SIGNALS: Reach(_DAY)}
    return limits if settings.daily is None else {**limits, Need.SPENDING: Reach(_PRICES)}


def judge(facts: Facts, settings: Settings) -> Verdict:
    """Return ``hold`` when there is no money left for a message on the day that it is sent."""
    reached = [each for each in facts.signals if _concerns(each, facts)]
    if reached:
        return _limited(min(reached, key=lambda each: (each.at, each.id)), facts)
    if settings.daily is None:
        told = {"messaging_profile_id": facts.messaging_profile_id, "day": _day(facts.send_at)}
        return Verdict(Act.ALLOW, NAME, "no limit at Telnyx was reached, and no cap is set", told)
    purse = facts.messaging_profile_id if settings.scope is Purse.PROFILE else None
    for spending in facts.spending:
        if (spending.currency, spending.messaging_profile_id) == (settings.currency, purse):
            return _capped(spending, settings.daily, facts)
    told = {"currency": settings.currency, "on_unknown": settings.on_unknown}
    return Verdict(settings.on_unknown, NAME, f"nothing is known of prices in {settings.currency} yet", told)


def _concerns(signal: Signal, facts: Facts) -> bool:
    return (
        signal.kind is SignalKind.SPEND_LIMIT
        and signal.value == facts.messaging_profile_id
        and _day(signal.at) == _day(facts.send_at)
    )


def _limited(limit: Signal, facts: Facts) -> Verdict:
    midnight = limit.at.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0) + _DAY
    return Verdict(
        Act.HOLD,
        NAME,
        f"messaging profile {limit.value} reached its spend limit at Telnyx at {limit.at:%Y-%m-%d %H:%M:%S} UTC, "
        "which counts until midnight UTC",
        {
            "messaging_profile_id": limit.value,
            "reached_at": limit.at.isoformat(),
            "counts_until": midnight.isoformat(),
            "send_at": facts.send_at.isoformat(),
        },
        event_id=limit.id,
        until=midnight,
        since=limit.at,
    )


def _capped(spending: Spending, daily: Decimal, facts: Facts) -> Verdict:
    total = spending.spent + spending.pending_before + spending.this
    whose = f"messaging profile {spending.messaging_profile_id}" if spending.messaging_profile_id else "all messages"
    is_over = total > daily
    return Verdict(
        Act.HOLD if is_over else Act.ALLOW,
        NAME,
        f"with this message {whose} would cost {spending.currency} {total:.4f} on {_day(facts.send_at)}, "
        f"{'more than' if is_over else 'within'} the {daily} of a day",
        {
            "day": _day(facts.send_at),
            "currency": spending.currency,
            "messaging_profile_id": spending.messaging_profile_id,
            "spent": str(spending.spent),
            "pending_before": str(spending.pending_before),
            "this": str(spending.this),
            "daily": str(daily),
        },
    )


def _day(at: datetime) -> str:
    """Return the UTC day of a moment."""
    return at.astimezone(UTC).date().isoformat()
