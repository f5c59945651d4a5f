"""Recipients and what they said about being texted."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from core.consent import SETTLING, Consent, ConsentKind, Language, Tier
from store import upserting
from store.tables import BY_ID, consents, message_recipients, messages, recipients


@dataclass(frozen=True, slots=True)
class HeardConsent:
    """One word of a recipient, and when it was said and heard."""

    word: Consent
    occurred_at: datetime
    received_at: datetime
    campaign_key: str | None = None
    """The campaign whose message it was the answer to; None when that is not known, or it was no answer."""
    seq: int = 0
    """Its place among all words; 0 for one that is not kept yet."""


#: What comes longer after a message is not taken for the answer to it.
_ANSWERED_WITHIN = timedelta(days=30)

#: Made once: to make a statement takes longer than to run it.
_NUMBERS: sa.BindParameter[str] = sa.bindparam("numbers", expanding=True)
_LOCK = (
    sa.select(recipients.c.phone_number)
    .where(recipients.c.phone_number.in_(_NUMBERS))
    .order_by(recipients.c.phone_number)
    .with_for_update()
)
_WORDS = (
    sa.select(consents)
    .where(consents.c.phone_number.in_(_NUMBERS))
    .order_by(consents.c.effective_at, consents.c.event_id)
)
_SENT_AT = sa.func.coalesce(messages.c.send_at, messages.c.scheduled_at, messages.c.registered_at)
_SENT_TO = (
    sa.select(
        message_recipients.c.phone_number,
        messages.c.messaging_profile_id,
        messages.c.campaign_key,
        sa.type_coerce(_SENT_AT, messages.c.send_at.type).label("at"),
    )
    .join(messages, messages.c.id == message_recipients.c.message_id)
    .where(
        message_recipients.c.phone_number.in_(_NUMBERS),
        message_recipients.c.status != "cancelled",
        messages.c.direction == "outbound",
        _SENT_AT.between(sa.bindparam("since"), sa.bindparam("until")),
    )
    .with_hint(messages, BY_ID, "sqlite")
    .order_by(_SENT_AT, messages.c.id)
)


def lock_recipients(connection: sa.Connection, phone_numbers: Collection[str]) -> None:
    """Hold these recipients until the transaction ends, in one order for all.

    Whoever changes consent and whoever registers a message takes this lock
    first; without it an opt-out and a registration can pass each other unseen.
    """
    numbers = sorted(phone_numbers)
    upserting.insert_missing(connection, recipients, [{"phone_number": number} for number in numbers])
    for part in upserting.parts(numbers):
        connection.execute(_LOCK, {"numbers": part})


def add(connection: sa.Connection, words: Sequence[HeardConsent]) -> None:
    """Keep words, each event's once."""
    held = held_event_ids(connection, [new.word.event_id for new in words])
    fresh = {new.word.event_id: new for new in words if new.word.event_id not in held}
    upserting.insert_missing(
        connection,
        consents,
        [
            {
                "event_id": new.word.event_id,
                "phone_number": new.word.phone_number,
                "messaging_profile_id": new.word.messaging_profile_id,
                "kind": new.word.kind,
                "occurred_at": new.occurred_at,
                "effective_at": new.word.effective_at,
                "source": new.word.source,
                "evidence": new.word.evidence,
                "received_at": new.received_at,
                "tier": new.word.tier,
                "language": ",".join(new.word.languages) or None,
                "campaign_key": new.campaign_key,
            }
            for new in fresh.values()
        ],
    )


def held_event_ids(connection: sa.Connection, event_ids: Sequence[str]) -> set[str]:
    """Return which of these events have given a word already."""
    held: set[str] = set()
    for part in upserting.parts(event_ids):
        held |= set(connection.scalars(sa.select(consents.c.event_id).where(consents.c.event_id.in_(part))))
    return held


def answered_campaigns(connection: sa.Connection, words: Sequence[Consent]) -> dict[str, str]:
    """Return the campaign of the latest message to each speaker before each word, from the profile that was spoken to.

    Told by event; what is of no campaign, or was the answer to no message that is held by now, is left out.
    """
    if not words:
        return {}
    times = [word.effective_at for word in words]
    bounds = {"since": min(times) - _ANSWERED_WITHIN, "until": max(times)}
    sent: dict[str, list[tuple[datetime, str | None, str | None]]] = {}
    for part in upserting.parts(sorted({word.phone_number for word in words})):
        for row in connection.execute(_SENT_TO, {"numbers": part, **bounds}):
            sent.setdefault(row.phone_number, []).append((row.at, row.messaging_profile_id, row.campaign_key))
    found: dict[str, str] = {}
    for word in words:
        before = [
            campaign_key
            for at, profile, campaign_key in sent.get(word.phone_number, ())
            if word.effective_at - _ANSWERED_WITHIN <= at <= word.effective_at
            and word.messaging_profile_id in {None, profile}
        ]
        if before and before[-1]:
            found[word.event_id] = before[-1]
    return found


def of(connection: sa.Connection, phone_numbers: Collection[str]) -> dict[str, list[Consent]]:
    """Return the history of each of these recipients."""
    found: dict[str, list[Consent]] = {}
    for row in _rows(connection, phone_numbers):
        found.setdefault(row.word.phone_number, []).append(row.word)
    return found


def history(connection: sa.Connection, phone_number: str) -> list[HeardConsent]:
    """Return one recipient's history with its times, oldest first."""
    return list(_rows(connection, [phone_number]))


def unsettled(connection: sa.Connection, tier: Tier, *, limit: int, after: int | None = None) -> list[HeardConsent]:
    """Return words of a tier that nobody has settled, newest first; ``after`` is the ``seq`` of the one before.

    Some of them may have been ended by later words; see ``core.consent.open_words``.
    """
    settling = consents.alias("settling")
    settled = sa.select(settling.c.seq).where(settling.c.event_id == sa.literal(SETTLING) + consents.c.event_id)
    query = (
        sa.select(consents)
        .where(consents.c.tier == tier, ~settled.exists())
        .order_by(consents.c.seq.desc())
        .limit(limit)
    )
    if after is not None:
        query = query.where(consents.c.seq < after)
    return [_heard(row) for row in connection.execute(query)]


def _rows(connection: sa.Connection, phone_numbers: Collection[str]) -> Iterable[HeardConsent]:
    for part in upserting.parts(sorted(phone_numbers)):
        for row in connection.execute(_WORDS, {"numbers": part}):
            yield _heard(row)


def _heard(row: sa.Row[Any]) -> HeardConsent:
    word = Consent(
        phone_number=row.phone_number,
        kind=ConsentKind(row.kind),
        effective_at=row.effective_at,
        messaging_profile_id=row.messaging_profile_id,
        event_id=row.event_id,
        source=row.source,
        evidence=row.evidence,
        tier=Tier(row.tier) if row.tier else None,
        languages=tuple(map(Language, row.language.split(","))) if row.language else (),
    )
    return HeardConsent(word, row.occurred_at, row.received_at, row.campaign_key, row.seq)
