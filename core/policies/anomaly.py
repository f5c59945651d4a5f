"""Hold a campaign while its recipients leave, carriers take it for spam, or its messages fail, more than is usual.

What happened is counted in spans of five minutes; a window ends with each span. The campaign is held from when one of
its windows is over a threshold until no window has been for a while (``rest``). So it needs no state, does not open
and close from one message to the next, and says the same of the same facts. What it holds is cancelled at its last
look if the campaign still is held then. Messages that belong to no campaign are not held.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import accumulate

from core.deciding import Act, Mode, Verdict
from core.facts import Facts, MessageClass, Need, Reach, Tally
from core.spans import SPAN, span_of

NAME = "anomaly"
PRIORITY = 1
SOURCE = (
    "practice: a circuit breaker with a least sample; https://developers.telnyx.com/docs/messaging/messages/error-codes"
)

#: What would be counted again for each message has to stay little.
_LONGEST = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Settings:
    """Which shares, of the messages of a campaign that ended within a window, hold it, and for how long after."""

    mode: Mode = Mode.OFF
    window: timedelta = field(default=timedelta(minutes=30), metadata={"doc": "what is counted together"})
    least: int = field(
        default=50, metadata={"doc": "so many messages must have ended within it", "least": 1, "most": 1_000_000}
    )
    opt_outs: float = field(
        default=0.05, metadata={"doc": "opt-outs for each message that ended, above which it is held", "least": 0}
    )
    spam: float = field(
        default=0.02, metadata={"doc": "share refused as spam above which it is held", "least": 0, "most": 1}
    )
    failures: float = field(
        default=0.3, metadata={"doc": "share that failed above which it is held", "least": 0, "most": 1}
    )
    rest: timedelta = field(
        default=timedelta(hours=1), metadata={"doc": "so long after a window that was over it stays held"}
    )
    exempt: frozenset[MessageClass] = frozenset({MessageClass.OTP, MessageClass.COMPLIANCE})

    def __post_init__(self) -> None:
        """Raise ValueError for times that nothing could be counted in, or too much would be."""
        if self.window < SPAN:
            raise ValueError("window is shorter than the five minutes in which is counted; give '5m' or longer")
        if self.window + self.rest > _LONGEST:
            raise ValueError("window and rest are longer than a day together; give shorter ones")


def needs(settings: Settings) -> Mapping[Need, Reach]:
    """Return how far back it looks: to the first span of the first window that still counts."""
    return {Need.TALLIES: Reach(settings.window + settings.rest + SPAN)}


@dataclass(frozen=True, slots=True)
class _Window:
    """What happened within one window."""

    ends_at: datetime
    ended: int
    opted_out: int
    spam: int
    failed: int


@dataclass(frozen=True, slots=True)
class _Excess:
    """A window that was over a threshold."""

    of: str
    window: _Window
    count: int
    most: float


def judge(facts: Facts, settings: Settings) -> Verdict:
    """Return ``hold`` when a window that ended within ``rest`` was over a threshold."""
    if facts.campaign_key is None and not facts.campaigns:
        return Verdict(Act.ALLOW, NAME, "the message belongs to no campaign")
    name = facts.campaign_key or facts.campaigns[0].key
    over = [
        excess
        for window in _windows(facts.tallies, facts.now, settings)
        if (excess := _excess(window, settings)) is not None
    ]
    if over:
        return _held(name, over, facts.now, settings)
    ended = sum(tally.ended for tally in facts.tallies)
    told = {"campaign": name, "ended": ended, "least": settings.least, "window_seconds": _seconds(settings.window)}
    return Verdict(Act.ALLOW, NAME, f"campaign {name} shows nothing unusual", told)


def _windows(tallies: Sequence[Tally], now: datetime, settings: Settings) -> Iterator[_Window]:
    """Yield the windows in which enough has ended: the one that is under way, and back to where ``rest`` began."""
    ends_at = span_of(now) + SPAN
    length = -(-settings.window // SPAN)
    windows = -((now - ends_at - settings.rest) // SPAN)
    begins_at = ends_at - (windows + length - 1) * SPAN
    # Of all spans together what happened up to the end of each, so that a window is a difference.
    ended, opted_out, spam, failed = ([0] * (windows + length) for _ in range(4))
    for tally in tallies:
        place = (tally.at - begins_at) // SPAN + 1
        if 0 < place < len(ended):
            ended[place] += tally.ended
            opted_out[place] += tally.opted_out
            spam[place] += tally.spam
            failed[place] += tally.failed
    ended, opted_out, spam, failed = (list(accumulate(each)) for each in (ended, opted_out, spam, failed))
    for last in range(len(ended) - 1, length - 1, -1):
        before = last - length
        if ended[last] - ended[before] >= settings.least:
            yield _Window(
                begins_at + last * SPAN,
                ended[last] - ended[before],
                opted_out=opted_out[last] - opted_out[before],
                spam=spam[last] - spam[before],
                failed=failed[last] - failed[before],
            )


def _excess(window: _Window, settings: Settings) -> _Excess | None:
    """Return the first threshold that a window is over."""
    ended = window.ended
    if window.opted_out > settings.opt_outs * ended:
        return _Excess("opt-outs", window, window.opted_out, settings.opt_outs)
    if window.spam > settings.spam * ended:
        return _Excess("spam refusals", window, window.spam, settings.spam)
    if window.failed > settings.failures * ended:
        return _Excess("failures", window, window.failed, settings.failures)
    return None


def _held(name: str, over: Sequence[_Excess], now: datetime, settings: Settings) -> Verdict:
    first, last = over[-1], over[0]
    until = last.window.ends_at + settings.rest
    ended_at = min(last.window.ends_at, now)
    minutes = settings.window / timedelta(minutes=1)
    return Verdict(
        Act.HOLD,
        NAME,
        f"campaign {name} had {last.count} {last.of} to {last.window.ended} messages that ended in the {minutes:g} "
        f"minutes up to {ended_at:%Y-%m-%d %H:%M} UTC, {last.count / last.window.ended:.1%} and more than "
        f"{last.most:.1%}: reason to hold it until {until:%H:%M} UTC or for longer",
        {
            "campaign": name,
            "of": last.of,
            "count": last.count,
            "ended": last.window.ended,
            "most": last.most,
            "least": settings.least,
            "window_seconds": _seconds(settings.window),
            "window_ended_at": last.window.ends_at.isoformat(),
            "tripped_at": min(first.window.ends_at, now).isoformat(),
        },
        until=until,
        since=min(first.window.ends_at, now),
    )


def _seconds(duration: timedelta) -> int:
    return int(duration.total_seconds())
