"""Cancel what goes to somebody who refused further messages, and hold it while that is in doubt.

An opt-out is a standing order: it governs messages scheduled before it and
after. What was plainly said is acted on at once. A doubtful text keeps the
recipient's messages back until an operator has settled what it meant, or the
recipient says more.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from core.consent import SAME_WORD, Consent, ConsentScope, Language, Tier, open_words, standing_opt_out
from core.deciding import Act, Mode, Verdict
from core.facts import Facts, MessageClass, Need, Progress, Reach

NAME = "opt_out"
#: At equal deadlines opt-outs are cancelled before anything else.
PRIORITY = 0
SOURCE = "47 CFR 64.1200(a)(10)-(12); https://developers.telnyx.com/docs/messaging/messages/advanced-opt-in-out"

#: One text may confirm an opt-out so long after it: 47 CFR 64.1200(a)(12).
CONFIRMED_WITHIN = timedelta(minutes=5)
_SHOWN = 80


class OnPhrase(StrEnum):
    """What is done about a refusal in words that only a person reads so."""

    CANCEL = "cancel"
    HOLD = "hold"
    IGNORE = "ignore"


class OnDoubt(StrEnum):
    """What is done about a text that may be a refusal."""

    HOLD = "hold"
    IGNORE = "ignore"


@dataclass(frozen=True, slots=True)
class Settings:
    """How far an opt-out reaches, what is taken for one, and which classes it spares (by default none)."""

    mode: Mode = Mode.ENFORCE
    scope: ConsentScope = field(
        default=ConsentScope.ALL,
        metadata={"doc": "'all': an opt-out reaches every messaging profile; 'profile': the one it was sent to"},
    )
    phrases: OnPhrase = field(default=OnPhrase.CANCEL, metadata={"doc": "such as 'please stop texting me'"})
    doubtful: OnDoubt = field(default=OnDoubt.HOLD, metadata={"doc": "such as 'please stop by'"})
    languages: tuple[Language, ...] = field(
        default=(Language.ENGLISH,),
        metadata={"doc": "what was said in others alone is kept and not acted on; English always is"},
    )
    exempt: frozenset[MessageClass] = frozenset()


def needs(settings: Settings) -> Mapping[Need, Reach]:
    """Return the other messages around one that may be the text that confirms an opt-out, since it may be but one."""
    if MessageClass.COMPLIANCE in settings.exempt:
        return {}
    return {Need.TRAFFIC: Reach(CONFIRMED_WITHIN + SAME_WORD, of_class=MessageClass.COMPLIANCE)}


def judge(facts: Facts, settings: Settings) -> Verdict:
    """Return ``cancel`` when any recipient's latest word is an opt-out, ``hold`` when it is in doubt."""
    spared: Verdict | None = None
    doubted: Consent | None = None
    for number in facts.recipients if facts.consents else ():
        words = [word for word in facts.consents if word.phone_number == number and _is_read(word, settings)]
        refusal = _refusal(words, facts, settings)
        word = refusal or _doubt(words, facts, settings)
        if word is not None and _may_confirm(facts, word):
            spared = _spared(word)
        elif refusal is not None:
            return _refused(refusal, settings)
        else:
            doubted = doubted or word
    if doubted is not None:
        return _held(doubted, settings)
    heard = {"recipients": list(facts.recipients), "words_heard": len(facts.consents), "scope": settings.scope}
    return spared or Verdict(Act.ALLOW, NAME, "no recipient has opted out", heard)


def _is_read(word: Consent, settings: Settings) -> bool:
    """Return True when a word counts under these settings."""
    if word.tier is Tier.PHRASE and settings.phrases is OnPhrase.IGNORE:
        return False
    if word.tier is Tier.DOUBTFUL and settings.doubtful is OnDoubt.IGNORE:
        return False
    if not word.languages or Language.ENGLISH in word.languages:
        return True
    return any(language in settings.languages for language in word.languages)


def _refusal(words: Sequence[Consent], facts: Facts, settings: Settings) -> Consent | None:
    if settings.phrases is OnPhrase.HOLD:
        words = [word for word in words if word.tier is not Tier.PHRASE]
    return standing_opt_out(words, messaging_profile_id=facts.messaging_profile_id, scope=settings.scope)


def _doubt(words: Sequence[Consent], facts: Facts, settings: Settings) -> Consent | None:
    """Return the latest word that nobody has settled and that is not acted on by itself."""
    asked = open_words(words, Tier.DOUBTFUL)
    if settings.phrases is OnPhrase.HOLD:
        asked += open_words(words, Tier.PHRASE)
    if settings.scope is ConsentScope.PROFILE and facts.messaging_profile_id is not None:
        asked = [word for word in asked if word.messaging_profile_id in {None, facts.messaging_profile_id}]
    return max(asked, key=lambda word: (word.effective_at, word.event_id), default=None)


def _may_confirm(facts: Facts, word: Consent) -> bool:
    """Return True for the first text of class compliance that is asked for after a word and sent soon after it.

    What Telnyx has answered is confirmed, and what it tells of a message that it refused is no request to confirm.
    """
    if facts.message_class is not MessageClass.COMPLIANCE or word.tier is Tier.EVIDENCE or word.is_answered:
        return False
    asked_from = word.effective_at - SAME_WORD
    if facts.scheduled_at < asked_from or facts.send_at > word.effective_at + CONFIRMED_WITHIN:
        return False
    return not any(
        other.message_class is MessageClass.COMPLIANCE
        and other.phone_number == word.phone_number
        and other.progress is not Progress.FAILED
        and asked_from <= other.scheduled_at
        and (other.scheduled_at, other.message_id) < (facts.scheduled_at, facts.message_id)
        for other in facts.traffic
    )


def _spared(word: Consent) -> Verdict:
    until = _when(word.effective_at + CONFIRMED_WITHIN)
    reason = f"it may confirm, once and until {until}, what {word.phone_number} said at {_when(word.effective_at)}"
    return Verdict(Act.ALLOW, NAME, reason, _told(word), event_id=word.event_id)


def _refused(refusal: Consent, settings: Settings) -> Verdict:
    reason = f"{refusal.phone_number} opted out at {_when(refusal.effective_at)}{_quoted(refusal)}"
    told = {"opted_out_at": refusal.effective_at.isoformat(), "scope": settings.scope}
    return Verdict(Act.CANCEL, NAME, reason, {**_told(refusal), **told}, event_id=refusal.event_id)


def _held(doubt: Consent, settings: Settings) -> Verdict:
    reason = f"{doubt.phone_number} may have opted out at {_when(doubt.effective_at)}{_quoted(doubt)}, unsettled"
    told = {"said_at": doubt.effective_at.isoformat(), "scope": settings.scope}
    return Verdict(Act.HOLD, NAME, reason, {**_told(doubt), **told}, event_id=doubt.event_id)


def _told(word: Consent) -> dict[str, object]:
    return {
        "phone_number": word.phone_number,
        "source": word.source,
        "messaging_profile_id": word.messaging_profile_id,
        "evidence": word.evidence,
        "tier": word.tier,
        "languages": list(word.languages),
    }


def _quoted(word: Consent) -> str:
    said = " ".join((word.evidence or "").split())
    if not said:
        return ""
    return f" ({said})" if len(said) <= _SHOWN else f" ({said[:_SHOWN]}…)"


def _when(at: datetime) -> str:
    return at.strftime("%Y-%m-%d %H:%M:%S UTC")
