"""Record what recipients say about being texted, and decide again on what is scheduled for them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from core.consent import Consent, ConsentKind, ConsentScope, standing_opt_out
from core.deciding import Decision, Rules
from core.facts import Person
from ledger import deciding, meeting, showing
from ledger.deciding import Cause
from store import consents, holds, intents, messages, people
from store.consents import HeardConsent

#: What keeps a recipient from being texted, whatever may be on its way to them.
_REFUSING = {ConsentKind.OPT_OUT, ConsentKind.LISTED}
#: Of requests that led to no message; each can be asked for by its id.
_MOST_SHOWN = 50


def opt_out(
    connection: sa.Connection,
    phone_number: str,
    rules: Rules,
    *,
    cause: str,
    messaging_profile_id: str | None,
    reason: str | None,
    now: datetime,
) -> dict[str, Decision]:
    """Record an opt-out that came by API, and return the decisions on what is scheduled for the recipient.

    ``cause`` names the request, as an event id names an event; the same cause is recorded once.
    """
    word = Consent(
        phone_number=phone_number,
        kind=ConsentKind.OPT_OUT,
        effective_at=now,
        messaging_profile_id=messaging_profile_id,
        event_id=cause,
        source="api",
        evidence=reason,
    )
    return hear(connection, [HeardConsent(word, occurred_at=now, received_at=now)], rules, now=now)


def hear(
    connection: sa.Connection, told: Sequence[HeardConsent], rules: Rules, *, now: datetime
) -> dict[str, Decision]:
    """Record words that no event brought, once, at most one about each recipient, and decide on what is scheduled."""
    heard = {each.word.phone_number: each for each in told}
    # The first of all locks: close to its deadline a message is decided on for the last time.
    holds.keep(connection)
    consents.lock_recipients(connection, heard)
    consents.add(connection, told)
    refusing = {number for number, each in heard.items() if each.word.kind in _REFUSING}
    if refusing:
        meeting.raise_alarm(connection, refusing, rules, now=now)
    pending = messages.pending_to(connection, heard)
    held = messages.lock(connection, pending)
    causes = {of: _cause(heard[pending[of]]) for of in held}
    return deciding.decide_on(connection, held.values(), rules, trigger="consent", causes=causes, now=now)


def _cause(heard: HeardConsent) -> Cause:
    return Cause(heard.word.event_id, heard.received_at)


def shown(connection: sa.Connection, phone_number: str) -> dict[str, Any]:
    """Show whether a recipient has opted out, where they are, and what is pending or came to nothing."""
    history = consents.history(connection, phone_number)
    standing = standing_opt_out([row.word for row in history], messaging_profile_id=None, scope=ConsentScope.ALL)
    place = people.of(connection, {phone_number}).get(phone_number, Person(phone_number))
    return {
        "phone_number": phone_number,
        "time_zone": place.time_zone,
        "region": place.region,
        "opted_out": standing is not None,
        "consent": [showing.consent(row) for row in history],
        "pending": messages.count_pending_to(connection, phone_number),
        "requests_without_message": [
            showing.request(row) for row in intents.without_message_to(connection, phone_number, limit=_MOST_SHOWN)
        ],
    }
