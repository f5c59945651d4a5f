"""Texts that may be opt-outs: which of them wait for an operator, and what an operator says they meant."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from core.consent import UNCERTAIN, Consent, ConsentKind, Meaning, Tier, open_words, settlement_of
from core.deciding import Decision, Rules
from core.errors import NotFound, RequestInvalid
from ledger import consenting, showing
from store import consents, holds, messages
from store.consents import HeardConsent

_MEANT = {Meaning.OPT_OUT: ConsentKind.OPT_OUT, Meaning.NOTHING: ConsentKind.DISMISSED}
#: So many are looked through at a time: most have been settled, or were ended by what was said since.
_LOOKED_AT = 500


def settle(
    connection: sa.Connection,
    phone_number: str,
    event_id: str,
    rules: Rules,
    *,
    meaning: Meaning,
    reason: str,
    by: str,
    now: datetime,
) -> dict[str, Decision]:
    """Record what an uncertain text meant, once, and return the decisions on what is scheduled for the recipient.

    One that meant an opt-out counts from when it was said, so that an opt-in since then lifts it. ``by`` is the way
    the operator's word came. Raises NotFound, and RequestInvalid for what is not uncertain, or settled otherwise.
    """
    # The first of all locks, as in ``consenting.hear``.
    holds.keep(connection)
    consents.lock_recipients(connection, {phone_number})
    history = {row.word.event_id: row for row in consents.history(connection, phone_number)}
    said = history.get(event_id)
    if said is None:
        raise NotFound(f"{phone_number} has said nothing under {event_id!r}; `rescind consent doubts` lists what waits")
    if said.word.tier not in UNCERTAIN:
        raise RequestInvalid(f"what {phone_number} said there leaves no doubt: only they can take it back, by START")
    before = history.get(settlement_of(event_id))
    if before is not None and before.word.kind is not _MEANT[meaning]:
        raise RequestInvalid(
            f"it is settled already, as {before.word.kind} ({before.word.evidence}); to opt somebody out all the same,"
            " record an opt-out"
        )
    return consenting.hear(connection, [_settlement(said, meaning, reason, by, now)], rules, now=now)


def _settlement(said: HeardConsent, meaning: Meaning, reason: str, by: str, now: datetime) -> HeardConsent:
    is_opt_out = meaning is Meaning.OPT_OUT
    word = Consent(
        phone_number=said.word.phone_number,
        kind=_MEANT[meaning],
        effective_at=said.word.effective_at if is_opt_out else now,
        messaging_profile_id=said.word.messaging_profile_id,
        event_id=settlement_of(said.word.event_id),
        source=by,
        evidence=reason,
    )
    return HeardConsent(word, occurred_at=said.occurred_at if is_opt_out else now, received_at=now)


def waiting(connection: sa.Connection, tier: Tier, *, limit: int, after: int | None = None) -> list[HeardConsent]:
    """Return the words of an uncertain tier that nobody has settled, newest first; ``after`` is a ``seq``."""
    found: list[HeardConsent] = []
    while len(found) < limit:
        rows = consents.unsettled(connection, tier, limit=_LOOKED_AT, after=after)
        histories = consents.of(connection, {row.word.phone_number for row in rows})
        open_ids = {word.event_id for history in histories.values() for word in open_words(history, tier)}
        found += [row for row in rows if row.word.event_id in open_ids]
        if len(rows) < _LOOKED_AT:
            break
        after = rows[-1].seq
    return found[:limit]


def shown(connection: sa.Connection, rows: Sequence[HeardConsent]) -> list[dict[str, Any]]:
    """Show words that wait, each with how many pending messages to the recipient wait with it."""
    pending = Counter(messages.pending_to(connection, {row.word.phone_number for row in rows}).values())
    return [
        {
            "phone_number": row.word.phone_number,
            **showing.consent(row),
            "pending": pending[row.word.phone_number],
        }
        for row in rows
    ]
