"""Prove that nobody who refused has anything pending that is not being cancelled.

Every pending message is gone through, a page at a time, and asked about by the rules themselves: what counts as a
refusal, for whom, and what is spared, is as they are set now.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime

import sqlalchemy as sa

from core.deciding import Act, Rules, Verdict
from core.facts import Facts
from core.outcomes import LedgerState
from core.policies import catalogue
from core.scopes import Scope
from ledger import unanswered
from ledger.gathering import facts
from ledger.unanswered import Unnamed
from store import cancellations, consents, due, messages, reviews
from store.due import After
from store.messages import MessageRow
from store.ways import Reach

_ALL = Reach(Scope.ALL, "")


@dataclass(frozen=True, slots=True)
class Unguarded:
    """A pending message to somebody who refused, although nobody is cancelling it."""

    message_id: str
    recipients: tuple[str, ...]
    send_at: datetime
    policy: str
    reason: str


@dataclass(frozen=True, slots=True)
class Proof:
    """What was found among some pending messages."""

    pending: int = 0
    cancelling: int = 0
    """They go to somebody who refused, and their cancellation is ordered."""
    held: int = 0
    """They go to somebody who may have refused, and are cancelled unless that is settled in time."""
    unguarded: tuple[Unguarded, ...] = ()
    unnamed: tuple[Unnamed, ...] = ()
    """Telnyx may hold what these ask for, to somebody who refused, and without its id nobody can cancel it."""
    not_enforced: frozenset[str] = frozenset()
    """Policies on refusals that were not asked, since they do not act: of what they would say nothing is proved."""

    @property
    def holds(self) -> bool:
        """Return True when every refusal that there is was looked for, and each is being kept."""
        return not self.unguarded and not self.unnamed and not self.not_enforced

    def __add__(self, other: Proof) -> Proof:
        """Return what was found among both."""
        return Proof(
            self.pending + other.pending,
            self.cancelling + other.cancelling,
            self.held + other.held,
            self.unguarded + other.unguarded,
            self.unnamed + other.unnamed,
            self.not_enforced | other.not_enforced,
        )


def page(connection: sa.Connection, rules: Rules, *, after: After, now: datetime, limit: int) -> tuple[Proof, After]:
    """Look at the next pending messages by their time of sending; return what was found, and where to go on.

    None instead of a place says that these were the last; with them comes what is in doubt.
    """
    places = due.in_reach(connection, _ALL, after=after, limit=limit)
    asked = catalogue.refusing(rules)
    found = _looked_at(connection, [place.message_id for place in places], asked, now=now)
    found = replace(found, not_enforced=catalogue.REFUSALS - {rule.name for rule in asked})
    if len(places) == limit:
        return found, (places[-1].send_at, places[-1].seq)
    return replace(found, unnamed=unanswered.objected_to(connection, asked, now=now)), None


def make_up_for(connection: sa.Connection, unguarded: Collection[Unguarded], *, now: datetime) -> None:
    """Order what goes to these recipients to be decided on again."""
    for number in sorted({number for each in unguarded for number in each.recipients}):
        reviews.request(connection, Scope.RECIPIENT, number, event_id="consent_report", known_at=now)


def _asked(rules: Rules, known: Facts) -> Verdict | None:
    objections = [verdict for rule in rules if (verdict := rule.ask(known)).act is not Act.ALLOW]
    return min(objections, key=lambda verdict: verdict.act is not Act.CANCEL, default=None)


def _is_pending(row: MessageRow) -> bool:
    return row.ledger == LedgerState.PENDING


def _looked_at(connection: sa.Connection, ids: list[str], asked: Rules, *, now: datetime) -> Proof:
    found = messages.recipients_of(connection, ids)
    to = {of: tuple(each.phone_number for each in found.get(of, ())) for of in ids}
    spoke = consents.of(connection, {number for numbers in to.values() for number in numbers}).keys()
    heard = [of for of in ids if not spoke.isdisjoint(to[of])]
    rows = [row for row in messages.find_all(connection, heard).values() if row.send_at is not None]
    known = facts.gather_of(connection, rows, {row.id: to[row.id] for row in rows}, asked.needs, now=now)
    objections = {row.id: verdict for row in rows if (verdict := _asked(asked, known[row.id]))}
    refused = {of for of, verdict in objections.items() if verdict.act is Act.CANCEL}
    # Read after the words, since an order is committed with the word that it follows from.
    ordered = cancellations.standing(connection, refused)
    # One may have been settled, and its order with it, since it was found pending.
    still = {row.id for row in messages.find_all(connection, refused - ordered).values() if _is_pending(row)}
    return Proof(
        pending=len(ids),
        cancelling=len(ordered),
        held=len(objections) - len(refused),
        unguarded=tuple(
            Unguarded(row.id, to[row.id], row.send_at, objections[row.id].policy, objections[row.id].reason)
            for row in sorted(rows, key=lambda row: row.seq)
            if row.id in still and row.send_at is not None
        ),
    )
