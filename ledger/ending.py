"""Record how messages ended for their recipients, as the merged reports tell: the same for any order of the reports."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any

import sqlalchemy as sa

from core import failures, merging
from core.facts import Ending
from core.statuses import RANK_OF_UNCONFIRMED, Status
from store import outcomes
from store.messages import MessageRow, RecipientRow
from store.outcomes import OutcomeRow

_ENDINGS: Mapping[str, Ending] = {
    Status.DELIVERED: Ending.DELIVERED,
    Status.READ: Ending.DELIVERED,
    Status.SENDING_FAILED: Ending.FAILED,
    Status.DELIVERY_FAILED: Ending.FAILED,
    Status.EXPIRED: Ending.FAILED,
}
_LONGEST_CURRENCY = 8
#: More than any column of ours holds, and than any message costs.
_LARGEST_AMOUNT = Decimal(10**12)
_MOST_PARTS = 2**31


def note(
    connection: sa.Connection,
    rows: Mapping[str, MessageRow],
    recipients: Mapping[str, Sequence[RecipientRow]],
    *,
    now: datetime,
) -> None:
    """Write how each of these messages, which must be held under lock, ended for those for whom it has."""
    outcomes.upsert(
        connection,
        [
            _outcome(row, recipient, len(recipients[row.id]), now)
            for row in rows.values()
            if row.direction == "outbound"
            for recipient in recipients.get(row.id, ())
            if merging.rank_in(recipient.stamp) >= RANK_OF_UNCONFIRMED
        ],
    )


def of(status: str) -> Ending:
    """Return how a message ended whose last status this is; a word that is not known confirms nothing."""
    return _ENDINGS.get(status, Ending.UNCONFIRMED)


def _outcome(row: MessageRow, recipient: RecipientRow, recipients: int, now: datetime) -> OutcomeRow:
    ended = of(recipient.status)
    told = merging.values(row.fields)
    code, title = (None, None)
    if ended is not Ending.DELIVERED:
        # Not the message's errors: in a group they may be another's, and each recipient has its own share of them.
        code, title = failures.speaking(merging.values(recipient.fields).get("errors") or ())
    amount, currency = _cost(told.get("cost"))
    parts = told.get("parts")
    return OutcomeRow(
        message_id=row.id,
        phone_number=recipient.phone_number,
        from_number=row.from_number,
        messaging_profile_id=row.messaging_profile_id,
        campaign_key=row.campaign_key or row.tcr_campaign_id,
        ending=ended,
        code=code,
        title=title,
        at=_ended_at(recipient, told.get("completed_at") if recipients == 1 else None),
        event_id=merging.source_in(recipient.stamp),
        parts=parts if isinstance(parts, int) and parts < _MOST_PARTS else None,
        amount=amount,
        currency=currency,
        recorded_at=now,
    )


def _ended_at(recipient: RecipientRow, completed_at: str | None) -> datetime:
    """Return when Telnyx says that it ended, which may be long before we were told; never later than that."""
    told_at = merging.time_in(recipient.stamp)
    return min(datetime.fromisoformat(completed_at), told_at) if completed_at else told_at


def _cost(told: Mapping[str, Any] | None) -> tuple[Decimal | None, str | None]:
    """Return what the whole message cost, when it is an amount that can be added up."""
    if not told:
        return None, None
    try:
        amount = Decimal(told["amount"])
    except InvalidOperation:
        return None, None
    currency = told.get("currency")
    if not amount.is_finite() or abs(amount) >= _LARGEST_AMOUNT or len(currency or "") > _LONGEST_CURRENCY:
        return None, None
    return amount, currency
