"""Reports as the ledger takes them, for tests that start behind the schemas."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta

from core.campaigns import CarrierState
from core.policies.catalogue import rules
from core.reports import Addressee, CampaignReport, InboundReport, MessageReport
from ledger.absorbing import Heard
from ledger.registering import Registration

NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)
ALICE, BOB, CAROL = "+15557650101", "+15557650102", "+15557650103"
OURS = "+15557650900"
PROFILE = "4001a7b2-0000-4000-8000-000000000001"
RULES = rules()


def follow():
    """The rules as whoever lives longer than a transaction asks for them."""
    return RULES


def message_id(number: int = 1) -> str:
    return f"0d3c0f5a-0000-4000-8000-{number:012d}"


def scheduled(
    number: int = 1, *, to: tuple[str, ...] = (ALICE,), send_at: datetime | None = None, **more
) -> MessageReport:
    """What Telnyx answers to a request to schedule a message."""
    told = {
        "message_id": message_id(number),
        "source_id": f"registration:{message_id(number)}",
        "source": "registration",
        "occurred_at": NOW,
        "direction": "outbound",
        "from_number": OURS,
        "messaging_profile_id": PROFILE,
        "addressees": tuple(Addressee(phone_number, "scheduled") for phone_number in to),
        "send_at": send_at or NOW + timedelta(hours=3),
        "details": {"text": "Spring sale", "received_at": NOW.isoformat()},
    }
    return MessageReport(**{**told, **more})


def registration(number: int = 1, *, campaign_key: str | None = None, **more) -> Registration:
    return Registration(scheduled(number, **more), campaign_key=campaign_key)


def status(
    number: int = 1,
    word: str = "sent",
    *,
    to: tuple[str, ...] = (ALICE,),
    minute: int = 0,
    event_id: str | None = None,
    waited: timedelta | None = None,
    **details,
) -> MessageReport:
    """A status webhook of a message, that had ``waited`` at Telnyx before it was sent, if that is told."""
    final = word not in {"queued", "sending", "sent"}
    occurred_at = NOW + timedelta(minutes=minute)
    if waited is not None:
        details |= {"received_at": (occurred_at - waited).isoformat(), "sent_at": occurred_at.isoformat()}
    return MessageReport(
        message_id=message_id(number),
        source_id=event_id or str(uuid.uuid4()),
        source="message.finalized" if final else "message.sent",
        occurred_at=occurred_at,
        direction="outbound",
        from_number=OURS,
        messaging_profile_id=PROFILE,
        addressees=tuple(Addressee(phone_number, word, carrier="TELNYX LLC", errors=()) for phone_number in to),
        final=final,
        details={"text": "Spring sale", "parts": 1, **details},
    )


def text(
    words: str, *, sender: str = ALICE, minute: int = 0, profile: str | None = PROFILE, event_id: str | None = None
) -> InboundReport:
    """A text that somebody sends us."""
    event_id = event_id or str(uuid.uuid4())
    message = MessageReport(
        message_id=str(uuid.uuid5(uuid.NAMESPACE_OID, event_id)),
        source_id=event_id,
        source="message.received",
        occurred_at=NOW + timedelta(minutes=minute),
        direction="inbound",
        from_number=sender,
        messaging_profile_id=profile,
        addressees=(Addressee(OURS, "webhook_delivered"),),
        details={"text": words},
    )
    return InboundReport(message, words, None)


def carriers_say(
    state: CarrierState | None,
    *,
    campaign_id: str = "CSPRING",
    minute: int = 0,
    telnyx_campaign_id: str | None = None,
    event_id: str | None = None,
) -> CampaignReport:
    """A 10DLC event of a campaign."""
    return CampaignReport(
        source_id=event_id or str(uuid.uuid4()),
        occurred_at=NOW + timedelta(minutes=minute),
        campaign_id=campaign_id,
        state=state,
        telnyx_campaign_id=telnyx_campaign_id,
        tcr_campaign_id="CSPRING",
    )


def heard(*reports, received_at: datetime = NOW) -> list[Heard]:
    return [Heard(report, received_at) for report in reports]
