"""Link decisions into the chain, and check the chain."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa

from core.chain import START, linked
from store import chain
from store.chain import Link, Newest

#: No transaction takes so long, not even with the minute until what it committed is looked for.
_SETTLED_AFTER = timedelta(minutes=15)
_PART = 1000


@dataclass(frozen=True, slots=True)
class Break:
    """The first place at which the chain does not hold."""

    position: int
    message_id: str | None
    what: str


@dataclass(frozen=True, slots=True)
class Audit:
    """What checking the chain came to."""

    checked: int
    """Decisions whose links hold, from the first on."""
    head: str
    """The digest of the last of these."""
    unlinked: int
    """Decisions that are not linked yet, up to a thousand."""
    broken: Break | None
    found_expected: bool | None = None
    """Whether the chain passes through the head that was noted earlier; None when none was given."""

    @property
    def holds(self) -> bool:
        """Return True when nothing was changed or removed, as far as can be seen."""
        return self.broken is None and self.found_expected is not False


def waits(connection: sa.Connection, *, looks_back: bool) -> bool:
    """Return True when there are decisions that are not linked yet; see ``extend``."""
    after = _linked_up_to(connection, chain.newest(connection)) if looks_back else chain.highest(connection)
    return bool(chain.unlinked(connection, after=after, limit=1))


def extend(connection: sa.Connection, *, now: datetime, limit: int, looks_back: bool) -> int | None:
    """Link the next decisions; return how many, or None when another did it meanwhile: roll back then.

    What was committed under a lower number than is linked already is found by looking back, which reads all links
    of the last minutes: enough once in a while.
    """
    last = chain.newest(connection)
    position, digest = (last.position, last.digest) if last else (0, START)
    after = _linked_up_to(connection, last) if looks_back else chain.highest(connection)
    links: list[Link] = []
    for seq, row in chain.unlinked(connection, after=after, limit=limit):
        position, digest = position + 1, linked(digest, chain.as_json(row))
        links.append(Link(position, seq, digest))
    if links and not chain.add(connection, links, now=now):
        return None
    return len(links)


def _linked_up_to(connection: sa.Connection, last: Newest | None) -> int:
    """Return the number up to which all is linked, as far as can be known without reading the whole chain.

    Told from the chain's own last moment, not from the clock: while nobody links, nobody looks back either, and what
    came in out of order before that is still to be found.
    """
    return chain.settled(connection, before=last.linked_at - _SETTLED_AFTER) if last else 0


def audit(
    connection: sa.Connection,
    *,
    expected: str | None = None,
    tell: Callable[[int], object] = lambda _: None,
) -> Audit:
    """Check the chain from its beginning to its first break; ``expected`` is a head that was noted earlier.

    ``tell`` is told how many decisions have been checked.
    """
    checked, head = 0, START
    found = None if expected is None else expected == START
    broken: Break | None = None
    for part in chain.walk(connection, part=_PART):
        for link, row in part:
            if link.position != checked + 1:
                broken = Break(checked + 1, None, "the link is gone")
            elif row is None:
                broken = Break(link.position, None, f"decision {link.decision_seq} is gone")
            elif linked(head, chain.as_json(row)) != link.digest:
                what = f"decision {link.decision_seq} is not what it was, or the link was changed"
                broken = Break(link.position, row.message_id, what)
            if broken is not None:
                break
            checked, head = link.position, link.digest
            found = found or (head == expected if found is not None else None)
        tell(checked)
        if broken is not None:
            break
    return Audit(checked, head, chain.count_unlinked(connection, most=_PART), broken, found)
