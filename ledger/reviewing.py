"""Decide again on pending messages: on order, when time alone may have changed the verdict, and for the last time.

An order may concern hundreds of thousands of messages. It is carried out in
batches, each a transaction of its own, the earliest deadline first.

Whatever called for it, a decision made close to the deadline is the last. So each
of these keeps the gates as they are before it takes any other lock: whoever sets or
lifts one meanwhile waits for its end, and has those decided on again that were looked at.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta

import sqlalchemy as sa

from core.deadlines import last_look
from core.deciding import Rules
from core.scopes import Scope
from ledger import deciding, holding
from ledger.deciding import Cause
from store import decisions, due, holds, messages, reviews, rulebooks
from store.due import Place
from store.messages import MessageRow
from store.reviews import Review

#: By then new rules should have come to every host. Until they have, only who has them decides by them.
_SPREADING = timedelta(minutes=5)


def review(connection: sa.Connection, rules: Rules, *, now: datetime, limit: int) -> int | None:
    """Decide on the next messages of an unfinished review; return how many, or None when there is none."""
    holds.keep(connection)
    order = reviews.claim(connection, digest=rules.digest, spread_before=now - _SPREADING)
    if order is None:
        return None
    found = _concerned(connection, order, limit)
    held = messages.lock(connection, {place.message_id for place in found})
    if order.until_send_at is not None:
        # It is about those only that nobody is going to look at again.
        held = {row.id: row for row in held.values() if row.last_look_at is not None or _is_near(row, now)}
    cause = Cause(order.event_id, order.requested_at, order.acts)
    decided = deciding.decide_on(
        connection, held.values(), rules, trigger=order.scope, causes=dict.fromkeys(held, cause), now=now
    )
    if len(found) < limit:
        reviews.finish(connection, order, now=now)
    else:
        reviews.advance(connection, order, after=(found[-1].send_at, found[-1].seq))
    return len(decided)


def review_timed(connection: sa.Connection, at: Mapping[str, datetime], rules: Rules, *, now: datetime) -> None:
    """Decide on messages for which a policy said that the verdict may have changed by the time given."""
    holds.keep(connection)
    # Another worker may have decided on some of them before we held their lock.
    held = [row for row in messages.lock(connection, at).values() if row.review_at == at[row.id]]
    causes = {row.id: Cause(None, at[row.id]) for row in held}
    deciding.decide_on(connection, held, rules, trigger="time", causes=causes, now=now)


def look_last(
    connection: sa.Connection,
    message_ids: Collection[str],
    rules: Rules,
    *,
    until: datetime | None = None,
    are_held: bool = False,
    now: datetime,
) -> None:
    """Decide on messages for the last time before their deadline; the decision is what lets them go.

    It may be earlier than usual, because there are many; those that turn out to be sent later than ``until`` are
    left for another time. So are those that ``are_held`` and turn out not to be, since the gate was lifted a moment
    ago: nothing but cancelling them would have taken so long.
    """
    holds.keep(connection)
    found = messages.lock(connection, message_ids).values()
    # Another worker may have looked at some of them before we held their lock, or their time been put off.
    held = {row.id: row.send_at for row in found if row.last_look_at is None and row.send_at is not None}
    held = {of: send_at for of, send_at in held.items() if send_at <= (until or send_at)}
    # Whoever should have looked earlier and did not is late: the message could have been cancelled from then on.
    causes = {of: Cause(None, min(now, last_look(send_at)), lets_go=not are_held) for of, send_at in held.items()}
    deciding.decide_on(
        connection,
        [row for row in found if row.id in held],
        rules,
        trigger=decisions.LAST_LOOK,
        causes=causes,
        now=now,
        is_last=True,
    )


def follow_rules(connection: sa.Connection, rules: Rules, *, now: datetime) -> None:
    """Order everything pending to be decided on again when the policies are others than before."""
    rulebooks.keep(connection, rules, now=now)
    if reviews.follow_rules(connection, rules.digest, now=now):
        reviews.request(connection, Scope.ALL, "", event_id=reviews.called_for_by_rules(rules.digest), known_at=now)


def _is_near(row: MessageRow, now: datetime) -> bool:
    return row.send_at is not None and last_look(row.send_at) <= now


def _concerned(connection: sa.Connection, order: Review, limit: int) -> list[Place]:
    after = (order.after_send_at, order.after_seq) if order.after_send_at else None
    reach = holding.reach_of(connection, order.scope, order.value)
    found = due.in_reach(connection, reach, after=after, limit=limit)
    until = order.until_send_at
    return [place for place in found if until is None or place.send_at <= until]
