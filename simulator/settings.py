"""What about the simulator may be set, at its start or while it runs.

In JSON every duration is a number of seconds; an unknown name or a wrong type
raises ``ValueError`` with the name in it.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields, replace
from datetime import timedelta
from typing import Any

from simulator.addresses import is_web_address
from simulator.messages import Status

FINAL = frozenset(
    {
        Status.DELIVERED,
        Status.DELIVERY_FAILED,
        Status.DELIVERY_UNCONFIRMED,
        Status.SENDING_FAILED,
        Status.EXPIRED,
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The simulated account and how it behaves; changed as a whole, never in place."""

    #: Where webhooks go when neither the message nor its profile says so.
    webhook_url: str | None = None
    webhook_failover_url: str | None = None
    #: What becomes of a message that was sent, and exceptions by recipient.
    final_status: Status = Status.DELIVERED
    final_statuses: Mapping[str, Status] = field(default_factory=dict)
    #: Simulated time between ``sent`` and the final status.
    delivery_delay: timedelta = timedelta(seconds=0.2)
    #: The TCR campaign id by sender: Telnyx knows it from the number.
    tcr_campaigns: Mapping[str, str] = field(default_factory=dict)
    #: Whether Telnyx looks at block rules again when a scheduled message is due is
    #: not documented. The default is the worse case: the message goes out.
    recheck_blocks_at_send: bool = False
    #: How far ahead ``send_at`` must be.
    soonest: timedelta = timedelta(minutes=5)
    #: The bearer token to expect; without one, any will do.
    api_key: str | None = None
    #: Real time that every API answer takes longer.
    latency: timedelta = timedelta(0)
    #: API requests a second, and how many may come at once; without a rate, no limit.
    rate_limit: float | None = None
    rate_burst: float = 10.0
    webhook_attempts: int = 3
    #: Real time before the second attempt; it doubles with each one.
    webhook_backoff: timedelta = timedelta(seconds=0.5)
    webhook_timeout: timedelta = timedelta(seconds=2)
    #: A simulator must not send to strangers. No admin call changes this one.
    allow_remote_webhooks: bool = False

    def changed(self, changes: Mapping[str, object]) -> "Settings":
        """Give these settings with some replaced, read from JSON values."""
        unknown = sorted(set(changes) - set(_READERS))
        if unknown:
            raise ValueError(f"No such setting: {', '.join(unknown)}. There are: {', '.join(sorted(_READERS))}.")
        values: dict[str, Any] = {name: _read(name, value) for name, value in changes.items()}
        return replace(self, **values)

    def as_json(self) -> dict[str, Any]:
        """Give all settings as ``changed`` would read them; the expected token is left out."""
        shown = {each.name: getattr(self, each.name) for each in fields(self) if each.name in _READERS}
        del shown["api_key"]
        return {name: value.total_seconds() if isinstance(value, timedelta) else value for name, value in shown.items()}


def _read(name: str, value: object) -> object:
    try:
        return _READERS[name](value)
    except (TypeError, ValueError, OverflowError) as error:
        raise ValueError(f"The setting '{name}' cannot be {value!r}: {error}") from None


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError("a string is expected")
    return value


def _url(value: object) -> str:
    if not is_web_address(_text(value)):
        raise ValueError("an http or https URL is expected")
    return _text(value)


def _number(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < math.inf:
        raise TypeError("a number of 0 or more is expected")
    return float(value)


def _count(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise TypeError("a whole number of 1 or more is expected")
    return value


def _flag(value: object) -> bool:
    if not isinstance(value, bool):
        raise TypeError("true or false is expected")
    return value


def _duration(value: object) -> timedelta:
    return value if isinstance(value, timedelta) else timedelta(seconds=_number(value))


def _final(value: object) -> Status:
    status = Status(_text(value))
    if status not in FINAL:
        raise ValueError(f"it is not final; final are {', '.join(sorted(FINAL))}")
    return status


def _texts(value: object) -> dict[str, str]:
    if not isinstance(value, Mapping):
        raise TypeError("an object is expected")
    return {_text(name): _text(entry) for name, entry in value.items()}


def _finals(value: object) -> dict[str, Status]:
    return {name: _final(entry) for name, entry in _texts(value).items()}


def _optional(read: Callable[[object], object]) -> Callable[[object], object]:
    return lambda value: None if value is None else read(value)


_READERS: dict[str, Callable[[object], Any]] = {
    "webhook_url": _optional(_url),
    "webhook_failover_url": _optional(_url),
    "final_status": _final,
    "final_statuses": _finals,
    "delivery_delay": _duration,
    "tcr_campaigns": _texts,
    "recheck_blocks_at_send": _flag,
    "soonest": _duration,
    "api_key": _optional(_text),
    "latency": _duration,
    "rate_limit": _optional(_number),
    "rate_burst": _number,
    "webhook_attempts": _count,
    "webhook_backoff": _duration,
    "webhook_timeout": _duration,
}
