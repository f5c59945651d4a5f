"""Cancel what goes to somebody who refused further messages.

An opt-out is a standing order: it governs messages scheduled before it and after.
"""

from __future__ import annotations

from dataclasses import dataclass

from core.consent import Consent, ConsentScope, standing_opt_out
from core.deciding import Act, Mode, Verdict
from core.facts import Facts, MessageClass

NAME = "opt_out"
#: At equal deadlines opt-outs are cancelled before anything else.
PRIORITY = 0
SOURCE = "47 CFR 64.1200(a)(10); https://developers.telnyx.com/docs/messaging/messages/advanced-opt-in-out"


@dataclass(frozen=True, slots=True)
class Settings:
    """How far an opt-out reaches, and which classes it spares (by default none)."""

    mode: Mode = Mode.ENFORCE
    scope: ConsentScope = ConsentScope.ALL
    exempt: frozenset[MessageClass] = frozenset()


def judge(facts: Facts, settings: Settings) -> Verdict:
    """Return ``cancel`` when any recipient's latest word is an opt-out."""
    for number in facts.recipients:
        refusal = standing_opt_out(
            [word for word in facts.consents if word.phone_number == number],
            messaging_profile_id=facts.messaging_profile_id,
            scope=settings.scope,
        )
        if refusal is not None:
            return _refused(refusal, settings)
    heard = {"recipients": list(facts.recipients), "words_heard": len(facts.consents), "scope": settings.scope}
    return Verdict(Act.ALLOW, NAME, "no recipient has opted out", heard)


def _refused(refusal: Consent, settings: Settings) -> Verdict:
    said = f" ({refusal.evidence})" if refusal.evidence else ""
    when = refusal.effective_at.strftime("%Y-%m-%d %H:%M:%S UTC")
    return Verdict(
        Act.CANCEL,
        NAME,
        f"{refusal.phone_number} opted out at {when}{said}",
        {
            "phone_number": refusal.phone_number,
            "opted_out_at": refusal.effective_at.isoformat(),
            "source": refusal.source,
            "messaging_profile_id": refusal.messaging_profile_id,
            "evidence": refusal.evidence,
            "scope": settings.scope,
        },
        event_id=refusal.event_id,
    )
