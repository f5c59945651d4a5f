"""Cancel what is left of a sequence once its recipient has answered: from then on a person should write to them.

What a phone or a carrier sends by itself is no answer; see ``core.replies``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from core.deciding import Act, Mode, Verdict
from core.facts import Facts, Inbound, MessageClass, Need, Progress, Reach, Traffic
from core.replies import is_reply

NAME = "reply_stops"
PRIORITY = 1
SOURCE = "practice: an automated series of texts, labelled sequence:NAME, ends when its recipient answers"

#: A message of this step, or of an earlier one, begins its sequence.
_FIRST_STEP = 1
_SHOWN = 100


@dataclass(frozen=True, slots=True)
class Settings:
    """Which texts are answers to a sequence."""

    mode: Mode = Mode.ENFORCE
    same_sender: bool = field(
        default=True,
        metadata={"doc": "only what was sent to a number, or else a profile, that the sequence comes from"},
    )
    longest: timedelta = field(
        default=timedelta(days=90),
        metadata={"doc": "what was sent longer before a message belongs to an earlier run of its sequence"},
    )
    exempt: frozenset[MessageClass] = frozenset()


def needs(settings: Settings) -> Mapping[Need, Reach]:
    """Return how far back it looks for earlier messages of the sequence, and for answers."""
    reach = Reach(settings.longest, of_labelled="sequence")
    return {Need.TRAFFIC: reach, Need.INBOUND: reach}


def judge(facts: Facts, settings: Settings) -> Verdict:
    """Return ``cancel`` when a recipient has answered since the sequence began for them."""
    sequence = facts.labels.sequence
    if sequence is None:
        return Verdict(Act.ALLOW, NAME, "the message belongs to no sequence")
    began: dict[str, str] = {}
    for number in facts.recipients:
        run = _run(facts, number, settings.longest)
        if not run:
            continue
        began[number] = run[0].at.isoformat()
        answers = [each for each in facts.inbound if each.phone_number == number and each.at > run[0].at]
        for answer in sorted(answers, key=lambda each: (each.at, each.event_id)):
            if is_reply(answer.text, answer.autoresponse_type) and _is_meant(answer, run, facts, settings):
                return _answered(answer, run[0].at, facts)
    told = f"nobody has answered sequence {sequence}" if began else f"sequence {sequence} begins with this message"
    return Verdict(Act.ALLOW, NAME, told, {"sequence": sequence, "began_at": began})


def _run(facts: Facts, number: str, longest: timedelta) -> Sequence[Traffic]:
    """Return what this recipient was sent of the sequence before, since it last began anew, oldest first."""
    from_then = facts.send_at - longest
    run: list[Traffic] = []
    step = facts.labels.step
    for sent in sorted(facts.traffic, key=_place, reverse=True):
        if step is not None and step <= _FIRST_STEP:
            break
        if not _is_of_sequence(sent, facts, number) or not from_then <= sent.at <= facts.send_at:
            continue
        if step is not None and sent.labels.step is not None and sent.labels.step > step:
            break
        run.insert(0, sent)
        step = sent.labels.step if sent.labels.step is not None else step
    return run


def _place(sent: Traffic) -> tuple[datetime, int, str]:
    return sent.at, sent.labels.step or 0, sent.message_id


def _is_of_sequence(sent: Traffic, facts: Facts, number: str) -> bool:
    return (
        sent.phone_number == number
        and sent.labels.sequence == facts.labels.sequence
        and sent.progress is Progress.SENT
        and sent.message_id != facts.message_id
    )


def _is_meant(answer: Inbound, run: Sequence[Traffic], facts: Facts, settings: Settings) -> bool:
    """Return True when the answer may be to this sequence: what is not known speaks for it."""
    if not settings.same_sender:
        return True
    ours = {facts.from_number, *(sent.from_number for sent in run)} - {None}
    if answer.sent_to and ours:
        return answer.sent_to in ours
    profiles = {answer.messaging_profile_id, facts.messaging_profile_id} - {None}
    return len(profiles) <= 1


def _answered(answer: Inbound, began_at: datetime, facts: Facts) -> Verdict:
    sequence = facts.labels.sequence
    when = answer.at.strftime("%Y-%m-%d %H:%M:%S UTC")
    return Verdict(
        Act.CANCEL,
        NAME,
        f"{answer.phone_number} answered sequence {sequence} at {when}",
        {
            "sequence": sequence,
            "step": facts.labels.step,
            "phone_number": answer.phone_number,
            "began_at": began_at.isoformat(),
            "answered_at": answer.at.isoformat(),
            "sent_to": answer.sent_to,
            "text": answer.text[:_SHOWN] if answer.text else answer.text,
        },
        event_id=answer.event_id,
        since=answer.at,
    )
