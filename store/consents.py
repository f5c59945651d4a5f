"""Recipients and what they said about being texted."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from core.consent import SETTLING, Consent, ConsentKind, Language, Tier
from store import upserting
from store.tables import consents, recipients


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


def lock_recipients(connection: sa.Connection, phone_numbers: Collection[str]) -> None:
    """Hold these recipients until the transaction ends, in one order for all.

    Whoever changes consent and whoever registers a message takes this lock
    first; without it an opt-out and a registration can pass each other unseen.
    """
    numbers = sorted(phone_numbers)
    added = upserting.insert_new(
        connection, recipients, [{"phone_number": number} for number in numbers], [recipients.c.phone_number]
    )
    # What was added now is ours, and on SQLite everything is.
    if len(added) < len(numbers) and connection.dialect.name == "postgresql":
        for part in upserting.parts(numbers):
            connection.execute(_LOCK, {"numbers": part})


def add(connection: sa.Connection, words: Sequence[HeardConsent]) -> set[str]:
    """Keep words, each event's once; return the events whose words were not held before."""
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
    return set(fresh)


def held_event_ids(connection: sa.Connection, event_ids: Sequence[str]) -> set[str]:
    """Return which of these events have given a word already."""
    held: set[str] = set()
    for part in upserting.parts(event_ids):
        held |= set(connection.scalars(sa.select(consents.c.event_id).where(consents.c.event_id.in_(part))))
    return held


def of(connection: sa.Connection, phone_numbers: Collection[str]) -> dict[str, list[Consent]]:
    """Return the history of each of these recipients."""
    found: dict[str, list[Consent]] = {}
    for row in _rows(connection, phone_numbers):
        found.setdefault(row.word.phone_number, []).append(row.word)
    return found


def heard_from(connection: sa.Connection, phone_numbers: Collection[str]) -> dict[str, list[HeardConsent]]:
    """Return the history of each of these recipients, with its times."""
    found: dict[str, list[HeardConsent]] = {}
    for row in _rows(connection, phone_numbers):
        found.setdefault(row.word.phone_number, []).append(row)
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
