"""Tell what would have changed the outcome of one message: by its verdicts asked again, one or the other left out."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from core.deadlines import deadline, last_look
from core.deciding import Act, Mode, Rule, Verdict, combine
from core.outcomes import BreachCause
from core.policies import hold

Said = tuple[Mode, Verdict]

_DONE = {Act.CANCEL: "cancelled", Act.HOLD: "held"}
_SECOND = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class Judged:
    """One decision, as far as what would have changed it goes."""

    verdicts: tuple[Said, ...]
    """What each policy said, in the order in which they were asked."""
    send_at: datetime
    is_last: bool = False
    """Nothing would have been decided after it: what is held is cancelled."""
    is_open: bool = False
    """The message may still go either way."""


@dataclass(frozen=True, slots=True)
class Late:
    """A message that should have been cancelled and was not."""

    cause: BreachCause
    send_at: datetime
    known_at: datetime | None = None
    """When the reason to cancel it reached us."""
    registered_at: datetime | None = None


def of_decision(judged: Judged) -> list[str]:
    """Return what would have changed a decision, a line each; never none."""
    verdicts = judged.verdicts
    stands = _outcome(verdicts, is_last=judged.is_last)
    lines = [_allowed(judged)] if stands is Act.ALLOW else [_objected(judged, stands)]
    if stands is Act.HOLD or (judged.is_last and _outcome(verdicts, is_last=False) is Act.HOLD):
        lines.append(_lifted(judged))
    for mode, verdict in verdicts:
        if mode is Mode.SHADOW:
            then = _outcome(_enforced(verdicts, verdict.policy), is_last=judged.is_last)
            if then is not stands:
                would = "would have" if not judged.is_open else "would now have"
                lines.append(f"enforcing {verdict.policy} {would} {_DONE[then]} it")
    return lines


def of_breach(late: Late) -> list[str]:
    """Return what would have cancelled a message in time, a line each; never none."""
    wall = deadline(late.send_at)
    by = _at(wall)
    match late.cause:
        case BreachCause.INSIDE_WALL:
            return [f"known {_earlier(late.known_at, wall)}by {by}, it could have been cancelled"]
        case BreachCause.REGISTERED_TOO_LATE:
            return [f"registered {_earlier(late.registered_at, wall)}by {by}, it could have been cancelled"]
        case BreachCause.WORKER_LATE:
            return [f"asked of Telnyx by {by}, the cancellation could have been in time{_had(late.known_at, wall)}"]
        case BreachCause.TELNYX_UNAVAILABLE:
            return [f"had Telnyx answered by {by}, it could have been cancelled{_had(late.known_at, wall)}"]
        case BreachCause.REFUSED:
            return [f"had Telnyx not refused before {by}, it would have been cancelled"]
        case BreachCause.UNKNOWN_MESSAGE:
            return ["registered by an id that Telnyx knows in this account, it could have been cancelled"]
        case BreachCause.LEFT_EARLY:
            return [f"had Telnyx kept it until {_at(late.send_at)}, there would have been time to cancel it"]
        case BreachCause.SENT_AFTER_CANCEL:
            return ["nothing here: Telnyx confirmed the cancellation and sent the message all the same"]


def _outcome(verdicts: Sequence[Said], *, is_last: bool) -> Act:
    """Return what verdicts come to, by the very function that decisions are made by."""
    return combine([(_rule(mode, verdict), verdict) for mode, verdict in verdicts], is_last=is_last)[0].verdict


def _rule(mode: Mode, verdict: Verdict) -> Rule:
    return Rule(verdict.policy, mode, lambda _: verdict)


def _without(verdicts: Sequence[Said], policies: Collection[str]) -> list[Said]:
    return [(mode, verdict) for mode, verdict in verdicts if verdict.policy not in policies]


def _enforced(verdicts: Sequence[Said], policy: str) -> list[Said]:
    return [(Mode.ENFORCE if verdict.policy == policy else mode, verdict) for mode, verdict in verdicts]


def _allowed(judged: Judged) -> str:
    by = _at(deadline(judged.send_at))
    if judged.is_open:
        return f"no policy that is enforced objects; one that does by {by} can still keep it"
    return f"no policy that is enforced objected; one would have had to, by {by}"


def _objected(judged: Judged, stands: Act) -> str:
    """Say which verdicts brought about what stands, and what would be without all of them."""
    every = judged.verdicts
    by = [said[1].policy for said in every if _outcome([said], is_last=judged.is_last) is stands]
    rest = _without(every, by)
    then = _outcome(rest, is_last=judged.is_last)
    if then is Act.ALLOW:
        remains = "it would be free to go" if judged.is_open else "it would have been released"
    else:
        holders = [said[1].policy for said in rest if _outcome([said], is_last=judged.is_last) is then]
        remains = f"{_and(holders)} would {'have' if judged.is_open else 'still have'} {_DONE[then]} it"
    if len(by) == 1:
        return f"without {by[0]} {remains}"
    all_of = "both" if len(by) == 2 else "all"  # noqa: PLR2004 - two are both
    told = f"{len(by)} policies {_DONE[stands]}: {_and(by)}; {all_of} would have had to allow"
    return told if then is Act.ALLOW else f"{told}, and even then {remains}"


def _lifted(judged: Judged) -> str:
    """Say until when what only holds could have stopped objecting."""
    holding = [verdict.policy for mode, verdict in judged.verdicts if mode is Mode.ENFORCE and verdict.act is Act.HOLD]
    before = _at(last_look(judged.send_at))
    goes = "it would go out" if judged.is_open else "it would have gone out"
    if holding == [hold.NAME]:
        return f"lifted before {before} {goes}"
    return f"had {_and(holding)} allowed it before {before} {goes}"


def _earlier(came: datetime | None, wall: datetime) -> str:
    return f"{(came - wall) // _SECOND + 1} s earlier, " if came is not None and came >= wall else ""


def _had(known_at: datetime | None, wall: datetime) -> str:
    return f"; the reason was known {(wall - known_at) // _SECOND} s before" if known_at and known_at < wall else ""


def _and(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def _at(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
