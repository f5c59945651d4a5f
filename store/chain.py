"""Links of the chain that decisions stand in: append only, as decisions are."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from store.decisions import DecisionRow
from store.tables import chain_links, decisions

_DECISION = [decisions.c[name] for name in DecisionRow.__slots__]
_NEWEST = sa.select(chain_links.c.position, chain_links.c.digest).order_by(chain_links.c.position.desc()).limit(1)
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


@dataclass(frozen=True, slots=True)
class Link:
    """One decision's place in the chain."""

    position: int
    """Counted from 1, without gaps."""
    decision_seq: int
    digest: str


def newest(connection: sa.Connection) -> tuple[int, str] | None:
    """Return the position and the digest of the last link, or None."""
    row = connection.execute(_NEWEST).first()
    return (row.position, row.digest) if row else None


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
    return {name: getattr(row, name) for name in DecisionRow.__slots__} | {"decided_at": row.decided_at.isoformat()}
