"""Links of the chain that decisions stand in: append only, as decisions are."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

import sqlalchemy as sa

from store.decisions import DecisionRow
from store.tables import chain_links, decisions

_DECISION = [decisions.c[name] for name in DecisionRow.__slots__]
#: What a link is made of. Not whatever a decision has: with a column more, no link that was made before would hold.
_HASHED = (
    "message_id",
    "decided_at",
    "trigger",
    "verdict",
    "policy",
    "mode",
    "reason",
    "facts",
    "verdicts",
    "event_id",
    "rules",
)
_NEWEST = (
    sa.select(chain_links.c.position, chain_links.c.digest, chain_links.c.linked_at)
    .order_by(chain_links.c.position.desc())
    .limit(1)
)
_HIGHEST = sa.select(sa.func.max(chain_links.c.decision_seq))
_SETTLED = (
    sa.select(chain_links.c.decision_seq)
    .where(chain_links.c.linked_at < sa.bindparam("before"))
    .order_by(chain_links.c.linked_at.desc(), chain_links.c.decision_seq.desc())
    .limit(1)
)
_UNLINKED = (
    sa.select(decisions.c.seq, *_DECISION)
    .select_from(decisions.outerjoin(chain_links, chain_links.c.decision_seq == decisions.c.seq))
    .where(decisions.c.seq > sa.bindparam("after"), chain_links.c.decision_seq.is_(None))
    .order_by(decisions.c.seq)
    .limit(sa.bindparam("limit"))
)
#: So many are gone through at once, lest the database takes it for a statement that hangs.
_WINDOW = 50_000
_COUNT_UNLINKED = (
    sa.select(sa.func.count())
    .select_from(decisions.outerjoin(chain_links, chain_links.c.decision_seq == decisions.c.seq))
    .where(decisions.c.seq.between(sa.bindparam("low"), sa.bindparam("high")), chain_links.c.decision_seq.is_(None))
)


@dataclass(frozen=True, slots=True)
class Link:
    """One decision's place in the chain."""

    position: int
    """Counted from 1, without gaps."""
    decision_seq: int
    digest: str


class Newest(NamedTuple):
    """The last link, and when it was made."""

    position: int
    digest: str
    linked_at: datetime


def newest(connection: sa.Connection) -> Newest | None:
    """Return the last link, or None."""
    row = connection.execute(_NEWEST).first()
    return Newest(*row) if row else None


def highest(connection: sa.Connection) -> int:
    """Return the highest number of a decision that is linked; 0 when none is."""
    return connection.scalar(_HIGHEST) or 0


def settled(connection: sa.Connection, *, before: datetime) -> int:
    """Return the number up to which no decision comes in any more.

    A transaction may commit a lower number after a higher one. When none that is under way was begun before the
    moment given, that is the highest that was linked by then.
    """
    return connection.scalar(_SETTLED, {"before": before}) or 0


def unlinked(connection: sa.Connection, *, after: int, limit: int) -> list[tuple[int, DecisionRow]]:
    """Return decisions with a higher number than given that are in no link yet, each with its number, in order."""
    found = connection.execute(_UNLINKED, {"after": after, "limit": limit})
    return [(row[0], DecisionRow(*row[1:])) for row in found]


def count_unlinked(connection: sa.Connection, *, most: int) -> int:
    """Return how many decisions, of all there are, are in no link, ``most`` at most."""
    latest = connection.scalar(sa.select(sa.func.max(decisions.c.seq))) or 0
    found = 0
    for low in range(1, latest + 1, _WINDOW):
        found += connection.scalar(_COUNT_UNLINKED, {"low": low, "high": low + _WINDOW - 1}) or 0
        if found >= most:
            break
    return min(found, most)


def add(connection: sa.Connection, links: Sequence[Link], *, now: datetime) -> bool:
    """Append links; return False, and leave the transaction to be rolled back, when another appended meanwhile."""
    try:
        connection.execute(
            sa.insert(chain_links),
            [
                {
                    "position": link.position,
                    "decision_seq": link.decision_seq,
                    "digest": link.digest,
                    "linked_at": now,
                }
                for link in links
            ],
        )
    except sa.exc.IntegrityError:
        return False
    return True


def of(connection: sa.Connection, message_id: str) -> list[Link]:
    """Return the links of one message's decisions, in their order."""
    query = (
        sa.select(chain_links.c.position, chain_links.c.decision_seq, chain_links.c.digest)
        .join(decisions, decisions.c.seq == chain_links.c.decision_seq)
        .where(decisions.c.message_id == message_id)
        .order_by(chain_links.c.position)
    )
    return [Link(*row) for row in connection.execute(query)]


def digests(connection: sa.Connection, positions: Collection[int]) -> dict[int, str]:
    """Return the digests of the links at these positions, by position."""
    query = sa.select(chain_links.c.position, chain_links.c.digest).where(chain_links.c.position.in_(sorted(positions)))
    return {row.position: row.digest for row in connection.execute(query)}


def walk(connection: sa.Connection, *, part: int) -> Iterator[list[tuple[Link, DecisionRow | None]]]:
    """Yield the whole chain in parts, each link with its decision; None is one that is gone."""
    after = 0
    while True:
        query = (
            sa.select(chain_links.c.position, chain_links.c.decision_seq, chain_links.c.digest, decisions.c.seq)
            .add_columns(*_DECISION)
            .select_from(chain_links.outerjoin(decisions, decisions.c.seq == chain_links.c.decision_seq))
            .where(chain_links.c.position > after)
            .order_by(chain_links.c.position)
            .limit(part)
        )
        rows = connection.execute(query).all()
        if not rows:
            return
        yield [(Link(*row[:3]), DecisionRow(*row[4:]) if row[3] is not None else None) for row in rows]
        after = rows[-1].position


def as_json(row: DecisionRow) -> dict[str, Any]:
    """Return a decision as the JSON values that its link is made of."""
    return {name: getattr(row, name) for name in _HASHED} | {"decided_at": row.decided_at.isoformat()}
