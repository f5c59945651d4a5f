"""Hear what recipients say about being texted: in their own texts, or through a message that Telnyx refused for it.

What is heard does not depend on any setting; see the policy ``opt_out`` for what is done about it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from core import blocking, consent, numbers, replies, wording
from core.consent import Consent, ConsentKind, Tier
from core.reports import Addressee, InboundReport, MessageReport, Report
from core.statuses import Status
from ledger.gathering.traffic import when
from store import consents, traffic
from store.consents import HeardConsent
from store.intents import IntentRow
from store.traffic import TrafficRow

#: The tiers of what was said in answer to some message.
_ANSWERS = frozenset({Tier.KEYWORD, Tier.PHRASE, Tier.DOUBTFUL})
#: What comes longer after a message is not taken for the answer to it.
_ANSWERED_WITHIN = timedelta(days=30)
#: Nothing is scheduled further ahead.
_AHEAD = timedelta(days=6)


def words_in(report: Report, *, received_at: datetime, source: str) -> list[HeardConsent]:
    """Return what an event says about consent: an inbound text's word, or the refusals that Telnyx tells of."""
    if isinstance(report, InboundReport):
        said = _said(report, received_at, source)
        return [said] if said else []
    return _evidence(report, received_at, source) if isinstance(report, MessageReport) else []


def words_in_refusal(
    connection: sa.Connection, request: IntentRow, errors: Sequence[dict[str, Any]], *, now: datetime
) -> list[HeardConsent]:
    """Return what Telnyx tells of consent by declining a request to send to one person.

    When the request does not name the messaging profile, other messages from the same number to them tell it.
    """
    if len(request.recipients) != 1:
        return []
    declined = MessageReport(
        message_id="",
        source_id=f"request:{request.id}",
        source="answer",
        occurred_at=now,
        direction="outbound",
        from_number=request.from_number,
        messaging_profile_id=request.messaging_profile_id,
        addressees=(Addressee(request.recipients[0], Status.SENDING_FAILED, errors=tuple(errors)),),
    )
    words = _evidence(declined, now, "telnyx_api")
    if not words or declined.messaging_profile_id is not None:
        return words
    sent = traffic.to(connection, request.recipients, since=now - _ANSWERED_WITHIN, until=now + _AHEAD)
    profiles = (row.messaging_profile_id for row in sent if row.from_number == request.from_number)
    profile = next((each for each in profiles if each is not None), None)
    return [replace(each, word=replace(each.word, messaging_profile_id=profile)) for each in words]


def keep(connection: sa.Connection, words: Sequence[HeardConsent]) -> set[str]:
    """Keep words, each event's once, with the campaign that each was the answer to as far as is known by now.

    Return the events whose words were not held before.
    """
    answers = [heard.word for heard in words if heard.word.tier in _ANSWERS]
    campaigns = _answered(connection, answers) if answers else {}
    return consents.add(connection, [replace(each, campaign_key=campaigns.get(each.word.event_id)) for each in words])


def _answered(connection: sa.Connection, words: Sequence[Consent]) -> dict[str, str | None]:
    """Return, by event, the campaign of the latest message to the speaker before the word, from the same profile."""
    times = [word.effective_at for word in words]
    sent: dict[str, list[TrafficRow]] = {}
    since = min(times) - _ANSWERED_WITHIN
    for row in traffic.to(connection, {word.phone_number for word in words}, since=since, until=max(times)):
        sent.setdefault(row.phone_number, []).append(row)
    found: dict[str, str | None] = {}
    for word in words:
        before = [row for row in sent.get(word.phone_number, ()) if _is_before(row, word)]
        if before:
            answered = max(before, key=lambda row: (when(row), row.message_id))
            # As for outcomes: of what was sent past the doors only the carriers' name of the campaign is known.
            found[word.event_id] = answered.campaign_key or answered.tcr_campaign_id
    return found


def _is_before(row: TrafficRow, word: Consent) -> bool:
    is_of_profile = word.messaging_profile_id in {None, row.messaging_profile_id}
    return is_of_profile and word.effective_at - _ANSWERED_WITHIN <= when(row) <= word.effective_at


def _said(report: InboundReport, received_at: datetime, source: str) -> HeardConsent | None:
    message = report.message
    reading = wording.read(report.text, report.autoresponse_type)
    if reading is None or message.from_number is None or not numbers.is_sender(message.from_number):
        return None
    if reading.kind is ConsentKind.DOUBT and replies.is_automatic(report.text or ""):
        return None
    word = Consent(
        phone_number=message.from_number,
        kind=reading.kind,
        effective_at=consent.effective_at(reading.kind, message.occurred_at, received_at),
        messaging_profile_id=message.messaging_profile_id,
        event_id=message.source_id,
        source=source,
        evidence=(report.text or report.autoresponse_type or "").strip(),
        tier=reading.tier,
        languages=reading.languages,
    )
    return HeardConsent(word, occurred_at=message.occurred_at, received_at=received_at)


def _evidence(report: MessageReport, received_at: datetime, source: str) -> list[HeardConsent]:
    """Return a refusal for everybody whom Telnyx keeps from being texted by this profile.

    It counts from the event, and never from later than we heard it: an opt-in that follows has to lift it.
    """
    blocked = {number: told for number, told in blocking.blocked(report).items() if numbers.is_sender(number)}
    return [
        HeardConsent(
            Consent(
                phone_number=number,
                kind=ConsentKind.OPT_OUT,
                effective_at=min(report.occurred_at, received_at),
                messaging_profile_id=report.messaging_profile_id,
                # An event has one word; of a group's event each further one bears the number too.
                event_id=report.source_id if place == 0 else f"{report.source_id}#{number}",
                source=source,
                evidence=told,
                tier=Tier.EVIDENCE,
            ),
            occurred_at=report.occurred_at,
            received_at=received_at,
        )
        for place, (number, told) in enumerate(sorted(blocked.items()))
    ]
