"""Decide again on pending messages: on order, when time alone may have changed the verdict, and for the last time.

An order may concern hundreds of thousands of messages. It is carried out in
batches, each a transaction of its own, the earliest deadline first.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

import sqlalchemy as sa

from core.deadlines import last_look
from core.deciding import Rule
from core.scopes import Scope
from ledger import campaigning, deciding
from ledger.deciding import Cause
from store import due, messages, reviews
from store.due import Place
from store.reviews import Review


def review(connection: sa.Connection, rules: Sequence[Rule], *, now: datetime, limit: int) -> int | None:
    """Decide on the next messages of an unfinished review; return how many, or None when there is none."""
    order = reviews.claim(connection)
    if order is None:
        return None
    found = _concerned(connection, order, limit)
    held = messages.lock(connection, {place.message_id for place in found})
    cause = Cause(order.event_id, order.requested_at, order.acts)
    decided = deciding.decide_on(
        connection, held.values(), rules, trigger=order.scope, causes=dict.fromkeys(held, cause), now=now
    )
    if len(found) < limit:
        reviews.finish(connection, order, now=now)
    else:
        reviews.advance(connection, order, after=(found[-1].send_at, found[-1].seq))
    return len(decided)


def review_timed(
    connection: sa.Connection, at: Mapping[str, datetime], rules: Sequence[Rule], *, now: datetime
) -> None:
    """Decide on messages for which a policy said that the verdict may have changed by the time given."""
    # Another worker may have decided on some of them before we held their lock.
    held = [row for row in messages.lock(connection, at).values() if row.review_at == at[row.id]]
    causes = {row.id: Cause(None, at[row.id]) for row in held}
    deciding.decide_on(connection, held, rules, trigger="time", causes=causes, now=now)


def look_last(connection: sa.Connection, message_ids: Sequence[str], rules: Sequence[Rule], *, now: datetime) -> None:
    """Decide on messages for the last time before their deadline; the decision is what lets them go."""
    held = [row for row in messages.lock(connection, message_ids).values() if row.last_look_at is None]
    # Whoever should have looked earlier and did not is late: the message could have been cancelled from then on.
    causes = {row.id: Cause(None, min(now, last_look(row.send_at))) for row in held if row.send_at is not None}
    deciding.decide_on(
        connection, [row for row in held if row.id in causes], rules, trigger="last_look", causes=causes, now=now
    )


def follow_rules(connection: sa.Connection, fingerprint: str, *, now: datetime) -> None:
    """Order everything pending to be decided on again when the policies are others than before."""
    if reviews.follow_rules(connection, fingerprint, now=now):
        reviews.request(connection, Scope.ALL, "", event_id=f"policies:{fingerprint}", known_at=now)


def _concerned(connection: sa.Connection, order: Review, limit: int) -> list[Place]:
    after = (order.after_send_at, order.after_seq) if order.after_send_at else None
    if order.scope is Scope.CAMPAIGN:
        keys, registrations = campaigning.affected_by(connection, order.value)
        found = due.in_campaigns(connection, keys=keys, tcr_campaign_ids=registrations, after=after, limit=limit)
    else:
        found = due.in_scope(connection, order.scope, order.value, after=after, limit=limit)
    until = order.until_send_at
    return [place for place in found if until is None or place.send_at <= until]
