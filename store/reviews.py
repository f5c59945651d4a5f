"""Orders to decide again on pending messages that have something in common, and by which rules is decided."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from core.scopes import Scope
from store import upserting
from store.tables import IS_UNFINISHED, reviews, rules_followed

_BY_RULES = "policies:"


@dataclass(frozen=True, slots=True)
class Review:
    """An order to decide again on all pending messages of a scope, and how far that has come."""

    seq: int
    scope: Scope
    value: str
    event_id: str | None
    requested_at: datetime
    """When what called for it reached us."""
    until_send_at: datetime | None
    """Only messages to be sent by then; None is all of them."""
    after_send_at: datetime | None
    after_seq: int
    acts: bool
    """False when it is only to be recorded what would be decided."""


def request(
    connection: sa.Connection,
    scope: Scope,
    value: str,
    *,
    event_id: str | None,
    known_at: datetime,
    acts: bool = True,
    until_send_at: datetime | None = None,
) -> None:
    """Order the pending messages of a scope to be decided on again, all or those to be sent by a time.

    ``known_at`` is when we heard the reason.
    """
    connection.execute(
        sa.insert(reviews).values(
            scope=scope,
            value=value,
            event_id=event_id,
            requested_at=known_at,
            acts=acts,
            until_send_at=until_send_at,
        )
    )


def called_for_by_rules(digest: str) -> str:
    """Return what stands for new rules, by their digest, as the event that has called for a review."""
    return f"{_BY_RULES}{digest}"


def claim(connection: sa.Connection, *, digest: str, spread_before: datetime) -> Review | None:
    """Return an unfinished review that nobody else is working on, held until the transaction ends.

    The one that has come least far in time goes first: so all are carried out by deadline, and one that was ordered
    while a long one is under way need not wait for its end. One that the rules followed now have called for since
    ``spread_before`` is left to those who have them; ``digest`` is that of the rules at hand. Nobody has those that
    were followed before, so what they have called for is anybody's.
    """
    is_left_to_others = sa.exists().where(
        rules_followed.c.fingerprint != digest,
        reviews.c.event_id == _BY_RULES + rules_followed.c.fingerprint,
        reviews.c.requested_at > spread_before,
    )
    query = (
        sa.select(*(reviews.c[name] for name in Review.__slots__))
        .where(IS_UNFINISHED, ~is_left_to_others)
        .order_by(sa.nulls_first(reviews.c.after_send_at), reviews.c.seq)
        .limit(1)
        .with_for_update(skip_locked=True)
    )
    row = connection.execute(query).first()
    return Review(**{**row._asdict(), "scope": Scope(row.scope)}) if row else None


def advance(connection: sa.Connection, review: Review, *, after: tuple[datetime, int]) -> None:
    """Keep how far a review has come: the time of sending and the ``seq`` of its last message so far."""
    after_send_at, after_seq = after
    connection.execute(
        sa.update(reviews).where(reviews.c.seq == review.seq).values(after_send_at=after_send_at, after_seq=after_seq)
    )


def finish(connection: sa.Connection, review: Review, *, now: datetime) -> None:
    """Close a review that has reached its last message."""
    connection.execute(sa.update(reviews).where(reviews.c.seq == review.seq).values(done_at=now))


def is_unfinished(connection: sa.Connection, event_id: str) -> bool:
    """Return True while a review that was called for by this is not finished."""
    query = sa.select(reviews.c.seq).where(IS_UNFINISHED, reviews.c.event_id == event_id).limit(1)
    return connection.scalar(query) is not None


def unfinished_causes(connection: sa.Connection) -> dict[str, datetime]:
    """Return what has called for reviews that are not finished, and when it first reached us."""
    query = (
        sa.select(reviews.c.event_id, sa.func.min(reviews.c.requested_at).label("requested_at"))
        .where(IS_UNFINISHED, reviews.c.acts, reviews.c.event_id.is_not(None))
        .group_by(reviews.c.event_id)
    )
    return {row.event_id: row.requested_at for row in connection.execute(query)}


def oldest(connection: sa.Connection) -> datetime | None:
    """Return the earliest time at which an unfinished review was called for, or None.

    That need not be the one ordered first: an event may have reached the failover long before it reached us.
    """
    oldest: datetime | None = connection.scalar(sa.select(sa.func.min(reviews.c.requested_at)).where(IS_UNFINISHED))
    return oldest


def follow_rules(connection: sa.Connection, fingerprint: str, *, now: datetime) -> bool:
    """Keep by which rules is decided from now on; return whether it was by others before."""
    held = set(connection.scalars(sa.select(rules_followed.c.fingerprint).with_for_update()))
    if held == {fingerprint}:
        return False
    connection.execute(sa.delete(rules_followed))
    upserting.insert_missing(connection, rules_followed, [{"fingerprint": fingerprint, "followed_at": now}])
    return bool(held)
