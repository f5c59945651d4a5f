"""Cancel what speaks of something that has changed since, or is no more.

A message says what it speaks of by its label ``about``, and in which state by ``revision``. A later message about the
same to the same recipient takes its place, and so does a signal that there is a newer revision, or nothing left to
speak of. Whether that later message is sent in the end is all one: what this one says is wrong anyway.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from core.deciding import Act, Mode, Verdict
from core.facts import Facts, MessageClass, Need, Reach, Signal, SignalKind, Traffic

NAME = "superseded"
PRIORITY = 1
SOURCE = "practice: an appointment that was moved leaves the reminder of the old one behind"
#: Far longer than Telnyx schedules ahead: a job may schedule late what was overtaken long ago.
_BACK = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Settings:
    """What is done where the label cannot be read; messages that bear none are not concerned."""

    mode: Mode = Mode.ENFORCE
    on_unknown: Act = Act.HOLD
    exempt: frozenset[MessageClass] = frozenset()


def needs(settings: Settings) -> Mapping[Need, Reach]:  # noqa: ARG001 - every policy is asked alike
    """Return the traffic and the signals about what a message speaks of."""
    reach = Reach(_BACK, of_labelled="about")
    return {Need.TRAFFIC: reach, Need.SIGNALS: reach}


def judge(facts: Facts, settings: Settings) -> Verdict:
    """Return ``cancel`` when something newer is known about what the message speaks of."""
    about = facts.labels.about
    unread = _unread(facts)
    if unread is not None and settings.on_unknown is not Act.ALLOW:
        told = {"unread": unread, "on_unknown": settings.on_unknown}
        return Verdict(settings.on_unknown, NAME, f"its label {unread!r} cannot be read", _told(facts) | told)
    if about is None:
        return Verdict(Act.ALLOW, NAME, "it bears no label 'about'")
    later = max((each for each in facts.traffic if _is_later(each, facts)), key=_height, default=None)
    if later is not None:
        return _overtaken(later, facts)
    said = [signal for signal in facts.signals if _concerns(signal, facts)]
    newer = max((signal for signal in said if _is_newer(signal, facts)), key=_weight, default=None)
    if newer is not None:
        return _changed(newer, facts)
    # What was no more may have come to be again since.
    if said and said[-1].revision is None and said[-1].at > facts.scheduled_at:
        return _gone(said[-1], facts)
    return Verdict(Act.ALLOW, NAME, f"nothing newer is known about {about}", _told(facts))


def _unread(facts: Facts) -> str | None:
    """Return the label that cannot be read; a revision of nothing is somebody's own tag."""
    kinds = ("about:",) if facts.labels.about is None else ("about:", "revision:")
    return next((tag for tag in facts.labels.malformed if tag.startswith(kinds)), None)


def _is_later(other: Traffic, facts: Facts) -> bool:
    if other.labels.about != facts.labels.about or other.phone_number not in facts.recipients:
        return False
    mine, its = facts.labels.revision, other.labels.revision
    if mine is None or its is None:
        return other.scheduled_at > facts.scheduled_at
    return its > mine


def _height(other: Traffic) -> tuple[int, float, str]:
    revision = -1 if other.labels.revision is None else other.labels.revision
    return revision, other.scheduled_at.timestamp(), other.message_id


def _concerns(signal: Signal, facts: Facts) -> bool:
    return (
        signal.kind is SignalKind.REVISION
        and signal.value == facts.labels.about
        and (signal.phone_number is None or signal.phone_number in facts.recipients)
    )


def _is_newer(signal: Signal, facts: Facts) -> bool:
    """Return True for a later revision; what bears none tells the state of when it was scheduled."""
    if signal.revision is None:
        return False
    if facts.labels.revision is None:
        return signal.at > facts.scheduled_at
    return signal.revision > facts.labels.revision


def _weight(signal: Signal) -> tuple[int, float, str]:
    return signal.revision or 0, signal.at.timestamp(), signal.id


def _overtaken(later: Traffic, facts: Facts) -> Verdict:
    as_revision = "" if later.labels.revision is None else f" as revision {later.labels.revision}"
    return Verdict(
        Act.CANCEL,
        NAME,
        f"message {later.message_id} to {later.phone_number} tells of {facts.labels.about} anew{as_revision}; it was "
        f"scheduled at {later.scheduled_at:%Y-%m-%d %H:%M:%S} UTC",
        _told(facts)
        | {
            "by": later.message_id,
            "by_revision": later.labels.revision,
            "by_scheduled_at": later.scheduled_at.isoformat(),
            "progress": later.progress,
        },
        since=later.scheduled_at,
    )


def _changed(signal: Signal, facts: Facts) -> Verdict:
    told = "" if facts.labels.revision is None else f"; the message tells revision {facts.labels.revision}"
    return Verdict(
        Act.CANCEL,
        NAME,
        f"{facts.labels.about} was changed to revision {signal.revision} at {signal.at:%Y-%m-%d %H:%M:%S} UTC{told}",
        _told(facts) | {"signal": signal.id, "signal_revision": signal.revision, "at": signal.at.isoformat()},
        event_id=signal.id,
        since=signal.at,
    )


def _gone(signal: Signal, facts: Facts) -> Verdict:
    return Verdict(
        Act.CANCEL,
        NAME,
        f"{facts.labels.about} is no more since {signal.at:%Y-%m-%d %H:%M:%S} UTC",
        _told(facts) | {"signal": signal.id, "signal_revision": None, "at": signal.at.isoformat()},
        event_id=signal.id,
        since=signal.at,
    )


def _told(facts: Facts) -> dict[str, object]:
    return {
        "about": facts.labels.about,
        "revision": facts.labels.revision,
        "scheduled_at": facts.scheduled_at.isoformat(),
    }
